package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/streamfit/streamfit/pipeline"
)

// TestKeysGoWhereJavaPutsThem: franz-go's partitioner for keys is Java's, made independently.
func TestKeysGoWhereJavaPutsThem(t *testing.T) {
	broker := embedded(t)
	c := open(t, broker.ListenAddrs())
	name := topic(t, c, Topic{Partitions: 7})
	java := franz(t, broker.ListenAddrs(), kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)))
	var ours []pipeline.Record
	want := map[int][]string{}
	for i := range 100 {
		key := strings.Repeat("key", i%4) + fmt.Sprint(i)
		r := &kgo.Record{Topic: name, Key: []byte(key)}
		if err := java.ProduceSync(t.Context(), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
		want[int(r.Partition)] = append(want[int(r.Partition)], key)
		ours = append(ours, pipeline.Record{Key: []byte(key)})
	}
	if err := c.OpenSink(name).Write(t.Context(), ours...); err != nil {
		t.Fatal(err)
	}
	for partition, keys := range want {
		got, _ := take(t, source(t, c, SourceConfig{Topic: name, Partition: partition, Offset: int64(len(keys))}), len(keys), 0)
		for i, m := range got {
			if m.Key != keys[i] {
				t.Fatalf("partition %d: %v, want the order %v", partition, got, keys)
			}
		}
	}
}

func TestRecordsWithoutAKeyTakeTurns(t *testing.T) {
	c := open(t, embedded(t).ListenAddrs())
	name := topic(t, c, Topic{Partitions: 3})
	sink := c.OpenSink(name)
	written(t, sink, "0", "1", "2", "3")
	written(t, sink, "4", "5")
	for partition := range 3 {
		got, _ := take(t, source(t, c, SourceConfig{Topic: name, Partition: partition}), 2, 2)
		if want := []string{fmt.Sprint(partition), fmt.Sprint(partition + 3)}; !slices.Equal(valuesOf(got), want) {
			t.Errorf("partition %d: %v, want %v", partition, valuesOf(got), want)
		}
	}
}

func TestWriteToAPartitionWhateverTheKey(t *testing.T) {
	c := open(t, embedded(t).ListenAddrs())
	name := topic(t, c, Topic{Partitions: 3})
	for partition := range 3 {
		if err := c.OpenSink(name).WriteTo(t.Context(), partition, pipeline.Record{Key: []byte("same"), Value: fmt.Append(nil, partition)}); err != nil {
			t.Fatal(err)
		}
		if got, _ := take(t, source(t, c, SourceConfig{Topic: name, Partition: partition}), 1, 1); got[0].Value != fmt.Sprint(partition) {
			t.Errorf("partition %d: %v", partition, got)
		}
	}
}

func TestWriteSurvives(t *testing.T) {
	for _, fault := range []*kerr.Error{kerr.NotEnoughReplicas, kerr.NotLeaderForPartition, kerr.LeaderNotAvailable, kerr.RequestTimedOut, kerr.NotEnoughReplicasAfterAppend} {
		t.Run(fault.Message, func(t *testing.T) {
			broker := embedded(t)
			c := open(t, broker.ListenAddrs())
			name := topic(t, c, Topic{})
			h := broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: name, Err: fault, Count: 2})
			written(t, c.OpenSink(name), "a", "b")
			got, _ := take(t, source(t, c, SourceConfig{Topic: name}), 2, 0)
			if values := valuesOf(got); h.Hits() != 2 || !slices.Equal(values[:2], []string{"a", "b"}) {
				t.Errorf("%v after %d faults", values, h.Hits())
			}
		})
	}
}

// TestWriteAsksForAllReplicas, since kafka-go's default is none.
func TestWriteAsksForAllReplicas(t *testing.T) {
	broker := embedded(t)
	c := open(t, broker.ListenAddrs())
	name := topic(t, c, Topic{})
	acks := make(chan int16, 100)
	broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Observe: true, When: func(r kmsg.Request) bool {
		acks <- r.(*kmsg.ProduceRequest).Acks
		return true
	}})
	written(t, c.OpenSink(name), "v")
	if got := <-acks; got != -1 {
		t.Errorf("acks=%d, want -1", got)
	}
}

