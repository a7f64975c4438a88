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
	"github.com/rs/zerolog"
	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
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
		f, err := source(t, c, SourceConfig{Topic: name}).Fetch(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := pipeline.Fetched{Next: 3, End: 3, Messages: []pipeline.Message{
			{Offset: 0, Time: now - 5, Key: []byte("k"), Value: []byte("v"), Headers: []pipeline.Header{{Key: "a", Value: []byte("1")}, {Key: "b"}}},
			{Offset: 1, Time: now, Key: []byte{}, Value: []byte{}},
			{Offset: 2, Time: now, Key: []byte("deleted")},
		}}
		if diff := cmp.Diff(want, f); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
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
		a := answer(name, 0, nil)
		a.ThrottleMillis = 0
		a.Topics[0].Partitions[0].RecordBatches = whole[:min(int(f.Topics[0].Partitions[0].PartitionMaxBytes), len(whole))]
		return &a, nil, true
	})
	if got, _ := take(t, source(t, c, SourceConfig{Topic: name, MaxBytes: 100}), 1, 1); len(got[0].Value) != 5000 {
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

// TestFetchSurvives what a broker answers while it starts, moves its partitions or is overloaded.
func TestFetchSurvives(t *testing.T) {
	for _, fault := range []*kerr.Error{kerr.NotLeaderForPartition, kerr.UnknownTopicOrPartition, kerr.LeaderNotAvailable, kerr.OffsetNotAvailable, kerr.KafkaStorageError, kerr.CorruptMessage} {
		t.Run(fault.Message, func(t *testing.T) {
			broker := embedded(t)
			log := listen()
			c := openLogged(t, zerolog.New(log), broker.ListenAddrs())
			name := topic(t, c, Topic{})
			written(t, c.OpenSink(name), "v")
			h := broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: name, Err: fault, Count: 3})
			if got, _ := take(t, source(t, c, SourceConfig{Topic: name}), 1, 1); got[0].Value != "v" || h.Hits() != 3 {
				t.Errorf("%v after %d faults", got, h.Hits())
			}
			warning := log.await(t.Context(), t, "trying again")
			again := log.await(t.Context(), t, "works again")
			if !strings.Contains(warning, name) || !strings.Contains(warning, `"level":"warn"`) || !strings.Contains(again, `"failures":3`) {
				t.Errorf("logged %s and %s", warning, again)
			}
		})
	}
}

func TestFetchGivesUpOnBytesThatStayCorrupt(t *testing.T) {
	broker := embedded(t)
	c := open(t, broker.ListenAddrs())
	name := topic(t, c, Topic{})
	h := broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: name, Err: kerr.CorruptMessage, Count: -1})
	_, err := source(t, c, SourceConfig{Topic: name}).Fetch(t.Context())
	if !errors.Is(err, kafkago.InvalidMessage) || h.Hits() != corruptTries || !strings.Contains(err.Error(), "fetch from topic "+name+", partition 0, offset 0") {
		t.Errorf("error %v after %d tries", err, h.Hits())
	}
}

func TestFetchFollowsTheLeader(t *testing.T) {
	broker := embedded(t, kfake.NumBrokers(3))
	c := open(t, broker.ListenAddrs())
	name := topic(t, c, Topic{})
	sink, s := c.OpenSink(name), source(t, c, SourceConfig{Topic: name, MaxWait: time.Millisecond})
	for i := range 6 {
		if err := broker.MoveTopicPartition(name, 0, int32(i%3)); err != nil {
			t.Fatal(err)
		}
		written(t, sink, fmt.Sprint(i))
		if got, _ := take(t, s, 1, int64(i+1)); got[0].Value != fmt.Sprint(i) {
			t.Fatalf("leader %d: %v", i%3, got)
		}
	}
}

// TestFetchIsOneAhead: while the messages of one fetch are worked on, the next is under way.
func TestFetchIsOneAhead(t *testing.T) {
	broker := embedded(t)
	c := open(t, broker.ListenAddrs())
	name := topic(t, c, Topic{})
	written(t, c.OpenSink(name), "v")
	next := broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: name, Observe: true, Count: -1, When: func(r kmsg.Request) bool {
		return r.(*kmsg.FetchRequest).Topics[0].Partitions[0].FetchOffset == 1
	}})
	s := source(t, c, SourceConfig{Topic: name})
	take(t, s, 1, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := next.Wait(ctx, 1); err != nil {
		t.Error("nothing was asked for until the next Fetch")
	}
}

// TestFetchAsksAgainWhereTheOffsetIsThere after all: a leader that has just been elected may not know yet.
func TestFetchAsksAgainWhereTheOffsetIsThere(t *testing.T) {
	broker := embedded(t)
	c := open(t, broker.ListenAddrs())
	name := topic(t, c, Topic{})
	written(t, c.OpenSink(name), "v")
	h := broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: name, Err: kerr.OffsetOutOfRange, Count: 2})
	if got, _ := take(t, source(t, c, SourceConfig{Topic: name}), 1, 1); got[0].Value != "v" || h.Hits() != 2 {
		t.Errorf("%v after %d faults", got, h.Hits())
	}
}

func TestFetchRespectsAQuota(t *testing.T) {
	broker := embedded(t)
	c := open(t, broker.ListenAddrs())
	name := topic(t, c, Topic{})
	written(t, c.OpenSink(name), "v")
	broker.ControlKey(int16(kmsg.Fetch), func(kmsg.Request) (kmsg.Response, error, bool) {
		return &kmsg.FetchResponse{Version: fetchVersion, ThrottleMillis: 5}, nil, true // once
	})
	if got, _ := take(t, source(t, c, SourceConfig{Topic: name}), 1, 1); got[0].Value != "v" {
		t.Error(got)
	}
}

func TestFetchEndsWithItsContextAndWithClose(t *testing.T) {
	c := open(t, embedded(t).ListenAddrs())
	name := topic(t, c, Topic{})
	s := source(t, c, SourceConfig{Topic: name, MaxWait: time.Hour})
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error)
	go func() {
		_, err := s.Fetch(ctx)
		failed <- err
	}()
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	written(t, c.OpenSink(name), "v") // a Fetch that was given up loses nothing
	if got, _ := take(t, s, 1, 1); got[0].Value != "v" {
		t.Error(got)
	}
	go func() {
		_, err := s.Fetch(t.Context())
		failed <- err
	}()
	s.Close()
	if err := <-failed; err == nil {
		t.Error("no error from a closed source")
	}
}

func TestFetchNamesWhatItCannotReach(t *testing.T) {
	broker := embedded(t)
	c := open(t, broker.ListenAddrs())
	broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Err: kerr.TopicAuthorizationFailed, Count: -1})
	name := topic(t, c, Topic{})
	_, err := source(t, c, SourceConfig{Topic: name}).Fetch(t.Context())
	var e *Error
	if !errors.As(err, &e) || !errors.Is(err, kafkago.TopicAuthorizationFailed) || !strings.Contains(err.Error(), name) {
		t.Errorf("error %v", err)
	}
	if _, err := c.OpenSource(SourceConfig{Topic: name, Offset: -1}); err == nil {
		t.Error("offset -1 was taken")
	}
}
