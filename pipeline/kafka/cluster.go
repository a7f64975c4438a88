package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/rs/zerolog"
	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"

	"github.com/streamfit/streamfit/pipeline"
)

// Config is how the brokers are reached.
type Config struct {
	Brokers []string // host:port
	pipeline.Kafka
	Log     zerolog.Logger
	Metrics *Metrics // nil: nothing is counted
}

// Cluster is the brokers, reached in one secured way. It is safe for concurrent use.
type Cluster struct {
	cfg       Config
	log       zerolog.Logger
	metrics   *Metrics
	tls       *tls.Config
	sasl      sasl.Mechanism
	transport *kafkago.Transport
	client    *kafkago.Client
	asker     *kafkago.Client  // the same, for what is answered at once
	now       func() time.Time // that records are given
}

const (
	dialTimeout    = 5 * time.Second
	askTimeout     = 5 * time.Second  // of what a broker answers out of its head: a connection that has gone dead without a word costs no more than this
	requestTimeout = 20 * time.Second // of what moves rows, and waits for replicas
	metadataTTL    = time.Second      // how long a leader may be thought to lead
	startUp        = 30 * time.Second
)

// Open checks the settings and reads the files they name; the brokers are asked nothing yet.
func Open(cfg Config) (*Cluster, error) {
	if len(cfg.Brokers) == 0 {
		return nil, errors.New("kafka: no broker is named")
	}
	c := &Cluster{cfg: cfg, log: cfg.Log, metrics: cfg.Metrics, now: time.Now}
	var err error
	if c.tls, err = tlsConfig(cfg.TLS); err != nil {
		return nil, err
	}
	if c.sasl, err = saslMechanism(cfg.SASL); err != nil {
		return nil, err
	}
	c.transport = &kafkago.Transport{Dial: dialToBeCutOff, ClientID: cfg.ClientID, DialTimeout: dialTimeout, MetadataTTL: metadataTTL, TLS: c.tls, SASL: c.sasl}
	c.client = &kafkago.Client{Addr: kafkago.TCP(cfg.Brokers...), Transport: c.transport, Timeout: requestTimeout}
	c.asker = &kafkago.Client{Addr: c.client.Addr, Transport: c.transport, Timeout: askTimeout}
	return c, nil
}

// Close the idle connections.
func (c *Cluster) Close() error {
	c.transport.CloseIdleConnections()
	return nil
}

// Ping asks the brokers for their names, for a while, and says which could not be reached.
func (c *Cluster) Ping(ctx context.Context) error {
	err := c.mend(ctx, "Metadata", "reach "+strings.Join(c.cfg.Brokers, ", "), startUp, func() error {
		_, err := c.metadata(ctx, nil)
		return err
	})
	return failed(err, "reach Kafka at %s", strings.Join(c.cfg.Brokers, ", "))
}

// dialer for kafka-go's own connections and for ours.
func (c *Cluster) dialer() *kafkago.Dialer {
	return &kafkago.Dialer{ClientID: c.cfg.ClientID, Timeout: dialTimeout, TLS: c.tls, SASLMechanism: c.sasl}
}

// tlsFor a broker.
func (c *Cluster) tlsFor(address string) (*tls.Config, error) {
	if c.tls == nil || c.tls.ServerName != "" {
		return c.tls, nil
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("kafka: broker %q: %w", address, err)
	}
	named := c.tls.Clone()
	named.ServerName = host
	return named, nil
}
