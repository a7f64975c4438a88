//go:build unix

package endtoend

import (
	"bytes"
	"strconv"
	"testing"

	"github.com/streamfit/streamfit/pipeline"
)

const flightRows = 200_000

// The main job: produced, learned, stopped. The last update is that of a replay of the same file, to the bit.
func TestRunEqualsReplay(t *testing.T) {
	onEachBroker(t, func(t *testing.T, w *world) {
		w.must("produce", "--brokers", w.broker, "--topic", w.input, "--batch-rows", "1000", flights)
		run := w.start()
		updates := w.read(w.output)
		raw, u := updates.update()
		for u.Rows.Learned < flightRows {
			raw, u = updates.update()
		}
		w.stop(run)
		if got, want := withoutPosition(t, raw), withoutPosition(t, w.replayed(flights)); got != want {
			t.Errorf("\n   run %s\nreplay %s", got, want)
		}
		if got := u.Position[w.input]["0"]; got != flightRows/1000 {
			t.Errorf("position %d, want %d", got, flightRows/1000)
		}
	})
}

// Killed at any moment and started again, as often as it takes: the bits of one uninterrupted pass, and no two different updates of one position.
func TestKilledAndRestartedEqualsReplay(t *testing.T) {
	onEachBroker(t, func(t *testing.T, w *world) {
		produced := make(chan error, 1)
		producer := w.command("produce", "--brokers", w.broker, "--topic", w.input, "--batch-rows", "500", "--rate", "40000", flights)
		go func() { produced <- producer.Run() }()
		waitForTopic(w)
		updates, at := w.read(w.output), map[int64][]byte{}
		kills, last := 0, []byte(nil)
		run := w.start()
		for learned, since := uint64(0), 0; learned < flightRows; {
			raw, u := updates.update()
			position := u.Position[w.input]["0"]
			if before, again := at[position]; again && !bytes.Equal(before, raw) {
				t.Fatalf("two updates at position %d:\n%s\n%s", position, before, raw)
			}
			if at[position] == nil {
				since++
			}
			at[position], learned, last = raw, u.Rows.Learned, raw
			if since == 4 && learned < flightRows { // some way further than at the last kill
				w.kill(run)
				kills, since = kills+1, 0
				run = w.start()
			}
		}
		w.stop(run)
		if err := <-produced; err != nil {
			t.Fatal(err)
		}
		t.Logf("killed %d times", kills)
		if kills < 3 {
			t.Errorf("killed only %d times: the test shows too little", kills)
		}
		if got, want := withoutPosition(t, last), withoutPosition(t, w.replayed(flights)); got != want {
			t.Errorf("after %d kills:\n   run %s\nreplay %s", kills, got, want)
		}
	})
}

func waitForTopic(w *world) {
	w.t.Helper()
	w.read(w.input).next()
}

// Messages of any content become dead letters with their coordinates; the rows around them are learned as if they had not been there.
func TestHostileMessagesBecomeDeadLetters(t *testing.T) {
	onEachBroker(t, func(t *testing.T, w *world) {
		w.must("produce", "--brokers", w.broker, "--topic", w.input, "--batch-rows", "10000", flights)
		hostile := [][]byte{
			{}, []byte("\xff\xff\xff\xff\xff\xff\xff\x7f"), []byte(`{"a":"json, not arrow"}`), []byte("ARROW1\x00\x00"), make([]byte, 100),
			bytes.Repeat([]byte{0xff}, 1000), append([]byte("\xff\xff\xff\xff\x08\x00\x00\x00"), make([]byte, 8)...),
		}
		sink := w.cluster.OpenSink(w.input)
		for _, value := range hostile {
			if err := sink.Write(t.Context(), pipeline.Record{Key: []byte("bad"), Value: value}); err != nil {
				t.Fatal(err)
			}
		}
		run := w.start()
		letters := w.read(w.deadLetter)
		for i, value := range hostile {
			m := letters.next()
			headers := map[string]string{}
			for _, h := range m.Headers {
				headers[h.Key] = string(h.Value)
			}
			want := strconv.Itoa(flightRows/10_000 + i)
			if !bytes.Equal(m.Value, value) || headers[pipeline.HeaderOffset] != want || headers[pipeline.HeaderTopic] != w.input || headers[pipeline.HeaderReason] == "" {
				t.Errorf("dead letter %d: offset %s (want %s), headers %v", i, headers[pipeline.HeaderOffset], want, headers)
			}
		}
		updates := w.read(w.output)
		for _, u := updates.update(); u.DeadLetters < uint64(len(hostile)) || u.Rows.Learned < flightRows; _, u = updates.update() {
		}
		w.stop(run)
	})
}

// Two instances share the partitions; one leaves, and the other takes up what it has learned. All rows count once in the merged model.
func TestInstancesShareTheWork(t *testing.T) {
	onEachBroker(t, func(t *testing.T, w *world) {
		w.must("produce", "--brokers", w.broker, "--topic", w.input, "--partitions", "3", "--batch-rows", "1000", flights)
		first, second := w.start(), w.start()
		updates := w.read(w.output)
		_, u := updates.update()
		for u.Rows.Learned < flightRows/4 {
			_, u = updates.update()
		}
		w.kill(first)
		for u.Rows.Learned < flightRows {
			_, u = updates.update()
		}
		w.stop(second)
		if u.Rows.Learned != flightRows || len(u.Position[w.input]) != 3 {
			t.Errorf("%d rows learned at %v", u.Rows.Learned, u.Position)
		}
	})
}
