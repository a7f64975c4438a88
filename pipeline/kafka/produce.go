package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"golang.org/x/sync/errgroup"

	"github.com/streamfit/streamfit/pipeline"
)

// Sink writes to a topic, acknowledged by all replicas. Records with a key go to the partition that Java's clients would choose; the others take turns. It is
// safe for concurrent use.
type Sink struct {
	cluster    *Cluster
	topic      string
	mu         sync.Mutex
	partitions []int
	turn       int
}

var _ pipeline.Sink = (*Sink)(nil)

// OpenSink to a topic. Nothing is asked of the brokers yet.
func (c *Cluster) OpenSink(topic string) *Sink { return &Sink{cluster: c, topic: topic} }

// Write returns once every record is acknowledged. What can be tried again is tried until ctx ends, so records may be written twice; their order within a
// partition is kept. Partitions are written to beside each other.
func (s *Sink) Write(ctx context.Context, records ...pipeline.Record) error {
	if len(records) == 0 {
		return nil
	}
	byPartition, err := s.distribute(ctx, records)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	for partition, records := range byPartition {
		group.Go(func() error { return s.WriteTo(ctx, partition, records...) })
	}
	return group.Wait()
}

// WriteTo a partition, in order, whatever the records' keys are.
func (s *Sink) WriteTo(ctx context.Context, partition int, records ...pipeline.Record) error {
	return s.cluster.write(ctx, s.topic, partition, records)
}

// distribute the records over the partitions there were at the first write: keys stay where they are when partitions are added.
func (s *Sink) distribute(ctx context.Context, records []pipeline.Record) (map[int][]pipeline.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.partitions == nil {
		n, err := s.cluster.Partitions(ctx, s.topic)
		if err != nil {
			return nil, err
		}
		for i := range n {
			s.partitions = append(s.partitions, i)
		}
	}
	murmur := kafkago.Murmur2Balancer{}
	out := map[int][]pipeline.Record{}
	for _, r := range records {
		partition := s.partitions[s.turn%len(s.partitions)]
		if r.Key == nil {
			s.turn++
		} else {
			partition = murmur.Balance(kafkago.Message{Key: r.Key}, s.partitions...)
		}
		out[partition] = append(out[partition], r)
	}
	return out, nil
}

// batchBytes bounds what is sent in one request, below what a broker takes by default; a record larger than that goes alone.
const batchBytes = 900 << 10

// place is a partition of any topic.
type place struct {
	topic     string
	partition int
}

// recordOverhead is what a record takes beside its key, value and headers, generously.
const recordOverhead = 64

// write records to a partition, in order.
func (c *Cluster) write(ctx context.Context, topic string, partition int, records []pipeline.Record) error {
	return c.inRequests(ctx, place{topic, partition}, records, func(records []pipeline.Record) error {
		return c.produceOnce(ctx, topic, partition, records)
	})
}

// inRequests cuts the records into what one request may hold. try is called until it works.
func (c *Cluster) inRequests(ctx context.Context, to place, records []pipeline.Record, try func([]pipeline.Record) error) error {
	for len(records) > 0 {
		n, size := 0, 0
		for n < len(records) && (n == 0 || size+sizeOf(records[n]) <= batchBytes) {
			size += sizeOf(records[n])
			n++
		}
		if err := c.inOneRequest(ctx, to, records[:n], try); err != nil {
			return err
		}
		records = records[n:]
	}
	return nil
}

func sizeOf(r pipeline.Record) int {
	size := recordOverhead + len(r.Key) + len(r.Value)
	for _, h := range r.Headers {
		size += len(h.Key) + len(h.Value)
	}
	return size
}

// inOneRequest, if the topic takes it: it may take less than other topics do. Then the records are halved until they fit, or a single one does not.
func (c *Cluster) inOneRequest(ctx context.Context, to place, records []pipeline.Record, try func([]pipeline.Record) error) error {
	doing := fmt.Sprintf("write %d records to topic %s, partition %d", len(records), to.topic, to.partition)
	err := c.mend(ctx, "Produce", doing, 0, func() error { return c.routed(ctx, to.topic, try(records)) })
	if errors.Is(err, kafkago.InvalidTimestamp) && timed(records) {
		c.log.Warn().Str("topic", to.topic).Int("partition", to.partition).Int("records", len(records)).
			Msg("kafka: the topic does not take records of that time, as where this machine's clock is wrong: they are written without one")
		return c.inOneRequest(ctx, to, timeless(records), try)
	}
	if !errors.Is(err, kafkago.MessageSizeTooLarge) && !errors.Is(err, kafkago.RecordListTooLarge) {
		return failed(err, "%s", doing)
	}
	if half := len(records) / 2; half > 0 {
		if err := c.inOneRequest(ctx, to, records[:half], try); err != nil {
			return err
		}
		return c.inOneRequest(ctx, to, records[half:], try)
	}
	return failed(fmt.Errorf("%w: the record has %d bytes; raise the topic's %s", err, sizeOf(records[0])-recordOverhead, maxMessageBytes), "%s", doing)
}

// noTime is what Kafka takes for a record without a time, whatever the topic says of times.
const noTime = -1

func timed(records []pipeline.Record) bool {
	return slices.ContainsFunc(records, func(r pipeline.Record) bool { return r.Time != noTime })
}

// timeless copies of records. Nothing that is learned depends on when something was written; what their key and value say is worth more than their time.
func timeless(records []pipeline.Record) []pipeline.Record {
	records = slices.Clone(records)
	for i := range records {
		records[i].Time = noTime
	}
	return records
}

func (c *Cluster) produceOnce(ctx context.Context, topic string, partition int, records []pipeline.Record) error {
	answer, err := c.client.Produce(ctx, &kafkago.ProduceRequest{
		Topic: topic, Partition: partition, RequiredAcks: kafkago.RequireAll, Records: kafkago.NewRecordReader(kafkaRecords(records, c.now())...),
	})
	if err != nil {
		return err
	}
	return answer.Error
}

func kafkaRecords(records []pipeline.Record, now time.Time) []kafkago.Record {
	out := make([]kafkago.Record, len(records))
	for i, r := range records {
		out[i].Time = now
		if r.Time != 0 {
			out[i].Time = time.UnixMilli(r.Time)
		}
		if r.Key != nil {
			out[i].Key = kafkago.NewBytes(r.Key)
		}
		if r.Value != nil {
			out[i].Value = kafkago.NewBytes(r.Value)
		}
		for _, h := range r.Headers {
			out[i].Headers = append(out[i].Headers, kafkago.Header{Key: h.Key, Value: h.Value})
		}
	}
	return out
}