// TestWriteFitsATopicThatTakesLittle: what one request holds is cut down to what the topic takes, in order; a record that is too large is named.
func TestWriteFitsATopicThatTakesLittle(t *testing.T) {
	onBrokers(t, func(t *testing.T, brokers []string) {
		c := open(t, brokers)
		name := topic(t, c, Topic{Settings: map[string]string{maxMessageBytes: "2000"}})
		var values []string
		for i := range 20 {
			values = append(values, fmt.Sprintf("%0500d", i))
		}
		written(t, c.OpenSink(name), values...)
		if got, _ := take(t, source(t, c, SourceConfig{Topic: name}), 20, 0); !slices.Equal(valuesOf(got), values) {
			t.Errorf("%d records, or in another order", len(got))
		}
		err := c.OpenSink(name).Write(t.Context(), valued("fits", strings.Repeat("x", 3000))...)
		if !errors.Is(err, kafkago.MessageSizeTooLarge) || !strings.Contains(err.Error(), "3000 bytes") || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v", err)
		}
	})
}

func TestWriteSendsInPieces(t *testing.T) {
	onBrokers(t, func(t *testing.T, brokers []string) {
		c := open(t, brokers)
		name := topic(t, c, Topic{})
		var values []string
		for i := range 60 {
			values = append(values, fmt.Sprintf("%050000d", i))
		}
		written(t, c.OpenSink(name), values...) // 3 MB, and brokers take 1 MiB
		if got, _ := take(t, source(t, c, SourceConfig{Topic: name}), 60, 60); !slices.Equal(valuesOf(got), values) {
			t.Errorf("%d records, or in another order", len(got))
		}
	})
}

// TestWriteEndsWithItsContext and says what the last try met.
func TestWriteEndsWithItsContext(t *testing.T) {
	broker := embedded(t)
	c := open(t, broker.ListenAddrs())
	name := topic(t, c, Topic{})
	h := broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: name, Err: kerr.NotEnoughReplicas, Count: -1})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		_ = h.Wait(t.Context(), 2)
		cancel()
	}()
	err := c.OpenSink(name).Write(ctx, valued("v")...)
	if !errors.Is(err, context.Canceled) || !errors.Is(err, kafkago.NotEnoughReplicas) || !strings.Contains(err.Error(), "write 1 records to topic "+name) {
		t.Errorf("error %v", err)
	}
}

func TestWriteToATopicThatIsNotThere(t *testing.T) {
	c := open(t, embedded(t).ListenAddrs())
	if err := c.OpenSink("nowhere").Write(t.Context(), valued("v")...); !errors.Is(err, ErrUnknownTopic) || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("error %v", err)
	}
	if err := c.OpenSink("nowhere").Write(t.Context()); err != nil {
		t.Errorf("writing nothing: %v", err)
	}
}

