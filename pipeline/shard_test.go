package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// withoutPosition is an update record with its position struck out: what may not depend on how rows were cut into messages.
func withoutPosition(t testing.TB, value []byte) string {
	t.Helper()
	var u map[string]json.RawMessage
	if err := json.Unmarshal(value, &u); err != nil {
		t.Fatalf("update %.100s: %v", value, err)
	}
	delete(u, "position")
	out, err := json.Marshal(u)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// uninterrupted is the final update of one pass over the messages.
func uninterrupted(t testing.TB, messages []Message) []byte {
	w := world{cfg: testConfig(), source: memorySource{messages: messages}}
	w.mustRun(t)
	return w.output.newest()
}

func TestHowRowsAreCutIntoMessagesChangesNoBit(t *testing.T) {
	rows := makeTable(3000, 1)
	want := withoutPosition(t, uninterrupted(t, rows.every(t, 1000)))
	rapid.Check(t, func(rt *rapid.T) {
		ends := rapid.SliceOfN(rapid.IntRange(1, 2999), 0, 20).Draw(rt, "ends")
		slices.Sort(ends)
		w := world{cfg: testConfig(), source: memorySource{messages: rows.cut(t, ends...), perFetch: rapid.IntRange(1, 7).Draw(rt, "perFetch")}}
		w.mustRun(t)
		if got := withoutPosition(t, w.output.newest()); got != want {
			rt.Fatalf("cut at %v:\n got %s\nwant %s", ends, got, want)
		}
	})
}

func TestKilledAnywhereAndRestartedEqualsOnePass(t *testing.T) {
	rows := makeTable(2600, 2)
	messages := rows.every(t, 100)
	want := uninterrupted(t, messages)
	rapid.Check(t, func(rt *rapid.T) {
		w := world{cfg: testConfig(), source: memorySource{messages: messages, perFetch: rapid.IntRange(1, 5).Draw(rt, "perFetch")}}
		updates := map[int64][]byte{}
		kills := rapid.SliceOfN(rapid.IntRange(0, 40), 0, 6).Draw(rt, "writes until the kill")
		for _, writes := range kills {
			w.killAfter(writes)
			if err := w.run(t); err != nil && !errors.Is(err, errCrash) {
				rt.Fatal(err)
			}
			if rapid.Bool().Draw(rt, "compact") {
				w.state.compact()
			}
		}
		w.killAfter(math.MaxInt)
		w.mustRun(t)
		if got := w.output.newest(); !bytes.Equal(got, want) {
			rt.Fatalf("killed after %v writes:\n got %s\nwant %s", kills, got, want)
		}
		for _, r := range w.output.records { // published again after a restart: the same bytes
			var u Update
			if err := json.Unmarshal(r.Value, &u); err != nil {
				rt.Fatal(err)
			}
			at := u.Position["rows"]["0"]
			if first, again := updates[at]; again && !bytes.Equal(first, r.Value) {
				rt.Fatalf("two updates at position %d:\n%s\n%s", at, first, r.Value)
			}
			updates[at] = r.Value
		}
	})
}

// killAfter makes the next write but so many fail for good, whichever topic it goes to.
func (w *world) killAfter(writes int) {
	fail := func(int) error {
		if writes == 0 {
			return errCrash
		}
		writes--
		return nil
	}
	w.output.fail, w.deadLetters.fail, w.state.fail = fail, fail, fail
}

func TestZombieNeverWins(t *testing.T) {
	rows := makeTable(2000, 3)
	messages := rows.every(t, 100)
	w := world{cfg: testConfig(), source: memorySource{messages: messages[:10]}}
	w.mustRun(t) // the first owner, up to position 10
	zombie := w.state.records[len(w.state.records)-1]

	w.source = memorySource{messages: messages[:12]}
	w.mustRun(t) // the second owner took over and learned two more
	c, err := parseCheckpoint(zombie.Value)
	if err != nil {
		t.Fatal(err)
	}
	c.Position = 17 // the zombie has run on, and writes last
	value, err := c.appendRecord(nil)
	if err != nil {
		t.Fatal(err)
	}
	w.state.records = append(w.state.records, Record{Key: zombie.Key, Value: value})
	w.state.compact()

	w.source = memorySource{messages: messages}
	w.mustRun(t)
	if got, want := w.output.newest(), uninterrupted(t, messages); !bytes.Equal(got, want) {
		t.Fatalf("\n got %s\nwant %s", got, want)
	}
}

func TestUndecodableMessagesBecomeDeadLettersBeforeTheyArePassed(t *testing.T) {
	rows := makeTable(1000, 4)
	good := rows.every(t, 100)
	bad := Message{Key: []byte("k"), Value: []byte(`{"not":"arrow"}`), Headers: []Header{{Key: "h", Value: []byte("v")}}, Time: 99}
	messages := numbered(slices.Concat(good[:3], []Message{bad}, good[3:], []Message{{Value: nil}}))
	w := world{cfg: testConfig(), source: memorySource{messages: messages}}
	w.mustRun(t)
	if n := len(w.deadLetters.records); n != 1 {
		t.Fatalf("%d dead letters, want 1", n)
	}
	letter := w.deadLetters.records[0]
	if !bytes.Equal(letter.Value, bad.Value) || string(letter.Key) != "k" || letter.Time != 99 {
		t.Errorf("dead letter %+v does not carry the message %+v", letter, bad)
	}
	headers := map[string]string{}
	for _, h := range letter.Headers {
		headers[h.Key] = string(h.Value)
	}
	for name, want := range map[string]string{
		"h": "v", HeaderTopic: "rows", HeaderPartition: "0", HeaderOffset: "3", HeaderStage: "decode", HeaderModel: "m", HeaderReason: "framing",
	} {
		if headers[name] != want {
			t.Errorf("header %s is %q, want %q", name, headers[name], want)
		}
	}
	var u, clean Update
	for value, into := range map[*[]byte]*Update{ptr(w.output.newest()): &u, ptr(uninterrupted(t, good)): &clean} {
		if err := json.Unmarshal(*value, into); err != nil {
			t.Fatal(err)
		}
	}
	if u.DeadLetters != 1 || u.Position["rows"]["0"] != 12 || u.Rows != clean.Rows || u.Intercept != clean.Intercept {
		t.Errorf("update %+v, want one dead letter, position 12 and the rows and coefficients of %+v", u, clean)
	}
}

func ptr[T any](v T) *T { return &v }

func TestWithoutDeadLetterTopicTheRunStopsAtTheMessage(t *testing.T) {
	rows := makeTable(300, 5)
	messages := numbered(append(rows.every(t, 100), Message{Value: []byte("junk")}))
	w := world{cfg: testConfig(), source: memorySource{messages: messages}, noDeadLetterTopic: true}
	err := w.run(t)
	var decode *DecodeError
	if !errors.As(err, &decode) || decode.Offset != 3 || !strings.Contains(err.Error(), "topic rows, partition 0, offset 3") {
		t.Fatalf("got error %v", err)
	}
	if c := w.newestCheckpoint(t); c.Position > 3 {
		t.Errorf("a checkpoint passed the message: position %d", c.Position)
	}
}

func (w *world) newestCheckpoint(t testing.TB) *Checkpoint {
	t.Helper()
	c, err := parseCheckpoint(w.state.newest())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestPoliciesForRowsThatCannotBeLearnedFrom(t *testing.T) {
	rows := makeTable(200, 6)
	rows.a[150], rows.b[151], rows.y[199] = nullValue, math.NaN(), math.Inf(1)
	messages := rows.every(t, 100)

	w := world{cfg: testConfig(), source: memorySource{messages: messages}}
	w.cfg.Input.BadRows.NonFinite = policyDeadLetter
	w.mustRun(t)
	var u Update
	if err := json.Unmarshal(w.output.newest(), &u); err != nil {
		t.Fatal(err)
	}
	if u.Rows.Learned != 197 || u.Rows.Skipped != (Skipped{Null: 1, NonFinite: 2}) {
		t.Errorf("rows %+v", u.Rows)
	}
	if n := len(w.deadLetters.records); n != 1 {
		t.Errorf("%d dead letters, want the one message once", n)
	}

	w = world{cfg: testConfig(), source: memorySource{messages: messages}}
	w.cfg.Input.BadRows.Null = policyFail
	err := w.run(t)
	var row *RowError
	if !errors.As(err, &row) || row.Offset != 1 || row.Row != 50 || row.Reason != "null" {
		t.Fatalf("got error %v", err)
	}
	if c := w.newestCheckpoint(t); c.Position != 1 {
		t.Errorf("checkpoint at position %d, want 1: before the message with the row", c.Position)
	}
}

func TestStateThatDoesNotFitIsAnErrorAndNeverAStartFromZero(t *testing.T) {
	rows := makeTable(200, 7)
	run := func(change func(*world)) error {
		w := world{cfg: testConfig(), source: memorySource{messages: rows.every(t, 100)}}
		w.mustRun(t)
		change(&w)
		return w.run(t)
	}
	for name, c := range map[string]struct {
		change func(*world)
		says   string
	}{
		"other features":   {func(w *world) { w.cfg.Model.Features = []string{"a"} }, "features was a,b, is a"},
		"other knee":       {func(w *world) { w.cfg.Model.Delta.Auto, w.cfg.Model.Delta.Value = false, 2 }, "delta was"},
		"other group":      {func(w *world) { w.cfg.Input.Group = "other" }, "group g"},
		"damaged record":   {func(w *world) { w.state.records[len(w.state.records)-1].Value[40] ^= 1 }, "start once with --reset-state"},
		"damaged snapshot": {damageSnapshot, "snapshot"},
	} {
		err := run(c.change)
		if !errors.Is(err, ErrState) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got error %v, want one that says %q", name, err, c.says)
		}
	}
	if err := run(func(w *world) { w.cfg.Output.EveryRows = 7 }); err != nil {
		t.Errorf("another cadence is no other model: %v", err)
	}
}

// damageSnapshot flips a bit and makes the record's checksum right again.
func damageSnapshot(w *world) {
	last := &w.state.records[len(w.state.records)-1]
	c, err := parseCheckpoint(last.Value)
	if err != nil {
		panic(err)
	}
	c.Snapshot = clone(c.Snapshot)
	c.Snapshot[len(c.Snapshot)/2] ^= 1
	if last.Value, err = c.appendRecord(nil); err != nil {
		panic(err)
	}
}

func TestFeaturesStarTakesEveryNumericColumnAndSurvivesARestart(t *testing.T) {
	messages := makeTable(1200, 8).every(t, 100)
	w := world{cfg: testConfig(), source: memorySource{messages: append([]Message{{Value: []byte("junk")}}, messages...)}}
	numbered(w.source.messages)
	all := w.source.messages
	w.cfg.Model.Features = []string{"*"}
	w.source.messages = all[:5]
	w.mustRun(t)
	w.source.messages = all
	w.mustRun(t)
	var u Update
	if err := json.Unmarshal(w.output.newest(), &u); err != nil {
		t.Fatal(err)
	}
	if len(u.Coefficients) != 2 || u.Coefficients[0].Name != "b" || u.Coefficients[1].Name != "a" || u.Rows.Learned != 1200 {
		t.Errorf("update %+v", u)
	}
}

func TestTheClockPublishesAndCheckpointsWhenNothingArrives(t *testing.T) {
	messages := makeTable(300, 9).every(t, 100)
	synctest.Test(t, func(t *testing.T) {
		w := world{cfg: testConfig(), source: memorySource{messages: messages, endless: true}}
		w.cfg.Output.EveryRows, w.cfg.Output.Every, w.cfg.State.Every = 0, time.Second, time.Minute
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- w.shard().Run(ctx) }()
		time.Sleep(500 * time.Millisecond) // the bubble's clock: no time passes
		synctest.Wait()
		if n := w.output.count(); n != 0 {
			t.Errorf("%d updates before the clock called", n)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if n := w.output.count(); n != 1 {
			t.Errorf("%d updates after 10 s with nothing new, want 1", n)
		}
		if n := w.state.count(); n != 1 {
			t.Errorf("%d state records before a minute is over, want the claim", n)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if c := w.newestCheckpoint(t); c.Position != 3 {
			t.Errorf("checkpoint at %d, want 3", c.Position)
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestAFailingTopicStopsTheRunAndIsNamed(t *testing.T) {
	messages := makeTable(2000, 10).every(t, 100)
	for name, pick := range map[string]func(*world) *memoryLog{
		"updates":    func(w *world) *memoryLog { return &w.output },
		"checkpoint": func(w *world) *memoryLog { return &w.state },
	} {
		w := world{cfg: testConfig(), source: memorySource{messages: messages, endless: true}}
		broken := fmt.Errorf("broken")
		pick(&w).fail = func(n int) error {
			if n > 1 {
				return broken
			}
			return nil
		}
		if err := w.run(t); !errors.Is(err, broken) || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "rows/0") {
			t.Errorf("%s: got error %v", name, err)
		}
	}
}
