// Package devbroker runs a Kafka broker inside the process, for the demo, for trying the other commands without Kafka, and for tests.
//
// It is [kfake], one node, with the settings that make it behave: topics kept in memory are bounded by retention, topics kept on disk are
// written through before they are acknowledged, so that even a killed process loses nothing it acknowledged. It is no production broker: one
// goroutine serves every request and there are no replicas.
//
// [kfake]: https://pkg.go.dev/github.com/twmb/franz-go/pkg/kfake
package devbroker

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

// Options say where the broker listens, where it keeps its records and which topics it has. The zero value is a broker in memory on a free
// port of 127.0.0.1 without a topic.
type Options struct {
	Addr    string  // host:port, as "127.0.0.1:9092"; port 0 picks a free one; empty: "127.0.0.1:0"
	DataDir string  // directory for records, topics and group offsets, made if missing; empty: all is kept in memory
	Topics  []Topic // made at the start; those that are there already are kept, if their partitions agree

	// AutoCreate makes a topic of one partition when a client that allows it first asks for its metadata, as a default Apache Kafka does.
	AutoCreate bool
}

// Broker that runs in the process.
type Broker struct {
	cluster *kfake.Cluster
	brokers []string
	stop    func() // ends the cleaner; may be called twice
}

// Start listens, loads what DataDir holds and makes the topics. The error names the address, the directory or the topic at fault.
func Start(o Options) (*Broker, error) {
	settings, err := o.cluster()
	if err != nil {
		return nil, err
	}
	cluster, err := kfake.NewCluster(settings...)
	if err != nil {
		return nil, fmt.Errorf("dev broker: %w", err)
	}
	b := &Broker{cluster: cluster, brokers: cluster.ListenAddrs(), stop: startCleaner(cluster)}
	for _, t := range o.Topics {
		if err := b.CreateTopic(t); err != nil {
			b.Close()
			return nil, err
		}
	}
	return b, nil
}

// Brokers is the list of addresses that a client starts from.
func (b *Broker) Brokers() []string { return b.brokers }

// Cluster is the broker beneath: its Fault and Control inject errors, its PartitionInfo and GroupInfo look inside.
func (b *Broker) Cluster() *kfake.Cluster { return b.cluster }

// Close ends all connections; with a DataDir the records are there again after the next Start. Closing twice does nothing.
func (b *Broker) Close() {
	b.stop()
	b.cluster.Close()
}

// cleanEvery is how often compaction and retention run. The broker beneath does so once an hour, which would let a topic in memory grow far
// past its bound, and not at all for topics that it has loaded from the disk. While it compacts it answers nobody: of a topic of gigabytes that takes so long that
// members of groups would be given up again and again, so it does nothing but that for a twentieth of the time at most.
const (
	cleanEvery = 5 * time.Second
	cleanShare = 20
)

func startCleaner(cluster *kfake.Cluster) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		timer := time.NewTimer(cleanEvery)
		defer timer.Stop()
		for {
			select {
			case <-done:
				return
			case <-timer.C:
				began := time.Now()
				cluster.Compact() // and applies retention
				timer.Reset(max(cleanEvery, cleanShare*time.Since(began)))
			}
		}
	}()
	return sync.OnceFunc(func() { close(done); <-ended })
}

func (o Options) cluster() ([]kfake.Opt, error) {
	listen, err := listenOn(o.Addr)
	if err != nil {
		return nil, err
	}
	settings := []kfake.Opt{
		kfake.NumBrokers(1), kfake.ClusterID("streamfit-dev"), kfake.DefaultNumPartitions(1), kfake.ListenFn(listen),
		// Rows of the past often carry the time at which they happened; a week's retention would drop them as they arrive.
		kfake.GroupMinSessionTimeout(time.Second), // so that a run that was killed is soon started again
		kfake.BrokerConfigs(map[string]string{"log.retention.ms": "-1"}),
	}
	if o.DataDir != "" {
		settings = append(settings, kfake.DataDir(o.DataDir), kfake.SyncWrites())
	}
	if o.AutoCreate {
		settings = append(settings, kfake.AllowAutoTopicCreation())
	}
	return settings, nil
}

// listenOn makes the function that kfake calls with an address of its own choice and that listens on addr instead. The listener's address is
// what clients are told to come back to, so it must be one that they can reach.
func listenOn(addr string) (func(network, ignored string) (net.Listener, error), error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("dev broker: address %q: %w; want host:port, as 127.0.0.1:9092", addr, err)
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		return nil, fmt.Errorf("dev broker: address %q names no host that clients could be told to come back to; want one, as 127.0.0.1:9092", addr)
	}
	return func(network, _ string) (net.Listener, error) {
		l, err := net.Listen(network, addr)
		if in := (*net.OpError)(nil); errors.As(err, &in) {
			return nil, fmt.Errorf("cannot listen on %s: %w", addr, in.Err)
		}
		return l, err
	}, nil
}
