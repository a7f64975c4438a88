package kafka

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

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
	broker.ControlKey(int16(kmsg.Fetch), func(req kmsg.Request) (kmsg.Response, error, bool) {
		return &kmsg.FetchResponse{Version: req.GetVersion(), ThrottleMillis: 5}, nil, true // once
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
