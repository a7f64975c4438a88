package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/streamfit/streamfit/pipeline"
)

func TestWhatIsWrittenIsFetched(t *testing.T) {
	onBrokers(t, func(t *testing.T, brokers []string) {
		c := open(t, brokers)
		name := topic(t, c, Topic{})
		now := time.Now().UnixMilli() // brokers refuse what is too old or too new for their retention
		sink := c.OpenSink(name)
		if err := sink.Write(t.Context(),
			pipeline.Record{Key: []byte("k"), Value: []byte("v"), Time: now - 5, Headers: []pipeline.Header{{Key: "a", Value: []byte("1")}, {Key: "b"}}},
			pipeline.Record{Key: []byte{}, Value: []byte{}, Time: now},
			pipeline.Record{Key: []byte("deleted"), Time: now}); err != nil {
			t.Fatal(err)
		}
		want := pipeline.Fetched{Next: 3, End: 3, Messages: []pipeline.Message{
			{Offset: 0, Time: now - 5, Key: []byte("k"), Value: []byte("v"), Headers: []pipeline.Header{{Key: "a", Value: []byte("1")}, {Key: "b"}}},
			{Offset: 1, Time: now, Key: []byte{}, Value: []byte{}},
			{Offset: 2, Time: now, Key: []byte("deleted")},
		}}
		for _, open := range []func(testing.TB, *Cluster, SourceConfig) *Source{source, anySource} {
			f, err := open(t, c, SourceConfig{Topic: name}).Fetch(t.Context())
			if diff := cmp.Diff(want, f); diff != "" || err != nil {
				t.Errorf("error %v (-want +got):\n%s", err, diff)
			}
		}
	})
}

// TestFetchFollowsThePartition: what is written later arrives, and its bytes stay as they are until the next Fetch, though that is under way already.
func TestFetchFollowsThePartition(t *testing.T) {
	onBrokers(t, func(t *testing.T, brokers []string) {
		c := open(t, brokers)
		name := topic(t, c, Topic{})
		sink, s := c.OpenSink(name), source(t, c, SourceConfig{Topic: name})
		var held pipeline.Fetched
		for i := range 20 {
			written(t, sink, fmt.Sprint("value ", i))
			for _, m := range held.Messages {
				if want := fmt.Sprint("value ", m.Offset); string(m.Value) != want {
					t.Fatalf("offset %d became %q", m.Offset, m.Value)
				}
			}
			var err error
			if held, err = s.Fetch(t.Context()); err != nil || len(held.Messages) != 1 || string(held.Messages[0].Value) != fmt.Sprint("value ", i) {
				t.Fatalf("%+v, error %v", held, err)
			}
		}
	})
}

func TestFetchReadsEveryCodec(t *testing.T) {
	onBrokers(t, func(t *testing.T, brokers []string) {
		for name, codec := range map[string]kgo.CompressionCodec{
			"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(), "lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
		} {
			t.Run(name, func(t *testing.T) {
				c := open(t, brokers)
				name := topic(t, c, Topic{})
				producer := franz(t, brokers, kgo.ProducerBatchCompression(codec))
				var want []string
				for range 3 {
					var values []string
					for i := range 50 {
						values = append(values, strings.Repeat(fmt.Sprint("value ", i), 20))
					}
					put(t, producer, name, values...)
					want = append(want, values...)
				}
				got, _ := take(t, source(t, c, SourceConfig{Topic: name}), len(want), 0)
				if !slices.Equal(valuesOf(got), want) {
					t.Errorf("%d messages, want %d, or they differ", len(got), len(want))
				}
				// A position in the middle of a compressed batch: the broker sends the whole of it.
				got, next := take(t, source(t, c, SourceConfig{Topic: name, Offset: 75}), 75, 0)
				if !slices.Equal(valuesOf(got), want[75:]) || got[0].Offset != 75 || next != 150 {
					t.Errorf("from 75: %d messages, next %d", len(got), next)
				}
			})
		}
	})
}

