package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/streamfit/streamfit/pipeline"
)

// StateLog is one partition of the state topic.
type StateLog struct {
	cluster   *Cluster
	topic     string
	partition int
	isolation kafkago.IsolationLevel // of the end that Replay goes to
}

var _ pipeline.StateLog = (*StateLog)(nil)

// OpenStateLog of a partition. Nothing is asked of the brokers yet.
func (c *Cluster) OpenStateLog(topic string, partition int) *StateLog {
	return &StateLog{cluster: c, topic: topic, partition: partition, isolation: kafkago.ReadUncommitted}
}

// OpenPeerLog is the same for somebody else's partition: it waits for nobody's transaction, and sees what is behind one when it has ended.
func (c *Cluster) OpenPeerLog(topic string, partition int) *StateLog {
	return &StateLog{cluster: c, topic: topic, partition: partition, isolation: kafkago.ReadCommitted}
}

// Write to the partition, acknowledged by all replicas.
func (l *StateLog) Write(ctx context.Context, records ...pipeline.Record) error {
	return l.cluster.write(ctx, l.topic, l.partition, records)
}

// Replay the committed records from an offset, or from the first there is, to the end that the partition has now: where a transaction is open, others may have written
// behind its beginning, so its end is waited for. Each record's bytes are valid during the call only.
func (l *StateLog) Replay(ctx context.Context, from int64, each func(offset int64, r pipeline.Record) error) (int64, error) {
	first, end, err := l.cluster.bounds(ctx, l.topic, l.partition, l.isolation)
	if err != nil {
		return 0, err
	}
	if from > end {
		return 0, &OffsetError{Topic: l.topic, Partition: l.partition, Offset: from, First: first, End: end}
	}
	from = max(from, first)
	if from == end {
		return end, nil
	}
	source, err := l.cluster.OpenSource(SourceConfig{Topic: l.topic, Partition: l.partition, Offset: from, Compacted: true})
	if err != nil {
		return 0, err
	}
	late := time.AfterFunc(replayPatience, func() {
		l.cluster.log.Warn().Str("topic", l.topic).Int("partition", l.partition).Int64("end", end).Msg("kafka: still reading state: there is much of it, or somebody's transaction is open and has to end first")
	})
	defer late.Stop()
	replayed, err := replay(ctx, source, end, each)
	return replayed, errors.Join(err, source.Close())
}

// replayPatience is how long it takes until somebody should know why.
const replayPatience = 10 * time.Second

func replay(ctx context.Context, source *Source, end int64, each func(int64, pipeline.Record) error) (int64, error) {
	for {
		run, err := source.Fetch(ctx)
		if err != nil {
			return 0, err
		}
		for _, m := range run.Messages {
			if m.Offset >= end {
				return end, nil
			}
			if len(m.Headers) == 1 && m.Headers[0].Key == HeaderBatch {
				return 0, failed(fmt.Errorf("the record batch that ends at offset %d cannot be read: %s", m.Offset, m.Headers[0].Value), "%s", source.doing)
			}
			if err := each(m.Offset, pipeline.Record{Key: m.Key, Value: m.Value, Headers: m.Headers, Time: m.Time}); err != nil {
				return 0, err
			}
		}
		if run.Next >= end {
			return end, nil
		}
	}
}
