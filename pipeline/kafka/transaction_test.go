package kafka

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/streamfit/streamfit/pipeline"
)

// shop is what a shard in transactions is connected to: topics of a test's own, and a place in a group.
type shop struct {
	c                             *Cluster
	brokers                       []string
	input, output, letters, state string
	member                        Member
}

func openShop(t *testing.T, brokers []string) *shop {
	c := open(t, brokers)
	s := &shop{
		c: c, brokers: brokers, input: topic(t, c, Topic{Name: "-in"}), output: topic(t, c, Topic{Name: "-out"}), letters: topic(t, c, Topic{Name: "-dead", Partitions: 2}),
		state: topic(t, c, Topic{Name: "-state", Compacted: true}),
	}
	joined := make(chan Member, 1)
	join(t, c, GroupConfig{Group: s.input, Topic: s.input}, func(ctx context.Context, m Member, _ int) error {
		joined <- m
		<-ctx.Done()
		return nil
	})
	s.member = <-joined
	return s
}

func (s *shop) transactor() *Transactor {
	return s.c.OpenTransactor(TransactorConfig{
		ID: s.input, Output: s.c.OpenSink(s.output), DeadLetters: s.c.OpenSink(s.letters), State: s.c.OpenStateLog(s.state, 0), Member: s.member,
	})
}

func (s *shop) begin(t *testing.T) *Transactor {
	t.Helper()
	tr := s.transactor()
	if err := tr.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	return tr
}

func shipment(position int64, updates ...string) pipeline.Shipment {
	return pipeline.Shipment{
		Updates: valued(updates...), DeadLetters: valued(fmt.Sprint("letter ", position), fmt.Sprint("another ", position)),
		State: []pipeline.Record{{Key: []byte("m@1"), Value: fmt.Append(nil, position)}}, Position: position,
	}
}

func committing(t *testing.T, tr *Transactor, s pipeline.Shipment) {
	t.Helper()
	if err := tr.Commit(t.Context(), s); err != nil {
		t.Fatal(err)
	}
}

