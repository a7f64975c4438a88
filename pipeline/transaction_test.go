package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// memoryTransactor commits to the world's topics, until it crashes: then nothing of the shipment is there, or all of it and nobody was told.
type memoryTransactor struct {
	w              *world
	left           int // commits until the crash
	told           bool
	begun, commits int
	saw            func(Shipment) // nil: nobody looks
}

func (m *memoryTransactor) Begin(context.Context) error {
	m.begun++
	return nil
}

func (m *memoryTransactor) Commit(ctx context.Context, s Shipment) error {
	if m.left == 0 && !m.told {
		return errCrash
	}
	if m.commits++; m.saw != nil {
		m.saw(s)
	}
	err := errors.Join(m.w.deadLetters.Write(ctx, s.DeadLetters...), m.w.output.Write(ctx, s.Updates...), m.w.state.Write(ctx, s.State...))
	if m.left == 0 {
		return errors.Join(err, errCrash)
	}
	m.left--
	return err
}

// Killed before or after any commit, and compacted in between: the updates are in order, each there once, and so are the dead letters.
func TestInTransactionsEveryUpdateAndDeadLetterIsThereOnce(t *testing.T) {
	good := makeTable(2600, 2).every(t, 100)
	bad := Message{Value: []byte("no arrow")}
	messages := numbered(slices.Concat(good[:7], []Message{bad}, good[7:20], []Message{bad, bad}, good[20:]))
	want := uninterrupted(t, messages)
	rapid.Check(t, func(rt *rapid.T) {
		w := world{cfg: testConfig(), source: memorySource{messages: messages, perFetch: rapid.IntRange(1, 5).Draw(rt, "perFetch")}}
		w.cfg.State.Every = time.Duration(rapid.IntRange(0, 1).Draw(rt, "hold")) * time.Hour
		for _, commits := range append(rapid.SliceOfN(rapid.IntRange(0, 12), 0, 6).Draw(rt, "commits until the kill"), math.MaxInt, math.MaxInt) {
			w.transactor = &memoryTransactor{w: &w, left: commits, told: rapid.Bool().Draw(rt, "committed before the kill")}
			if err := w.run(t); err != nil && !errors.Is(err, errCrash) {
				rt.Fatal(err)
			}
			if rapid.Bool().Draw(rt, "compact") {
				w.state.compact()
			}
		}
		if got := w.output.newest(); !bytes.Equal(got, want) {
			rt.Fatalf("\n got %s\nwant %s", got, want)
		}
		last := int64(-1)
		for _, r := range w.output.records {
			var u Update
			if err := json.Unmarshal(r.Value, &u); err != nil {
				rt.Fatal(err)
			}
			if at := u.Position["rows"]["0"]; at <= last {
				rt.Fatalf("an update at position %d after one at %d", at, last)
			} else {
				last = at
			}
		}
		var letters []string
		for _, r := range w.deadLetters.records {
			for _, h := range r.Headers {
				if h.Key == HeaderOffset {
					letters = append(letters, string(h.Value))
				}
			}
		}
		if want := []string{"7", "21", "22"}; !slices.Equal(letters, want) {
			rt.Fatalf("dead letters of offsets %v, want %v", letters, want)
		}
	})
}

// What waits for a checkpoint is bounded: a flood of dead letters makes it due.
func TestAFloodDoesNotWaitForTheClock(t *testing.T) {
	var messages []Message
	for range 20 {
		messages = append(messages, Message{Value: bytes.Repeat([]byte("x"), 1<<20)})
	}
	w := world{cfg: testConfig(), source: memorySource{messages: numbered(messages)}}
	w.cfg.State.Every = time.Hour
	w.transactor = &memoryTransactor{w: &w, left: math.MaxInt}
	w.mustRun(t)
	if n := len(w.deadLetters.records); n != 20 || w.transactor.begun != 1 || w.transactor.commits < 20/4 {
		t.Errorf("%d dead letters in %d commits", n, w.transactor.commits)
	}
}

// The updates of very many keys are many transactions, none of which is long: a broker aborts those that take their time.
func TestUpdatesOfManyKeysAreManyTransactions(t *testing.T) {
	rows := makeKeyedTable(6000, 6000, 3)
	w := world{cfg: keyedConfig(), source: memorySource{messages: rows.every(t, 100)}}
	w.cfg.Output.EveryRows, w.cfg.State.Every = 0, time.Hour
	longest := 0
	w.transactor = &memoryTransactor{w: &w, left: math.MaxInt, saw: func(s Shipment) {
		size := 0
		for _, u := range s.Updates {
			size += len(u.Value)
		}
		longest = max(longest, size)
	}}
	w.mustRun(t)
	published := map[string]int{}
	for _, r := range w.output.records {
		published[string(r.Key)]++
	}
	for key, n := range published {
		if n != 1 {
			t.Errorf("key %s has %d updates", key, n)
		}
	}
	t.Logf("%d keys in %d transactions, the longest of %d bytes of updates", len(published), w.transactor.commits, longest)
	if keys := len(slices.Compact(slices.Sorted(slices.Values(rows.key)))); len(published) != keys || longest > mostWaiting+shipmentBytes {
		t.Errorf("%d of %d keys are published, in transactions of up to %d bytes", len(published), keys, longest)
	}
}

// A process that was asleep for so long that the group may have gone on asks before it writes, and writes nothing if the group has.
func TestAfterALongSleepNothingIsWrittenForAnotherOwner(t *testing.T) {
	messages := makeTable(2600, 2).every(t, 100)
	for _, answer := range []error{nil, ErrFenced, io.ErrUnexpectedEOF} { // a connection that has died meanwhile says nothing
		t.Run(fmt.Sprint(answer), func(t *testing.T) {
			gone := answer != nil
			w := world{cfg: testConfig(), source: memorySource{messages: messages}}
			w.cfg.Kafka.SessionTimeout = 0 // whatever the time, it is too long ago
			asked := 0
			w.commit = func(context.Context, int64) error {
				asked++
				return answer
			}
			err := w.run(t)
			if asked == 0 || errors.Is(err, ErrFenced) != gone {
				t.Errorf("error %v after %d questions", err, asked)
			}
			if n := w.output.count(); (n == 0) != gone {
				t.Errorf("%d updates were written", n)
			}
		})
	}
}
