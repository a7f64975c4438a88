package kafka

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/metadata"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// connection to one broker on which this package speaks Kafka's protocol itself.
type connection struct {
	net.Conn
	client      string
	correlation int32

	mu       sync.Mutex
	patience time.Duration // without a byte
	over     bool          // the conversation was given up
	arrived  func()        // a piece of an answer has; nil: nobody wants to know
}

// connect to a broker. kafka-go's Dialer does the handshakes; then its Conn is left alone and what it stood on is used.
func (c *Cluster) connect(ctx context.Context, address string) (*connection, error) {
	var secured net.Conn
	dialer := c.dialer()
	dialer.TLS = nil // done below, so that it is the connection under kafka-go's Conn
	dialer.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		var err error
		secured, err = c.dial(ctx, network, address)
		return secured, err
	}
	if _, err := dialer.DialContext(ctx, "tcp", address); err != nil {
		return nil, err
	}
	return &connection{Conn: secured, client: c.cfg.ClientID}, nil
}

func (c *Cluster) dial(ctx context.Context, network, address string) (net.Conn, error) {
	plain := &net.Dialer{Timeout: dialTimeout}
	config, err := c.tlsFor(address)
	if err != nil {
		return nil, err
	}
	if config == nil {
		return plain.DialContext(ctx, network, address)
	}
	return (&tls.Dialer{NetDialer: plain, Config: config}).DialContext(ctx, network, address)
}

// during runs a conversation on the connection, which ends at once with ctx, or when no piece of an answer has arrived for so long.
func (c *connection) during(ctx context.Context, patience time.Duration, talk func() error) error {
	c.mu.Lock()
	c.patience, c.over = patience, false
	c.mu.Unlock()
	if err := c.wait(); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, c.giveUp)
	defer stop()
	err := talk()
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// wait for what comes next, as long as patience lasts.
func (c *connection) wait() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over {
		return os.ErrDeadlineExceeded
	}
	return c.SetDeadline(time.Now().Add(c.patience))
}

func (c *connection) giveUp() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
	c.SetDeadline(time.Unix(1, 0)) //nolint:errcheck // the connection is gone already
}

// request writes a request, in its version. kafka-go's codecs do not know the versions that speak of topics by their ids: these are kmsg's, made from Kafka's own
// schemas.
func (c *connection) request(question kmsg.Request) error {
	c.correlation++
	_, err := c.Write(kmsg.NewRequestFormatter(kmsg.FormatterClientID(c.client)).AppendRequest(nil, question, c.correlation))
	return err
}

// roundTrip writes a request and reads the answer to it.
func (c *connection) roundTrip(ctx context.Context, question kmsg.Request) (kmsg.Response, error) {
	answer := question.ResponseKind()
	err := c.during(ctx, askTimeout, func() error {
		if err := c.request(question); err != nil {
			return err
		}
		body, err := c.response(nil)
		if err != nil {
			return err
		}
		if answer.IsFlexible() && question.Key() != int16(kmsg.ApiVersions) {
			if len(body) == 0 || body[0] != 0 {
				return errMalformed // no tags are defined for a response's head
			}
			body = body[1:]
		}
		return answer.ReadFrom(body)
	})
	return answer, err
}

// newest version of a kind of request that the broker at the other end knows.
func (c *connection) newest(ctx context.Context, key kmsg.Key) (int16, error) {
	answer, err := c.roundTrip(ctx, kmsg.NewPtrApiVersionsRequest())
	if err != nil {
		return 0, err
	}
	known := answer.(*kmsg.ApiVersionsResponse)
	if known.ErrorCode != 0 {
		return 0, kafkago.Error(known.ErrorCode)
	}
	for _, k := range known.ApiKeys {
		if k.ApiKey == int16(key) {
			return k.MaxVersion, nil
		}
	}
	return 0, fmt.Errorf("the broker knows no %s: %w", key.Name(), kafkago.UnsupportedVersion)
}

// largestResponse bounds what a broker may make us allocate. Brokers send a record batch whole even if it is larger than what was asked for.
const largestResponse = largestFetch + 1<<16

// response reads the body of the answer into buf, which grows as needed.
func (c *connection) response(buf []byte) ([]byte, error) {
	var head [8]byte
	if _, err := io.ReadFull(c, head[:]); err != nil {
		return buf, err
	}
	size, correlation := int32(binary.BigEndian.Uint32(head[:])), int32(binary.BigEndian.Uint32(head[4:]))
	if size < 4 || size > largestResponse {
		return buf, fmt.Errorf("a response of %d bytes; the limit is %d", size, largestResponse)
	}
	if correlation != c.correlation {
		return buf, fmt.Errorf("an answer to request %d where request %d was asked: %w", correlation, c.correlation, io.ErrUnexpectedEOF)
	}
	n := int(size) - 4
	buf = slices.Grow(buf[:0], n)[:n]
	for from := 0; from < n; from += pieceBytes {
		if err := c.wait(); err != nil { // a slow link brings the pieces one by one: asked for again they would come no sooner
			return buf, err
		}
		if _, err := io.ReadFull(c, buf[from:min(n, from+pieceBytes)]); err != nil {
			return buf, err
		}
		if c.arrived != nil {
			c.arrived()
		}
	}
	return buf, nil
}

const pieceBytes = 64 << 10

const metadataVersion = 6

// metadata of topics (nil: of the brokers only), asked of the first broker that answers. Topics are not made by asking.
func (c *Cluster) metadata(ctx context.Context, topics []string) (*metadata.Response, error) {
	var faults []error
	for _, address := range c.cfg.Brokers {
		answer, err := c.metadataOf(ctx, address, topics)
		if err == nil {
			return answer, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		faults = append(faults, fmt.Errorf("broker %s: %w", address, err))
	}
	return nil, &unreachable{faults}
}

// unreachable says of each broker why, in one line.
type unreachable struct{ faults []error }

func (u *unreachable) Error() string {
	texts := make([]string, len(u.faults))
	for i, f := range u.faults {
		texts[i] = f.Error()
	}
	return strings.Join(texts, "; ")
}

// Unwrap gives what each broker answered.
func (u *unreachable) Unwrap() []error { return u.faults }

func (c *Cluster) metadataOf(ctx context.Context, address string, topics []string) (answer *metadata.Response, err error) {
	conn, err := c.connect(ctx, address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	err = conn.during(ctx, askTimeout, func() error {
		message, err := protocol.RoundTrip(conn.Conn, metadataVersion, 1, conn.client, &metadata.Request{TopicNames: append([]string{}, topics...)})
		if err == nil {
			answer = message.(*metadata.Response)
		}
		return err
	})
	return answer, err
}

// leader of a partition, as host:port.
func (c *Cluster) leader(ctx context.Context, topic string, partition int) (string, error) {
	answer, err := c.metadata(ctx, []string{topic})
	if err != nil {
		return "", err
	}
	for _, t := range answer.Topics {
		if t.ErrorCode != 0 {
			return "", kafkago.Error(t.ErrorCode)
		}
		for _, p := range t.Partitions {
			if int(p.PartitionIndex) != partition {
				continue
			}
			for _, b := range answer.Brokers {
				if b.NodeID == p.LeaderID {
					return net.JoinHostPort(b.Host, strconv.Itoa(int(b.Port))), nil
				}
			}
			return "", kafkago.LeaderNotAvailable
		}
	}
	return "", kafkago.UnknownTopicOrPartition
}
