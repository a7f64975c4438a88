package devbroker

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/twmb/franz-go/pkg/kerr"
)

// Topic to make.
type Topic struct {
	Name       string
	Partitions int  // 0: one
	Compacted  bool // only the newest record of each key is kept

	// RetentionBytes bounds each partition: beyond it the oldest segments, of an eighth of it, are dropped every few seconds. 0: unbounded.
	RetentionBytes int64
}

const segmentsKept = 8

// CreateTopic makes the topic. One that is there already stays as it is; that it has another number of partitions is an error.
func (b *Broker) CreateTopic(t Topic) error {
	if t.Name == "" {
		return errors.New("dev broker: a topic has no name")
	}
	want := max(t.Partitions, 1)
	err := b.cluster.CreateTopic(t.Name, int32(want), t.configs())
	if errors.Is(err, kerr.TopicAlreadyExists) {
		if have := len(b.cluster.PartitionInfos(t.Name)); have != want {
			return fmt.Errorf("dev broker: topic %q exists with %d partitions, not %d; name another topic or another data directory", t.Name, have, want)
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("dev broker: topic %q: %w", t.Name, err)
	}
	return nil
}

func (t Topic) configs() map[string]string {
	c := map[string]string{}
	if t.Compacted {
		c["cleanup.policy"] = "compact"
	}
	if t.RetentionBytes > 0 {
		c["retention.bytes"] = strconv.FormatInt(t.RetentionBytes, 10)
		c["segment.bytes"] = strconv.FormatInt(max(t.RetentionBytes/segmentsKept, 1), 10)
	}
	return c
}
