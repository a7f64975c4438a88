package kafkatest

import (
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"golang.org/x/sys/unix"
)

// FillDisk takes from the node the room to write: from now on no file of its can grow, which fails as a full disk does, in the middle of a record batch if need be.
// It returns when the node has given up, as Kafka does then. Started again, it has room.
func (b *Broker) FillDisk(t testing.TB) {
	t.Helper()
	full := unix.Rlimit{Cur: 1, Max: unix.RLIM_INFINITY}
	if err := unix.Prlimit(b.process.cmd.Process.Pid, unix.RLIMIT_FSIZE, &full, nil); err != nil {
		t.Fatal(err)
	}
	if !b.endsWithin(idle) { // nobody writes: a topic does
		go b.Client(t).CreateTopics(t.Context(), &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{{Topic: TopicName(t, "full"), NumPartitions: 1, ReplicationFactor: 1}}}) //nolint:errcheck // it cannot work
		if !b.endsWithin(startTimeout) {
			t.Fatal("kafka goes on with a full disk")
		}
	}
	b.process = nil
}

const idle = 3 * time.Second

func (b *Broker) endsWithin(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-b.process.ended:
		return true
	case <-timer.C:
		return false
	}
}
