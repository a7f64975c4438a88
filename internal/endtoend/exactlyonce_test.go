//go:build unix

package endtoend

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/streamfit/streamfit/internal/programtest"
	"github.com/streamfit/streamfit/pipeline"
)

// With --exactly-once, killed at any moment: a reader of committed records sees each update once, in order, and each dead letter once.
func TestExactlyOnceThroughKills(t *testing.T) {
	onEachBroker(t, func(t *testing.T, w *world) {
		const hostile, messages = 50, flightRows / 500
		updates, letters, last, kills := w.Read(w.Output), w.Read(w.DeadLetter), int64(-1), 0
		w.Read(w.Input) // makes it
		send(w, w.Input, hostile)
		produced := make(chan error, 1)
		producer := programtest.Command(w.T, "produce", "--brokers", w.Brokers, "--topic", w.Input, "--batch-rows", "500", "--rate", "20000", programtest.Flights)
		go func() { produced <- producer.Run() }()
		run := w.Start("--exactly-once", "--every-rows", "1000")
		var u pipeline.Update
		var raw []byte
		for n := 1; last < messages+hostile; n++ {
			raw, u = updates.Update()
			at := u.Position[w.Input]["0"]
			if at <= last {
				t.Fatalf("after %d kills: an update at position %d after one at %d", kills, at, last)
			}
			if last = at; n%20 == 0 && u.Rows.Learned < flightRows {
				w.Kill(run)
				kills++
				run = w.Start("--exactly-once", "--every-rows", "1000")
			}
		}
		w.Stop(run)
		if err := <-produced; err != nil {
			t.Fatal(err)
		}
		if t.Logf("killed %d times", kills); kills < 2 {
			t.Errorf("killed only %d times: the test shows too little", kills)
		}
		raw = bytes.Replace(raw, fmt.Appendf(nil, `"dead_letters":%d`, hostile), []byte(`"dead_letters":0`), 1) // the replay meets none
		if got, want := programtest.WithoutPosition(t, raw), programtest.WithoutPosition(t, w.Replayed(programtest.Flights, "--set", "output.every_rows=1000")); got != want {
			t.Errorf("after %d kills:\n   run %s\nreplay %s", kills, got, want)
		}
		send(w, w.DeadLetter, 1) // what would come next
		for i := range hostile + 1 {
			if got, want := string(letters.Next().Value), fmt.Sprint("no arrow ", i%hostile); got != want {
				t.Fatalf("dead letter %d is %q, want %q", i, got, want)
			}
		}
	})
}

// send so many messages that are no Arrow streams.
func send(w *world, topic string, n int) {
	w.T.Helper()
	for i := range n {
		if err := w.Cluster.OpenSink(topic).Write(w.T.Context(), pipeline.Record{Value: fmt.Append(nil, "no arrow ", i)}); err != nil {
			w.T.Fatal(err)
		}
	}
}