// committed is what franz-go, another maker's client, sees of a topic as a reader of committed records, up to its end.
func (s *shop) committed(t *testing.T, topic string) (values []string) {
	t.Helper()
	partitions, err := s.c.Partitions(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	left := map[int32]int64{}
	for p := range partitions {
		if end := s.end(t, topic, p); end > 0 {
			left[int32(p)] = end
		}
	}
	reader := franz(t, s.brokers, kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(), kgo.ConsumeTopics(topic))
	for len(left) > 0 { // control records are kept so that the end is reached
		reader.PollFetches(t.Context()).EachRecord(func(r *kgo.Record) {
			if r.Offset+1 >= left[r.Partition] {
				delete(left, r.Partition)
			}
			if !r.Attrs.IsControl() {
				values = append(values, string(r.Value))
			}
		})
	}
	return values
}

// end of a partition, with what is not committed yet: brokers write a transaction's end into the partitions only after they have answered, so for a while what
// is committed ends before the last transaction.
func (s *shop) end(t *testing.T, topic string, partition int) int64 {
	t.Helper()
	answer, err := s.c.asker.ListOffsets(t.Context(), &kafkago.ListOffsetsRequest{
		Topics: map[string][]kafkago.OffsetRequest{topic: {kafkago.LastOffsetOf(partition)}}, IsolationLevel: kafkago.ReadUncommitted,
	})
	if err != nil {
		t.Fatal(err)
	}
	offsets := answer.Topics[topic]
	if len(offsets) != 1 || offsets[0].Error != nil {
		t.Fatalf("the end of topic %s, partition %d: %+v", topic, partition, offsets)
	}
	return offsets[0].LastOffset
}

// offset that the group has committed; -1: none.
func (s *shop) offset(t *testing.T) int64 {
	t.Helper()
	answer, err := s.c.client.OffsetFetch(t.Context(), &kafkago.OffsetFetchRequest{GroupID: s.input, Topics: map[string][]int{s.input: {0}}})
	if err != nil {
		t.Fatal(err)
	}
	return answer.Topics[s.input][0].CommittedOffset
}

func TestATransactionIsThereAsAWhole(t *testing.T) {
	onBrokers(t, func(t *testing.T, brokers []string) {
		s := openShop(t, brokers)
		tr := s.begin(t)
		for i := range 5 {
			committing(t, tr, shipment(int64(10*i), fmt.Sprint("a", i), fmt.Sprint("b", i)))
		}
		committing(t, tr, pipeline.Shipment{State: []pipeline.Record{{Key: []byte("m@1"), Value: []byte("state alone")}}, Position: 50})
		if got, want := s.committed(t, s.output), []string{"a0", "b0", "a1", "b1", "a2", "b2", "a3", "b3", "a4", "b4"}; !slices.Equal(got, want) {
			t.Errorf("updates %v, want %v", got, want)
		}
		if got := s.committed(t, s.letters); len(got) != 10 {
			t.Errorf("%d dead letters %v, want 10", len(got), got)
		}
		if got, want := s.committed(t, s.state), []string{"0", "10", "20", "30", "40", "state alone"}; !slices.Equal(got, want) {
			t.Errorf("state %v, want %v", got, want)
		}
		if got := s.offset(t); got != 50 {
			t.Errorf("the group is at %d, want 50", got)
		}
	})
}

// What the last owner has not committed is void for the next, and what it tries afterwards is refused, whatever it tries.
func TestTheNextOwnerShutsTheLastOneOut(t *testing.T) {
	onBrokers(t, func(t *testing.T, brokers []string) {
		s := openShop(t, brokers)
		zombie := s.begin(t)
		committing(t, zombie, shipment(1, "first"))
		open := shipment(2, "void")
		writes, err := zombie.sort(t.Context(), open)
		if err == nil {
			err = zombie.write(t.Context(), writes, open.Position)
		}
		if err != nil {
			t.Fatal(err)
		}
		heir := s.begin(t)
		committing(t, heir, shipment(2, "second"))
		if err := zombie.try(t.Context(), "EndTxn", "end", func() error { return zombie.end(t.Context(), true) }); !errors.Is(err, pipeline.ErrFenced) {
			t.Errorf("the zombie's commit: error %v, want ErrFenced", err)
		}
		if err := zombie.Commit(t.Context(), shipment(3, "void")); !errors.Is(err, pipeline.ErrFenced) {
			t.Errorf("the zombie's next transaction: error %v, want ErrFenced", err)
		}
		committing(t, heir, shipment(3, "third"))
		if got, want := s.committed(t, s.output), []string{"first", "second", "third"}; !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
		if got := s.offset(t); got != 3 {
			t.Errorf("the group is at %d, want 3", got)
		}
	})
}

// A member that the group has gone on without is shut out by the group, even if nobody took its transactional id.
func TestTheGroupShutsOut(t *testing.T) {
	onBrokers(t, func(t *testing.T, brokers []string) {
		s := openShop(t, brokers)
		now := s.member.generation
		s.member.generation = &kafkago.Generation{GroupID: now.GroupID, MemberID: now.MemberID, ID: now.ID - 1}
		if err := s.begin(t).Commit(t.Context(), shipment(1, "void")); !errors.Is(err, pipeline.ErrFenced) || !errors.Is(err, kafkago.IllegalGeneration) {
			t.Errorf("error %v, want ErrFenced", err)
		}
		if got := s.committed(t, s.output); len(got) != 0 || s.offset(t) != -1 {
			t.Errorf("%v was committed", got)
		}
	})
}

// Every request of a transaction may fail a few times, before or after the broker has done what it asked for: each record is there once.
func TestTransactionsSurvive(t *testing.T) {
	for _, key := range []kmsg.Key{kmsg.InitProducerID, kmsg.AddPartitionsToTxn, kmsg.Produce, kmsg.AddOffsetsToTxn, kmsg.TxnOffsetCommit, kmsg.EndTxn} {
		for _, fault := range []*kerr.Error{kerr.CoordinatorLoadInProgress, kerr.CoordinatorNotAvailable, kerr.NotCoordinator, kerr.ConcurrentTransactions, kerr.NotEnoughReplicas} {
			t.Run(key.Name()+" "+fault.Message, func(t *testing.T) {
				broker := embedded(t)
				s := openShop(t, broker.ListenAddrs())
				h := broker.Fault(kfake.Fault{Keys: []kmsg.Key{key}, Err: fault, Count: 2})
				tr := s.begin(t)
				committing(t, tr, shipment(1, "a", "b"))
				committing(t, tr, shipment(2, "c"))
				if got := s.committed(t, s.output); !slices.Equal(got, []string{"a", "b", "c"}) || h.Hits() != 2 || s.offset(t) != 2 {
					t.Errorf("%v, position %d, after %d faults", got, s.offset(t), h.Hits())
				}
			})
		}
	}
}

// An answer that never comes leaves it open whether the request was obeyed. Asked again, it must not be obeyed twice.
func TestTransactionsSurviveLostAnswers(t *testing.T) {
	for _, key := range []kmsg.Key{kmsg.InitProducerID, kmsg.AddPartitionsToTxn, kmsg.Produce, kmsg.AddOffsetsToTxn, kmsg.TxnOffsetCommit, kmsg.EndTxn} {
		t.Run(key.Name(), func(t *testing.T) {
			losing := &losingListener{key: int16(key)}
			s := openShop(t, embedded(t, kfake.ListenFn(losing.listen)).ListenAddrs())
			losing.left.Store(2)
			tr := s.begin(t)
			committing(t, tr, shipment(1, "a", "b"))
			committing(t, tr, shipment(2, "c"))
			if got := s.committed(t, s.output); !slices.Equal(got, []string{"a", "b", "c"}) || losing.left.Load() > 0 || s.offset(t) != 2 {
				t.Errorf("%v, position %d, %d answers left to lose", got, s.offset(t), losing.left.Load())
			}
		})
	}
}

// losingListener loses the answers to some requests: the broker does what it was asked, and the connection breaks.
type losingListener struct {
	net.Listener
	key  int16
	left atomic.Int64
}

func (l *losingListener) listen(network, address string) (net.Listener, error) {
	var err error
	l.Listener, err = net.Listen(network, address)
	return l, err
}

func (l *losingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	return &losingConn{Conn: conn, listener: l}, err
}

type losingConn struct {
	net.Conn
	listener *losingListener
	lose     atomic.Bool
}

// Read sees a request in two: its size, then the rest, which begins with the key.
func (c *losingConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > sizePrefix && int16(binary.BigEndian.Uint16(b)) == c.listener.key && c.listener.left.Add(-1) >= 0 {
		c.lose.Store(true)
	}
	return n, err
}

func (c *losingConn) Write(b []byte) (int, error) {
	if c.lose.Load() {
		c.Close()
		return 0, net.ErrClosed
	}
	return c.Conn.Write(b)
}

// What a topic does not take is an error that names it; nothing of the transaction is seen, and readers are not held up.
func TestATransactionThatCannotBeIsAborted(t *testing.T) {
	onBrokers(t, func(t *testing.T, brokers []string) {
		s := openShop(t, brokers)
		s.letters = topic(t, s.c, Topic{Name: "-small", Settings: map[string]string{maxMessageBytes: "2000"}})
		tr := s.begin(t)
		large := shipment(1, "void")
		large.DeadLetters = valued("fits", strings.Repeat("x", 3000))
		if err := tr.Commit(t.Context(), large); !errors.Is(err, kafkago.MessageSizeTooLarge) || !strings.Contains(err.Error(), s.letters) {
			t.Errorf("error %v", err)
		}
		if err := tr.Commit(t.Context(), shipment(2, "void")); err == nil {
			t.Error("it went on after an error, with sequence numbers that it cannot know")
		}
		written(t, s.c.OpenSink(s.output), "not held up")
		if got := s.committed(t, s.output); !slices.Equal(got, []string{"not held up"}) {
			t.Error(got)
		}
	})
}

// Many records of many kilobytes are several batches, some of them halved: their sequence numbers follow each other.
func TestATransactionOfManyBatches(t *testing.T) {
	onBrokers(t, func(t *testing.T, brokers []string) {
		s := openShop(t, brokers)
		s.output = topic(t, s.c, Topic{Name: "-small", Settings: map[string]string{maxMessageBytes: "200000"}})
		tr := s.begin(t)
		var want []string
		for round := range 2 {
			var updates []string
			for i := range 60 {
				updates = append(updates, fmt.Sprintf("%d %050000d", round, i))
			}
			committing(t, tr, shipment(int64(round), updates...))
			want = append(want, updates...)
		}
		if got := s.committed(t, s.output); !slices.Equal(got, want) {
			t.Errorf("%d updates, want %d, or in another order", len(got), len(want))
		}
	})
}

func TestTransactionsEndWithTheirContext(t *testing.T) {
	broker := embedded(t)
	s := openShop(t, broker.ListenAddrs())
	tr := s.begin(t)
	h := broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.EndTxn}, Err: kerr.CoordinatorNotAvailable, Count: -1})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	go func() {
		_ = h.Wait(t.Context(), 2)
		cancel()
	}()
	if err := tr.Commit(ctx, shipment(1, "open")); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	h.Remove()
	committing(t, s.begin(t), shipment(1, "again"))
	if got := s.committed(t, s.output); !slices.Equal(got, []string{"again"}) {
		t.Error(got)
	}
}
