package kafka

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/rs/zerolog"
	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// What is tried again is counted by what was asked and by what was answered; joining the group counts as a rebalance.
func TestRetriesAndRebalancesAreCounted(t *testing.T) {
	broker := embedded(t)
	registry := prometheus.NewRegistry()
	c, err := Open(Config{Brokers: broker.ListenAddrs(), Kafka: open(t, broker.ListenAddrs()).cfg.Kafka, Log: zerolog.Nop(), Metrics: NewMetrics(registry)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	name := topic(t, c, Topic{})
	broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: name, Err: kerr.NotEnoughReplicas, Count: 2})
	written(t, c.OpenSink(name), "v")
	m := newMembers()
	join(t, c, GroupConfig{Group: "g", Topic: name}, m.work("member"))
	m.await(t, "joined", owned(1, "member"))
	if err := testutil.GatherAndCompare(registry, strings.NewReader(`
# HELP streamfit_group_partitions Partitions that the group has given to this process.
# TYPE streamfit_group_partitions gauge
streamfit_group_partitions{group="g"} 1
# HELP streamfit_group_rebalances_total Generations of the consumer group that this process has joined; the first is its own start.
# TYPE streamfit_group_rebalances_total counter
streamfit_group_rebalances_total{group="g"} 1
`), "streamfit_group_partitions", "streamfit_group_rebalances_total"); err != nil {
		t.Error(err)
	}
	if n := testutil.ToFloat64(c.metrics.retries.WithLabelValues("Produce", "not_enough_replicas")); n != 2 {
		t.Errorf("%v retries", n)
	}
}

func TestCodesAreWords(t *testing.T) {
	for want, err := range map[string]error{
		"leader_not_available": fmt.Errorf("wrapped: %w", kafkago.LeaderNotAvailable),
		"refused":              &os.SyscallError{Syscall: "connect", Err: syscall.ECONNREFUSED},
		"closed":               fmt.Errorf("read: %w", io.EOF),
		"timeout":              os.ErrDeadlineExceeded,
		"other":                errors.New("anything"),
	} {
		if got := codeOf(err); got != want {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
}