func TestFetchHandsOutCommittedRecordsOnly(t *testing.T) {
	onBrokers(t, func(t *testing.T, brokers []string) {
		c := open(t, brokers)
		name := topic(t, c, Topic{})
		producer := franz(t, brokers, kgo.TransactionalID(name))
		transaction := func(end kgo.TransactionEndTry, values ...string) {
			if err := producer.BeginTransaction(); err != nil {
				t.Fatal(err)
			}
			put(t, producer, name, values...)
			if err := producer.EndTransaction(t.Context(), end); err != nil {
				t.Fatal(err)
			}
		}
		transaction(kgo.TryCommit, "a", "b")      // 0, 1 and the marker 2
		transaction(kgo.TryAbort, "void", "void") // 3, 4, 5
		transaction(kgo.TryCommit, "c")           // 6, 7
		transaction(kgo.TryAbort, "void")         // 8, 9
		got, next := take(t, source(t, c, SourceConfig{Topic: name}), 3, 10)
		if want := []message{{0, "", "a"}, {1, "", "b"}, {6, "", "c"}}; !slices.Equal(got, want) || next != 10 {
			t.Errorf("%v to %d, want %v to 10", got, next, want)
		}
		for from, want := range map[int64][]int64{1: {1, 6}, 2: {6}, 4: {6}, 5: {6}, 7: nil, 8: nil, 9: nil} {
			got, next := take(t, source(t, c, SourceConfig{Topic: name, Offset: from}), 0, 10)
			if !slices.Equal(offsetsOf(got), want) || next != 10 {
				t.Errorf("from %d: offsets %v to %d, want %v to 10", from, offsetsOf(got), next, want)
			}
		}
	})
}

func TestFetchWaitsForOpenTransactions(t *testing.T) {
	onBrokers(t, func(t *testing.T, brokers []string) {
		c := open(t, brokers)
		name := topic(t, c, Topic{})
		producer := franz(t, brokers, kgo.TransactionalID(name))
		if err := producer.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		put(t, producer, name, "undecided")
		written(t, c.OpenSink(name), "behind it")
		if _, end, err := c.Bounds(t.Context(), name, 0); end != 0 || err != nil {
			t.Errorf("end %d, error %v; want 0, where the open transaction begins", end, err)
		}
		s := source(t, c, SourceConfig{Topic: name, MaxWait: time.Millisecond})
		short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if f, err := s.Fetch(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%+v, error %v; want nothing while the transaction is open", f, err)
		}
		if err := producer.EndTransaction(t.Context(), kgo.TryCommit); err != nil {
			t.Fatal(err)
		}
		if got, next := take(t, s, 2, 3); !slices.Equal(valuesOf(got), []string{"undecided", "behind it"}) || next != 3 {
			t.Errorf("%v to %d", got, next)
		}
	})
}

func TestFetchJumpsOverWhatCompactionTook(t *testing.T) {
	broker := embedded(t)
	c := open(t, broker.ListenAddrs())
	name := topic(t, c, Topic{Compacted: true, Settings: map[string]string{"segment.bytes": "1000", "min.cleanable.dirty.ratio": "0.01", "min.compaction.lag.ms": "0"}})
	sink := c.OpenSink(name)
	for i := range 100 {
		record := pipeline.Record{Key: []byte{byte(i % 3)}, Value: fmt.Append(nil, i)}
		if i == 0 || i == 50 {
			record.Key = fmt.Append(nil, "kept ", i)
		}
		if err := sink.Write(t.Context(), record); err != nil {
			t.Fatal(err)
		}
	}
	broker.Compact()
	got, next := take(t, source(t, c, SourceConfig{Topic: name}), 3, 100)
	values := valuesOf(got)
	if len(got) > 60 || next != 100 || values[0] != "0" || !slices.Contains(values, "50") || !slices.Equal(values[len(got)-3:], []string{"97", "98", "99"}) {
		t.Errorf("%v to %d: was it compacted at all?", values, next)
	}
	for from := range int64(100) {
		got, _ := take(t, source(t, c, SourceConfig{Topic: name, Offset: from}), 1, 100)
		if got[0].Offset < from {
			t.Fatalf("from %d: got %d", from, got[0].Offset)
		}
	}
}

func TestFetchTakesABatchLargerThanOneFetch(t *testing.T) {
	onBrokers(t, func(t *testing.T, brokers []string) {
		c := open(t, brokers)
		name := topic(t, c, Topic{})
		values := []string{"small", strings.Repeat("large", 100_000), "small again"}
		for _, v := range values {
			written(t, c.OpenSink(name), v)
		}
		got, _ := take(t, source(t, c, SourceConfig{Topic: name, MaxBytes: 1000}), 3, 3)
		if !slices.Equal(valuesOf(got), values) {
			t.Errorf("%d messages, offsets %v", len(got), offsetsOf(got))
		}
	})
}

