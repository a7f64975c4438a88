//go:build unix

package endtoend

import (
	"testing"

	"github.com/streamfit/streamfit/pipeline"
)

// Models per key are started over with all that was known of them: the state of no key outlives --reset-state, whether it is another model's, damaged or sound.
func TestKeysAreStartedOver(t *testing.T) {
	onEachBroker(t, func(t *testing.T, w *world) {
		w.Must("produce", "--brokers", w.Brokers, "--topic", w.Input, "--batch-rows", "1000", flightsByOrigin)
		want := replayedKeys(w)
		learn := func(args ...string) *keyedUpdates {
			updates := readKeys(w)
			updates.SkipToEnd()
			run := w.Start(append(args, keyed...)...)
			for updates.learned < flightsByOriginAll {
				updates.take()
			}
			w.Stop(run)
			return updates
		}
		learn("--half-life", "1000") // another model
		refuses(w, []string{"half_life was 1000, is +Inf", "--reset-state"}, keyed...)
		check := func(how string) {
			t.Helper()
			updates := learn("--reset-state")
			if len(updates.newest) != len(want) {
				t.Errorf("%s: %d keys, want %d", how, len(updates.newest), len(want))
			}
			for key, u := range want {
				if updates.newest[key] != u {
					t.Errorf("%s, key %s:\n   run %s\nreplay %s", how, key, updates.newest[key], u)
					return
				}
			}
		}
		check("of another model")
		damaged := pipeline.Record{Key: []byte("delays/ORD@2"), Value: []byte("k no checkpoint")}
		if err := w.Cluster.OpenStateLog(w.State, 0).Write(t.Context(), damaged); err != nil {
			t.Fatal(err)
		}
		refuses(w, []string{"topic " + w.State, "not a checkpoint"}, keyed...)
		check("damaged")
		check("sound")
	})
}
