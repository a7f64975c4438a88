//go:build unix

package chaos

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/cenkalti/backoff/v5"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/streamfit/streamfit/pipeline/arrowipc"
)

// load writes messages into the input topic with another maker's client: rows with gaps and outliers, messages that are no Arrow streams, in compressed and
// plain batches, in transactions of which some are aborted.
type load struct {
	t          testing.TB
	client     *kgo.Client
	topic      string
	partitions int
	random     *rand.Rand
	schema     *arrow.Schema
	keyed      bool

	transactions, aborted int
}

func newLoad(t testing.TB, brokers []string, topic string, partitions int, seed uint64, mode mode) *load {
	codec := kgo.NoCompression()
	if seed%3 != 0 {
		codec = kgo.ZstdCompression()
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.TransactionalID("load-"+topic),
		kgo.ProducerBatchCompression(codec), kgo.TransactionTimeout(time.Minute), kgo.MetadataMinAge(50*time.Millisecond),
		kgo.RequestRetries(math.MaxInt), kgo.RetryTimeout(2*time.Minute)) // nothing goes on while one of two nodes is down
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	var fields []arrow.Field
	for _, name := range []string{"time", "delay", "distance"} {
		fields = append(fields, arrow.Field{Name: name, Type: arrow.PrimitiveTypes.Float64, Nullable: true})
	}
	if mode.keyed {
		fields = append(fields, arrow.Field{Name: keyName, Type: arrow.BinaryTypes.String})
	}
	return &load{
		t: t, client: client, topic: topic, partitions: partitions, random: rand.New(rand.NewPCG(seed, 7)), schema: arrow.NewSchema(fields, nil), keyed: mode.keyed,
	}
}

// run writes a transaction every so often, until ctx ends.
func (l *load) run(ctx context.Context, every time.Duration) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for ctx.Err() == nil {
		if err := l.transaction(); err != nil {
			return fmt.Errorf("the load: %w", err)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
		}
	}
	return nil
}

func (l *load) transaction() error {
	if err := l.client.BeginTransaction(); err != nil {
		return err
	}
	var records []*kgo.Record
	for range 1 + l.random.IntN(6) {
		p := l.random.IntN(l.partitions)
		records = append(records, &kgo.Record{Topic: l.topic, Partition: int32(p), Value: l.value(p)})
	}
	end := kgo.TransactionEndTry(l.random.IntN(10) > 0)
	ctx := context.Background() // what was begun is ended
	if err := l.client.ProduceSync(ctx, records...).FirstErr(); err != nil {
		end = kgo.TryAbort
	}
	l.transactions++
	if end == kgo.TryAbort {
		l.aborted++
	}
	_, err := backoff.Retry(ctx, func() (struct{}, error) { return struct{}{}, l.client.EndTransaction(ctx, end) },
		backoff.WithBackOff(backoff.NewConstantBackOff(100*time.Millisecond)), backoff.WithMaxElapsedTime(2*time.Minute))
	return err
}

// value of a message for a partition: now and then one that is no Arrow stream.
func (l *load) value(partition int) []byte {
	if l.random.IntN(40) == 0 {
		return fmt.Appendf(nil, "no arrow %d", l.random.Uint64())
	}
	n := 1 + l.random.IntN(60)
	delay, distance, clock := make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range n {
		distance[i], clock[i] = 100+2000*l.random.Float64(), 24*l.random.Float64()
		delay[i] = 5 - 1e-3*distance[i] + clock[i]/2 + 10*l.random.NormFloat64()
		switch l.random.IntN(30) {
		case 0:
			delay[i] = 1e3 * l.random.ExpFloat64()
		case 1:
			distance[i] = math.NaN()
		}
	}
	return l.encode(partition, clock, delay, distance)
}

func (l *load) encode(partition int, columns ...[]float64) []byte {
	var arrays []arrow.Array
	for _, values := range columns {
		b := array.NewFloat64Builder(memory.DefaultAllocator)
		for i, v := range values {
			if i%97 == 96 {
				b.AppendNull()
				continue
			}
			b.Append(v)
		}
		arrays = append(arrays, b.NewArray())
	}
	if l.keyed { // a key belongs to one partition
		b := array.NewStringBuilder(memory.DefaultAllocator)
		for range columns[0] {
			b.Append(fmt.Sprint(keyName, " ", partition, "-", l.random.IntN(keys)))
		}
		arrays = append(arrays, b.NewArray())
	}
	value, err := arrowipc.Encode(nil, array.NewRecord(l.schema, arrays, int64(len(columns[0]))), arrowipc.Uncompressed)
	if err != nil {
		l.t.Fatal(err)
	}
	return value
}

// file of the rows of these messages, as one Arrow stream; those that are none are left out.
func (l *load) file(values [][]byte) []byte {
	var out bytes.Buffer
	w := ipc.NewWriter(&out, ipc.WithSchema(l.schema))
	for _, v := range values {
		if bytes.HasPrefix(v, []byte("no arrow")) {
			continue
		}
		r, err := ipc.NewReader(bytes.NewReader(v))
		if err != nil {
			l.t.Fatal(err)
		}
		for r.Next() {
			if err := w.Write(r.Record()); err != nil {
				l.t.Fatal(err)
			}
		}
		r.Release()
	}
	if err := w.Close(); err != nil {
		l.t.Fatal(err)
	}
	return out.Bytes()
}

// committed messages of a partition, read by another maker's client.
func committed(t testing.TB, brokers []string, topic string, partition int32, end int64) (messages []*kgo.Record) {
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {partition: kgo.NewOffset().At(0)}}))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for next := int64(0); next < end; {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatalf("read topic %s, partition %d from offset %d to %d: %v", topic, partition, next, end, err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if next = r.Offset + 1; !r.Attrs.IsControl() {
				messages = append(messages, r)
			}
		})
	}
	return messages
}