// TestFetchAsksForMore of a broker that cuts off even the first batch, as those before KIP-74 do.
func TestFetchAsksForMore(t *testing.T) {
	broker := embedded(t)
	c := open(t, broker.ListenAddrs())
	name := topic(t, c, Topic{})
	written(t, c.OpenSink(name), strings.Repeat("large", 1000))
	whole := joined(t, batch{records: []record{{value: []byte(strings.Repeat("large", 1000))}}})
	broker.ControlKey(int16(kmsg.Fetch), func(req kmsg.Request) (kmsg.Response, error, bool) {
		broker.KeepControl()
		f := req.(*kmsg.FetchRequest)
		a := answer(namedVersion, 0, nil)
		a.ThrottleMillis = 0
		a.Topics[0].Partitions[0].RecordBatches = whole[:min(int(f.Topics[0].Partitions[0].PartitionMaxBytes), len(whole))]
		return &a, nil, true
	})
	if got, _ := take(t, anySource(t, c, SourceConfig{Topic: name, MaxBytes: 100}), 1, 1); len(got[0].Value) != 5000 {
		t.Errorf("a value of %d bytes", len(got[0].Value))
	}
}

func TestFetchFromBeforeTheFirstAndBeyondTheEnd(t *testing.T) {
	onBrokers(t, func(t *testing.T, brokers []string) {
		c := open(t, brokers)
		name := topic(t, c, Topic{})
		written(t, c.OpenSink(name), "0", "1", "2", "3", "4")
		deleteBefore(t, brokers, name, 3)
		for from, want := range map[int64]string{1: "the first is 3: 2 offsets were deleted", 9: "the partition ends at 5: was the topic deleted"} {
			_, err := source(t, c, SourceConfig{Topic: name, Offset: from}).Fetch(t.Context())
			var e *OffsetError
			if !errors.As(err, &e) || *e != (OffsetError{Topic: name, Offset: from, First: 3, End: 5}) || !strings.Contains(err.Error(), want) {
				t.Errorf("from %d: error %v, want one that says %q", from, err, want)
			}
		}
		if first, end, err := c.Bounds(t.Context(), name, 0); first != 3 || end != 5 || err != nil {
			t.Errorf("bounds %d, %d, error %v; want 3, 5", first, end, err)
		}
	})
}

// TestFetchGoesOnBehindALossThatIsAccepted, and says how many offsets it is.
func TestFetchGoesOnBehindALossThatIsAccepted(t *testing.T) {
	onBrokers(t, func(t *testing.T, brokers []string) {
		c := open(t, brokers)
		name := topic(t, c, Topic{})
		written(t, c.OpenSink(name), "0", "1", "2", "3", "4")
		deleteBefore(t, brokers, name, 3)
		s := source(t, c, SourceConfig{Topic: name, Offset: 1, AcceptLoss: true})
		f, err := s.Fetch(t.Context())
		if err != nil || f.Lost != 2 || f.Next != 5 || len(f.Messages) != 2 {
			t.Errorf("%+v, error %v", f, err)
		}
		written(t, c.OpenSink(name), "5")
		if f, err = s.Fetch(t.Context()); err != nil || f.Lost != 0 {
			t.Errorf("it is told twice: %+v, error %v", f, err)
		}
		if f, err := source(t, c, SourceConfig{Topic: name, Offset: 1, Compacted: true}).Fetch(t.Context()); err != nil || f.Lost != 0 || len(f.Messages) == 0 || f.Messages[0].Offset != 3 {
			t.Errorf("of a compacted topic: %+v, error %v", f, err)
		}
		var gone *OffsetError
		if _, err := source(t, c, SourceConfig{Topic: name, Offset: 9, AcceptLoss: true}).Fetch(t.Context()); !errors.As(err, &gone) {
			t.Errorf("beyond the end: error %v", err) // that is no loss: it is another topic
		}
	})
}

