//go:build unix

package endtoend

import (
	"os"
	"testing"

	"github.com/streamfit/streamfit/internal/devbroker"
	"github.com/streamfit/streamfit/internal/kafkatest"
	"github.com/streamfit/streamfit/internal/programtest"
)

func TestMain(m *testing.M) { os.Exit(programtest.Main(m)) }

type world = programtest.World

const flightRows = programtest.FlightRows

// onEachBroker runs a test against the embedded broker and against a real one.
func onEachBroker(t *testing.T, test func(t *testing.T, w *world)) {
	t.Run("embedded", func(t *testing.T) {
		b, err := devbroker.Start(devbroker.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(b.Close)
		w := programtest.NewWorld(t, b.Brokers()...)
		w.Embedded = true
		test(t, w)
	})
	t.Run("apache", func(t *testing.T) { test(t, programtest.NewWorld(t, kafkatest.Shared(t).Addr())) })
}
