package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/streamfit/streamfit/pipeline"
)

// BenchmarkConsume compares the rates at which one partition can be read from its beginning, in one run: this package's Source, kafka-go's ways, and
// franz-go. Every record's value is held in memory once. With KAFKATEST=real it is a real Kafka, without the embedded broker.
//
//	KAFKATEST=real go test -run '^$' -bench Consume -benchtime 5x -count 3 ./pipeline/kafka
func BenchmarkConsume(b *testing.B) {
	for _, broker := range []struct {
		name    string
		brokers func(testing.TB) []string
	}{
		{"embedded", func(t testing.TB) []string { return embedded(t).ListenAddrs() }},
		{"real", func(t testing.TB) []string { return realBroker(t) }},
	} {
		b.Run(broker.name, func(b *testing.B) {
			brokers := broker.brokers(b)
			for _, load := range []struct{ size, count int }{{64 << 10, 4000}, {512, 400_000}} {
				b.Run(fmt.Sprintf("%dB", load.size), func(b *testing.B) {
					c := open(b, brokers)
					name := fill(b, c, load.size, load.count)
					if err := consumeSource(b.Context(), c, brokers, name, load.count); err != nil { // so that the first client is not the one that warms up
						b.Fatal(err)
					}
					for _, client := range clients {
						b.Run(client.name, func(b *testing.B) {
							b.SetBytes(int64(load.size * load.count))
							b.ReportAllocs()
							for b.Loop() {
								if err := client.consume(b.Context(), c, brokers, name, load.count); err != nil {
									b.Fatal(err)
								}
							}
						})
					}
				})
			}
		})
	}
}

func fill(b *testing.B, c *Cluster, size, count int) string {
	name := topic(b, c, Topic{})
	sink := c.OpenSink(name)
	records := make([]pipeline.Record, max(1, (800<<10)/size))
	for i := range records {
		records[i].Value = make([]byte, size)
		for j := range records[i].Value {
			records[i].Value[j] = byte(i * j)
		}
	}
	for count > 0 {
		n := min(count, len(records))
		if err := sink.Write(b.Context(), records[:n]...); err != nil {
			b.Fatal(err)
		}
		count -= n
	}
	return name
}

const benchFetch = 4 << 20

var clients = []struct {
	name    string
	consume func(ctx context.Context, c *Cluster, brokers []string, topic string, count int) error
}{
	{"streamfit-Source", consumeSource},
	{"kafka-go-Conn.ReadBatch", consumeConn},
	{"kafka-go-Client.Fetch", consumeClient},
	{"kafka-go-Reader", consumeReader},
	{"franz-go-PollFetches", consumeFranz},
}

func consumeSource(ctx context.Context, c *Cluster, _ []string, topic string, count int) error {
	s, err := c.OpenSource(SourceConfig{Topic: topic, MaxBytes: benchFetch})
	if err != nil {
		return err
	}
	for n := 0; n < count && err == nil; {
		var f pipeline.Fetched
		f, err = s.Fetch(ctx)
		n += len(f.Messages)
	}
	return errors.Join(err, s.Close())
}

func consumeConn(ctx context.Context, _ *Cluster, brokers []string, topic string, count int) error {
	conn, err := kafkago.DialLeader(ctx, "tcp", brokers[0], topic, 0)
	if err != nil {
		return err
	}
	defer conn.Close()
	buf := make([]byte, 1<<20)
	for n := 0; n < count; {
		batch := conn.ReadBatchWith(kafkago.ReadBatchConfig{MinBytes: 1, MaxBytes: benchFetch, IsolationLevel: kafkago.ReadCommitted})
		for {
			if _, err := batch.Read(buf); err != nil {
				break
			}
			n++
		}
		if err := batch.Close(); err != nil {
			return err
		}
	}
	return nil
}

func consumeClient(ctx context.Context, c *Cluster, _ []string, topic string, count int) error {
	buf := make([]byte, 1<<20)
	for offset := int64(0); offset < int64(count); {
		res, err := c.client.Fetch(ctx, &kafkago.FetchRequest{Topic: topic, Offset: offset, MinBytes: 1, MaxBytes: benchFetch, IsolationLevel: kafkago.ReadCommitted})
		if err == nil {
			err = res.Error
		}
		if err != nil {
			return err
		}
		for {
			r, err := res.Records.ReadRecord()
			if err != nil {
				break
			}
			if _, err := io.ReadFull(r.Value, buf[:r.Value.Len()]); err != nil {
				return err
			}
			offset = r.Offset + 1
		}
	}
	return nil
}

func consumeReader(ctx context.Context, _ *Cluster, brokers []string, topic string, count int) error {
	r := kafkago.NewReader(kafkago.ReaderConfig{Brokers: brokers, Topic: topic, MinBytes: 1, MaxBytes: benchFetch, MaxWait: defaultMaxWait, IsolationLevel: kafkago.ReadCommitted})
	var err error
	for n := 0; n < count && err == nil; n++ {
		_, err = r.FetchMessage(ctx)
	}
	return errors.Join(err, r.Close())
}

func consumeFranz(ctx context.Context, _ *Cluster, brokers []string, topic string, count int) error {
	c, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.FetchMaxPartitionBytes(benchFetch),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().AtStart()}}))
	if err != nil {
		return err
	}
	defer c.Close()
	for n := 0; n < count; {
		fetches := c.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return err
		}
		n += fetches.NumRecords()
	}
	return nil
}

// BenchmarkReadBatches is the reader alone, without network: what is left to decode and fit with.
func BenchmarkReadBatches(b *testing.B) {
	for _, codec := range codecs {
		for _, size := range []int{512, 64 << 10} {
			b.Run(fmt.Sprintf("%s/%dB", codecName(codec), size), func(b *testing.B) {
				var all []byte
				count := int64((4 << 20) / size)
				for base := int64(0); base < count; {
					var records []record
					for range min(count-base, int64(max(1, (512<<10)/size))) {
						records = append(records, record{offset: base + int64(len(records)), value: make([]byte, size)})
					}
					all = append(all, joined(b, batch{base: base, last: base + int64(len(records)) - 1, codec: codec, records: records})...)
					base += int64(len(records))
				}
				response := fetchResponse{records: all}
				var r recordReader
				b.SetBytes(4 << 20)
				b.ReportAllocs()
				for b.Loop() {
					if _, err := r.read(&response, 0); err != nil || len(r.messages) != int(count) {
						b.Fatal(len(r.messages), err)
					}
				}
			})
		}
	}
}