// TestFetchTellsATopicFromItsNamesake: it may have as many offsets.
func TestFetchTellsATopicFromItsNamesake(t *testing.T) {
	onBrokers(t, func(t *testing.T, brokers []string) {
		c := open(t, brokers)
		name := topic(t, c, Topic{})
		id, err := c.TopicID(t.Context(), name)
		if err != nil || id == "" {
			t.Fatalf("id %q, error %v", id, err)
		}
		written(t, c.OpenSink(name), "0", "1")
		s := source(t, c, SourceConfig{Topic: name, TopicID: id, MaxWait: time.Millisecond})
		take(t, s, 2, 2)
		remake(t, c, name)
		written(t, c.OpenSink(name), "a", "b", "c", "d")
		var other *TopicError
		if f, err := s.Fetch(t.Context()); !errors.As(err, &other) || other.Was != id || other.Is == id {
			t.Errorf("%+v, error %v", f, err)
		}
		if again, err := c.TopicID(t.Context(), name); err != nil || again == id || again == "" {
			t.Errorf("id %q, error %v", again, err)
		}
	})
}

// TestFetchOfATopicThatHasNoID any more, as behind a proxy that does not know them: it is asked for by its name.
func TestFetchOfATopicThatHasNoID(t *testing.T) {
	broker := embedded(t)
	c := open(t, broker.ListenAddrs())
	name := topic(t, c, Topic{})
	written(t, c.OpenSink(name), "v")
	id, err := c.TopicID(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	broker.ControlKey(int16(kmsg.Metadata), func(req kmsg.Request) (kmsg.Response, error, bool) {
		broker.KeepControl()
		if req.GetVersion() < topicIDVersion {
			return nil, nil, false
		}
		answer := req.ResponseKind().(*kmsg.MetadataResponse)
		answer.Topics = []kmsg.MetadataResponseTopic{{Topic: kmsg.StringPtr(name)}}
		return answer, nil, true
	})
	if got, _ := take(t, source(t, c, SourceConfig{Topic: name, TopicID: id}), 1, 1); got[0].Value != "v" {
		t.Error(got)
	}
}

// TestFetchTellsANamesakeOnAConnectionThatLives: the program worked on what it had while the topic was made again, and asks for the next on the same connection.
func TestFetchTellsANamesakeOnAConnectionThatLives(t *testing.T) {
	onBrokers(t, func(t *testing.T, brokers []string) {
		c := open(t, brokers)
		name := topic(t, c, Topic{})
		written(t, c.OpenSink(name), "0")
		s := source(t, c, SourceConfig{Topic: name, MaxWait: time.Millisecond})
		take(t, s, 1, 1)
		put(t, franz(t, brokers, kgo.ProducerBatchCompression(kgo.GzipCompression())), name, strings.Repeat("1", 1000)) // compressed: no request is sent ahead
		held := <-s.runs                                                                                                // both buffers are out: the next request is asked when one comes back
		remake(t, c, name)
		written(t, c.OpenSink(name), "a", "b", "c", "d")
		s.free <- held.response
		f, err := s.Fetch(t.Context())
		if other := (*TopicError)(nil); !errors.As(err, &other) {
			t.Errorf("%+v, error %v", f, err)
		}
	})
}

// remake a topic: delete it and make it again.
func remake(t *testing.T, c *Cluster, name string) {
	t.Helper()
	answer, err := c.client.DeleteTopics(t.Context(), &kafkago.DeleteTopicsRequest{Topics: []string{name}})
	if err == nil {
		err = answer.Errors[name]
	}
	for err == nil { // its name is free a moment later
		if _, err = c.lookUp(t.Context(), name); errors.Is(err, kafkago.UnknownTopicOrPartition) {
			err = c.EnsureTopic(t.Context(), Topic{Name: name, Partitions: 1})
			break
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

func deleteBefore(t *testing.T, brokers []string, topic string, offset int64) {
	req := kmsg.NewPtrDeleteRecordsRequest()
	req.TimeoutMillis = 5000
	req.Topics = []kmsg.DeleteRecordsRequestTopic{{Topic: topic, Partitions: []kmsg.DeleteRecordsRequestTopicPartition{{Partition: 0, Offset: offset}}}}
	res, err := req.RequestWith(t.Context(), franz(t, brokers))
	if err == nil {
		err = kerr.ErrorForCode(res.Topics[0].Partitions[0].ErrorCode)
	}
	if err != nil {
		t.Fatal(err)
	}
}
