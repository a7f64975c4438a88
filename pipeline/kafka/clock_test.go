package kafka

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/streamfit/streamfit/pipeline"
)

// wandering is a clock that jumps with every look at it: by a century, back before 1970, and by the two hours of a wrong time zone.
func wandering() func() time.Time {
	looks := 0
	return func() time.Time {
		looks++
		return []time.Time{time.Now().Add(2 * time.Hour), time.Now(), time.Now().AddDate(100, 0, 0), time.UnixMilli(1), time.UnixMilli(-1e9), time.Now().AddDate(-30, 0, 0)}[looks%6]
	}
}

// Whatever the clock says, what is written arrives, in order: by Kafka's defaults a topic takes no record that is an hour ahead of the broker's clock.
func TestTheClockDoesNotMatter(t *testing.T) {
	onBrokers(t, func(t *testing.T, brokers []string) {
		s := openShop(t, brokers)
		s.c.now = wandering()
		var want []string
		sink := s.c.OpenSink(s.output)
		for i := range 12 {
			want = append(want, fmt.Sprint(i))
			written(t, sink, want[i])
		}
		tr := s.begin(t)
		for i := range 12 {
			want = append(want, fmt.Sprint("in transaction ", i))
			committing(t, tr, shipment(int64(i+1), want[len(want)-1]))
		}
		if got := s.committed(t, s.output); !slices.Equal(got, want) {
			t.Errorf("\n got %q\nwant %q", got, want)
		}
		var state string
		if _, err := s.c.OpenStateLog(s.state, 0).Replay(t.Context(), 0, func(_ int64, r pipeline.Record) error {
			state = string(r.Value)
			return nil
		}); err != nil || state != "12" {
			t.Errorf("the state is %q, %v", state, err)
		}
	})
}

// A dead letter has its message's time. One from the far future must not hold the partition up.
func TestATimeThatIsRefusedIsLeftOut(t *testing.T) {
	broker := embedded(t)
	c := open(t, broker.ListenAddrs())
	name := topic(t, c, Topic{})
	h := broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.InvalidTimestamp, Count: 1})
	if err := c.OpenSink(name).Write(t.Context(), pipeline.Record{Value: []byte("later"), Time: time.Now().AddDate(100, 0, 0).UnixMilli()}); err != nil {
		t.Fatal(err)
	}
	run, err := source(t, c, SourceConfig{Topic: name}).Fetch(t.Context())
	if err != nil || len(run.Messages) != 1 || string(run.Messages[0].Value) != "later" || run.Messages[0].Time != noTime || h.Hits() != 1 {
		t.Errorf("got %+v, %v after %d faults", run.Messages, err, h.Hits())
	}
}
