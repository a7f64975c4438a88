//go:build unix

package kafkatest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/segmentio/kafka-go"
)

// Broker is one Kafka node: its ports and its data outlive the process, which may be killed and started again.
type Broker struct {
	java, classPath string
	dir             string // of server.properties, broker.log and data
	node            node
	process         *process
	log             *os.File
}

const (
	fetchTimeout = 5 * time.Minute
	startTimeout = 90 * time.Second
	stopTimeout  = 20 * time.Second
)

// newBroker prepares a cluster of one node with its data in dir, and starts it.
func newBroker(ctx context.Context, dir string) (*Broker, error) {
	nodes, err := plan(1, nil)
	if err != nil {
		return nil, err
	}
	b, err := prepare(ctx, dir, nodes[0])
	if err != nil {
		return nil, err
	}
	if err := b.Start(ctx); err != nil {
		return nil, b.abandon(err)
	}
	return b, nil
}

// prepare a node with its data in dir.
func prepare(ctx context.Context, dir string, n node) (*Broker, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	java, err := findJava(ctx)
	if err != nil {
		return nil, err
	}
	lib, err := jars(ctx)
	if err != nil {
		return nil, err
	}
	b := &Broker{java: java, classPath: filepath.Join(lib, "*"), dir: dir, node: n}
	if err := b.configure(); err != nil {
		return nil, err
	}
	if err := b.format(ctx); err != nil {
		return nil, b.abandon(err)
	}
	return b, nil
}

func (b *Broker) abandon(err error) error {
	b.Kill()
	_ = b.log.Close()
	return fmt.Errorf("%w\n%s", err, b.logTail())
}

// configure writes server.properties.
func (b *Broker) configure() (err error) {
	text := b.node.properties(filepath.Join(b.dir, "data"))
	if err := os.WriteFile(b.path("server.properties"), []byte(text), 0o644); err != nil {
		return err
	}
	b.log, err = os.OpenFile(b.path("broker.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	return err
}

func (b *Broker) path(name string) string { return filepath.Join(b.dir, name) }

// format gives the data directory its cluster id, once.
func (b *Broker) format(ctx context.Context) error {
	p, err := launch(b.java, []string{"-XX:TieredStopAtLevel=1", "-cp", b.classPath, "kafka.tools.StorageTool", "format",
		"-t", b.node.cluster, "-c", b.path("server.properties")}, b.log)
	if err != nil {
		return err
	}
	select {
	case <-p.ended:
	case <-ctx.Done():
		p.signal(syscall.SIGKILL)
		<-p.ended
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("formatting Kafka's data directory: exit code %d", code)
	}
	return nil
}

// jvmFlags bound the heap, and leave out of the log the settings that Kafka prints at every start, hundreds of lines.
var jvmFlags = []string{
	"-Xms256m", "-Xmx768m",
	"-Dorg.slf4j.simpleLogger.showDateTime=true", "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
	"-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.config=warn", "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaConfig=warn",
}

// Start runs the node on its ports and data and returns when it answers. Starting a running broker is an error.
func (b *Broker) Start(ctx context.Context) (err error) {
	if b.process != nil {
		return errors.New("kafka is running already")
	}
	b.process, err = launch(b.java, append(slices.Clone(jvmFlags), "-cp", b.classPath, "kafka.Kafka", b.path("server.properties")), b.log)
	if err != nil {
		b.process = nil
		return fmt.Errorf("starting kafka: %w", err)
	}
	return b.awaitReady(ctx)
}

// awaitReady asks for the cluster's metadata until the node is in it.
func (b *Broker) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	transport := &kafka.Transport{}
	defer transport.CloseIdleConnections()
	client := &kafka.Client{Addr: kafka.TCP(b.Brokers()...), Transport: transport}
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		select {
		case <-b.process.ended:
			return struct{}{}, backoff.Permanent(fmt.Errorf("kafka ended while starting: %v", b.process.cmd.ProcessState))
		default:
			return struct{}{}, b.ready(ctx, client)
		}
	}, backoff.WithBackOff(backoff.NewConstantBackOff(50*time.Millisecond)), backoff.WithMaxElapsedTime(0))
	if err != nil {
		return fmt.Errorf("kafka is not ready: %w", err)
	}
	return nil
}

func (b *Broker) ready(ctx context.Context, client *kafka.Client) error {
	meta, err := client.Metadata(ctx, &kafka.MetadataRequest{})
	if err != nil {
		return err
	}
	if len(meta.Brokers) == 0 {
		return errors.New("its controller has not let it in yet")
	}
	return nil
}

// ID is the node's number in its cluster, from 1.
func (b *Broker) ID() int { return b.node.id }

// Front is the address that the node gives to clients that reach it through its front (see [RunCluster]).
func (b *Broker) Front() string { return b.node.front }

// Running tells whether the node was started and neither stopped nor killed.
func (b *Broker) Running() bool { return b.process != nil }

// Brokers is the list of addresses that a client starts from; it stays the same across restarts.
func (b *Broker) Brokers() []string { return []string{b.Addr()} }

// Addr is the broker's host:port.
func (b *Broker) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(b.node.port)) }

// Kill ends the broker at once, as a power cut would: nothing is flushed, no client is told. Killing a stopped broker does nothing.
func (b *Broker) Kill() {
	if b.process == nil {
		return
	}
	b.process.signal(syscall.SIGKILL)
	<-b.process.ended
	b.process = nil
}

// Stop shuts the broker down in order, and kills it if that takes too long. Stopping a stopped broker does nothing.
func (b *Broker) Stop() {
	if b.process == nil {
		return
	}
	b.process.signal(syscall.SIGTERM)
	patience := time.NewTimer(stopTimeout)
	defer patience.Stop()
	select {
	case <-b.process.ended:
		b.process = nil
	case <-patience.C:
		b.Kill()
	}
}
