package endtoend

import (
	"testing"

	"github.com/streamfit/streamfit/internal/kafkatest"
	"github.com/streamfit/streamfit/internal/programtest"
	"github.com/streamfit/streamfit/pipeline"
)

// The broker's disk is full while streamfit takes its partition, and again while updates and checkpoints go out; Kafka gives up. Streamfit waits until there is
// room, and goes on to the bits of one uninterrupted pass.
func TestAFullDiskOfTheBrokerIsWaitedOut(t *testing.T) {
	broker := kafkatest.Run(t)
	w, files := filled(t, broker)
	end := len(files) * flightRows / 500
	updates := w.Read(w.Output)
	run := w.Start("--every-rows", "1000")
	raw, u := []byte(nil), pipeline.Update{}
	for _, reached := range []uint64{0, flightRows / 2, 2 * flightRows} {
		for u.Rows.Learned < reached {
			raw, u = updates.Update()
		}
		broker.FillDisk(t)
		if err := broker.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for u.Rows.Learned < uint64(len(files))*flightRows {
		raw, u = updates.Update()
	}
	w.Stop(run)
	got, want := programtest.WithoutPosition(t, raw), programtest.WithoutPosition(t, w.Replayed(files[0], append(files[1:], "--set", "output.every_rows=1000")...))
	if got != want {
		t.Errorf("at %v of %d:\n   run %s\nreplay %s", u.Position, end, got, want)
	}
}

// filled topic, and the files whose rows are in it. A producer that was not answered sends again, and then there is no file of what is in the topic: another one is
// filled.
func filled(t *testing.T, broker *kafkatest.Broker) (*world, []string) {
	for {
		w, files := programtest.NewWorld(t, broker.Addr()), []string{}
		for range 5 {
			w.Produce("--batch-rows", "500")
			files = append(files, programtest.Flights)
		}
		_, end, err := w.Cluster.Bounds(t.Context(), w.Input, 0)
		if err != nil {
			t.Fatal(err)
		}
		if end == int64(len(files))*flightRows/500 {
			return w, files
		}
	}
}