func TestReplay(t *testing.T) {
	onBrokers(t, func(t *testing.T, brokers []string) {
		c := open(t, brokers)
		log := c.OpenStateLog(topic(t, c, Topic{Partitions: 3, Compacted: true}), 2)
		replayed := func(from int64) (got []string, end int64) {
			end, err := log.Replay(t.Context(), from, func(offset int64, r pipeline.Record) error {
				got = append(got, fmt.Sprint(offset, " ", string(r.Key), "=", string(r.Value)))
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			return got, end
		}
		if got, end := replayed(0); got != nil || end != 0 {
			t.Errorf("an empty log: %v to %d", got, end)
		}
		for i, key := range []string{"a", "b", "a"} {
			if err := log.Write(t.Context(), pipeline.Record{Key: []byte(key), Value: fmt.Append(nil, i), Time: time.Now().UnixMilli()}); err != nil {
				t.Fatal(err)
			}
		}
		if got, end := replayed(0); !slices.Equal(got, []string{"0 a=0", "1 b=1", "2 a=2"}) || end != 3 {
			t.Errorf("%v to %d", got, end)
		}
		if got, end := replayed(2); !slices.Equal(got, []string{"2 a=2"}) || end != 3 {
			t.Errorf("from 2: %v to %d", got, end)
		}
		if got, end := replayed(3); got != nil || end != 3 {
			t.Errorf("from the end: %v to %d", got, end)
		}
		var gone *OffsetError
		if _, err := log.Replay(t.Context(), 4, nil); !errors.As(err, &gone) || gone.End != 3 {
			t.Errorf("from beyond the end: error %v", err)
		}
		stop := errors.New("stop")
		if _, err := log.Replay(t.Context(), 0, func(int64, pipeline.Record) error { return stop }); !errors.Is(err, stop) {
			t.Errorf("error %v, want that of the function", err)
		}
	})
}

func TestReplayOfACompactedLog(t *testing.T) {
	broker := embedded(t)
	c := open(t, broker.ListenAddrs())
	name := topic(t, c, Topic{Compacted: true, Settings: map[string]string{"segment.bytes": "500", "min.cleanable.dirty.ratio": "0.01", "min.compaction.lag.ms": "0"}})
	log := c.OpenStateLog(name, 0)
	for i := range 50 {
		if err := log.Write(t.Context(), pipeline.Record{Key: []byte("model"), Value: fmt.Append(nil, i)}); err != nil {
			t.Fatal(err)
		}
	}
	broker.Compact()
	var last string
	n := 0
	end, err := log.Replay(t.Context(), 0, func(_ int64, r pipeline.Record) error {
		last = string(r.Value)
		n++
		return nil
	})
	if err != nil || end != 50 || last != "49" || n > 40 {
		t.Errorf("%d records to %d, the last %q, error %v", n, end, last, err)
	}
}

// TestReplayWaitsForTheEndOfATransaction, behind whose beginning others have written: what is acknowledged is read.
func TestReplayWaitsForTheEndOfATransaction(t *testing.T) {
	onBrokers(t, func(t *testing.T, brokers []string) {
		c := open(t, brokers)
		name := topic(t, c, Topic{})
		other := franz(t, brokers, kgo.TransactionalID(name))
		if err := other.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		put(t, other, name, "of another group")
		written(t, c.OpenSink(name), "state")
		var values []string
		ended := make(chan error)
		go func() {
			_, err := c.OpenStateLog(name, 0).Replay(t.Context(), 0, func(_ int64, r pipeline.Record) error {
				values = append(values, string(r.Value))
				return nil
			})
			ended <- err
		}()
		if err := other.EndTransaction(t.Context(), kgo.TryAbort); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; err != nil || !slices.Equal(values, []string{"state"}) {
			t.Errorf("%q, error %v", values, err)
		}
	})
}

// TestReplayRefusesStateItCannotRead: a gap in the state is not state.
func TestReplayRefusesStateItCannotRead(t *testing.T) {
	broker := embedded(t)
	c := open(t, broker.ListenAddrs())
	name := topic(t, c, Topic{Compacted: true})
	written(t, c.OpenSink(name), "state")
	broker.ControlKey(int16(kmsg.Fetch), func(kmsg.Request) (kmsg.Response, error, bool) {
		broker.KeepControl()
		a := answer(namedVersion, 0, nil)
		a.Topics[0].Partitions[0].RecordBatches = batch{codec: kafkago.Gzip, payload: []byte("nonsense"), count: 1}.bytes(t)
		return &a, nil, true
	})
	_, err := c.OpenStateLog(name, 0).Replay(t.Context(), 0, func(int64, pipeline.Record) error { t.Error("it was handed out"); return nil })
	if err == nil || !strings.Contains(err.Error(), "offset 0 cannot be read") || !strings.Contains(err.Error(), name) {
		t.Errorf("error %v", err)
	}
}
