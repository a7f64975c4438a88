//go:build unix

package endtoend

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/streamfit/streamfit/pipeline"
)

// With --exactly-once, killed at any moment: a reader of committed records sees each update once, in order, and each dead letter once.
func TestExactlyOnceThroughKills(t *testing.T) {
	onEachBroker(t, func(t *testing.T, w *world) {
		const hostile, messages = 50, flightRows / 500
		updates, letters, last, kills := w.read(w.output), w.read(w.deadLetter), int64(-1), 0
		w.read(w.input) // makes it
		w.send(w.input, hostile)
		produced := make(chan error, 1)
		producer := w.command("produce", "--brokers", w.broker, "--topic", w.input, "--batch-rows", "500", "--rate", "20000", flights)
		go func() { produced <- producer.Run() }()
		run := w.start("--exactly-once", "--every-rows", "1000")
		var u pipeline.Update
		var raw []byte
		for n := 1; last < messages+hostile; n++ {
			raw, u = updates.update()
			at := u.Position[w.input]["0"]
			if at <= last {
				t.Fatalf("after %d kills: an update at position %d after one at %d", kills, at, last)
			}
			if last = at; n%20 == 0 && u.Rows.Learned < flightRows {
				w.kill(run)
				kills++
				run = w.start("--exactly-once", "--every-rows", "1000")
			}
		}
		w.stop(run)
		if err := <-produced; err != nil {
			t.Fatal(err)
		}
		if t.Logf("killed %d times", kills); kills < 2 {
			t.Errorf("killed only %d times: the test shows too little", kills)
		}
		raw = bytes.Replace(raw, fmt.Appendf(nil, `"dead_letters":%d`, hostile), []byte(`"dead_letters":0`), 1) // the replay meets none
		if got, want := withoutPosition(t, raw), withoutPosition(t, w.replayed(flights, "--set", "output.every_rows=1000")); got != want {
			t.Errorf("after %d kills:\n   run %s\nreplay %s", kills, got, want)
		}
		w.send(w.deadLetter, 1) // what would come next
		for i := range hostile + 1 {
			if got, want := string(letters.next().Value), fmt.Sprint("no arrow ", i%hostile); got != want {
				t.Fatalf("dead letter %d is %q, want %q", i, got, want)
			}
		}
	})
}

// send so many messages that are no Arrow streams.
func (w *world) send(topic string, n int) {
	w.t.Helper()
	for i := range n {
		if err := w.cluster.OpenSink(topic).Write(w.t.Context(), pipeline.Record{Value: fmt.Append(nil, "no arrow ", i)}); err != nil {
			w.t.Fatal(err)
		}
	}
}
