//go:build unix

package endtoend

import (
	"bytes"
	"strconv"
	"testing"

	"github.com/streamfit/streamfit/internal/programtest"
	"github.com/streamfit/streamfit/pipeline"
)

// The main job: produced, learned, stopped. The last update is that of a replay of the same file, to the bit.
func TestRunEqualsReplay(t *testing.T) {
	onEachBroker(t, func(t *testing.T, w *world) {
		w.Must("produce", "--brokers", w.Brokers, "--topic", w.Input, "--batch-rows", "1000", programtest.Flights)
		run := w.Start()
		updates := w.Read(w.Output)
		raw, u := updates.Update()
		for u.Rows.Learned < flightRows {
			raw, u = updates.Update()
		}
		w.Stop(run)
		if got, want := programtest.WithoutPosition(t, raw), programtest.WithoutPosition(t, w.Replayed(programtest.Flights)); got != want {
			t.Errorf("\n   run %s\nreplay %s", got, want)
		}
		if got := u.Position[w.Input]["0"]; got != flightRows/1000 {
			t.Errorf("position %d, want %d", got, flightRows/1000)
		}
	})
}

// Killed at any moment and started again, as often as it takes: the bits of one uninterrupted pass, and no two different updates of one position.
func TestKilledAndRestartedEqualsReplay(t *testing.T) {
	onEachBroker(t, func(t *testing.T, w *world) {
		produced := make(chan error, 1)
		producer := programtest.Command(w.T, "produce", "--brokers", w.Brokers, "--topic", w.Input, "--batch-rows", "500", "--rate", "40000", programtest.Flights)
		go func() { produced <- producer.Run() }()
		waitForTopic(w)
		updates, at := w.Read(w.Output), map[int64][]byte{}
		kills, last := 0, []byte(nil)
		run := w.Start()
		for learned, since := uint64(0), 0; learned < flightRows; {
			raw, u := updates.Update()
			position := u.Position[w.Input]["0"]
			if before, again := at[position]; again && !bytes.Equal(before, raw) {
				t.Fatalf("two updates at position %d:\n%s\n%s", position, before, raw)
			}
			if at[position] == nil {
				since++
			}
			at[position], learned, last = raw, u.Rows.Learned, raw
			if since == 4 && learned < flightRows { // some way further than at the last kill
				w.Kill(run)
				kills, since = kills+1, 0
				run = w.Start()
			}
		}
		w.Stop(run)
		if err := <-produced; err != nil {
			t.Fatal(err)
		}
		t.Logf("killed %d times", kills)
		if kills < 3 {
			t.Errorf("killed only %d times: the test shows too little", kills)
		}
		if got, want := programtest.WithoutPosition(t, last), programtest.WithoutPosition(t, w.Replayed(programtest.Flights)); got != want {
			t.Errorf("after %d kills:\n   run %s\nreplay %s", kills, got, want)
		}
	})
}

func waitForTopic(w *world) {
	w.T.Helper()
	w.Read(w.Input).Next()
}

// Messages of any content become dead letters with their coordinates; the rows around them are learned as if they had not been there.
func TestHostileMessagesBecomeDeadLetters(t *testing.T) {
	onEachBroker(t, func(t *testing.T, w *world) {
		w.Must("produce", "--brokers", w.Brokers, "--topic", w.Input, "--batch-rows", "10000", programtest.Flights)
		hostile := [][]byte{
			{}, []byte("\xff\xff\xff\xff\xff\xff\xff\x7f"), []byte(`{"a":"json, not arrow"}`), []byte("ARROW1\x00\x00"), make([]byte, 100),
			bytes.Repeat([]byte{0xff}, 1000), append([]byte("\xff\xff\xff\xff\x08\x00\x00\x00"), make([]byte, 8)...),
		}
		sink := w.Cluster.OpenSink(w.Input)
		for _, value := range hostile {
			if err := sink.Write(t.Context(), pipeline.Record{Key: []byte("bad"), Value: value}); err != nil {
				t.Fatal(err)
			}
		}
		run := w.Start()
		letters := w.Read(w.DeadLetter)
		for i, value := range hostile {
			m := letters.Next()
			headers := map[string]string{}
			for _, h := range m.Headers {
				headers[h.Key] = string(h.Value)
			}
			want := strconv.Itoa(flightRows/10_000 + i)
			if !bytes.Equal(m.Value, value) || headers[pipeline.HeaderOffset] != want || headers[pipeline.HeaderTopic] != w.Input || headers[pipeline.HeaderReason] == "" {
				t.Errorf("dead letter %d: offset %s (want %s), headers %v", i, headers[pipeline.HeaderOffset], want, headers)
			}
		}
		updates := w.Read(w.Output)
		for _, u := updates.Update(); u.DeadLetters < uint64(len(hostile)) || u.Rows.Learned < flightRows; _, u = updates.Update() {
		}
		w.Stop(run)
	})
}

// Two instances share the partitions; one leaves, and the other takes up what it has learned. All rows count once in the merged model.
func TestInstancesShareTheWork(t *testing.T) {
	onEachBroker(t, func(t *testing.T, w *world) {
		w.Must("produce", "--brokers", w.Brokers, "--topic", w.Input, "--partitions", "3", "--batch-rows", "1000", programtest.Flights)
		first, second := w.Start(), w.Start()
		updates := w.Read(w.Output)
		_, u := updates.Update()
		for u.Rows.Learned < flightRows/4 {
			_, u = updates.Update()
		}
		w.Kill(first)
		for u.Rows.Learned < flightRows {
			_, u = updates.Update()
		}
		w.Stop(second)
		if u.Rows.Learned != flightRows || len(u.Position[w.Input]) != 3 {
			t.Errorf("%d rows learned at %v", u.Rows.Learned, u.Position)
		}
	})
}
