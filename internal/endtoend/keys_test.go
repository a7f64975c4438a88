//go:build unix

package endtoend

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/streamfit/streamfit/internal/programtest"
	"github.com/streamfit/streamfit/pipeline"
)

const (
	flightsByOrigin    = "../../examples/data/flights-origin-100k.parquet"
	flightsByOriginAll = 100_000
)

// keyed is what a run by origin is started with.
var keyed = []string{"--features", "distance", "--time", "date", "--key", "origin", "--set", "state.hot_keys=50"}

// replayedKeys is what a single pass over the file says of each key.
func replayedKeys(w *world) map[string]string {
	w.T.Helper()
	args := append([]string{"replay", "--name", "delays", "--target", "delay", "-o", "jsonl"}, keyed...)
	models := map[string]string{}
	for line := range bytes.Lines(w.Must(append(args, flightsByOrigin)...)) {
		var u pipeline.Update
		if err := json.Unmarshal(line, &u); err != nil {
			w.T.Fatalf("%v: %s", err, line)
		}
		models[*u.Key] = programtest.WithoutPosition(w.T, line)
	}
	return models
}

// keyedUpdates follows an output topic: the newest update of each key, and whether two of one position ever differ.
type keyedUpdates struct {
	*programtest.Reader
	t       testing.TB
	newest  map[string]string
	at      map[string][]byte
	rows    map[string]uint64
	learned uint64
	once    bool // no update comes twice
}

func readKeys(w *world) *keyedUpdates {
	return &keyedUpdates{t: w.T, Reader: w.Read(w.Output), newest: map[string]string{}, at: map[string][]byte{}, rows: map[string]uint64{}}
}

// next update, which may be one that was there before a crash.
func (k *keyedUpdates) take() {
	k.t.Helper()
	raw, u := k.Update()
	place := fmt.Sprintf("%s at %v", *u.Key, u.Position)
	if before := k.at[place]; before != nil && (k.once || !bytes.Equal(before, raw)) {
		k.t.Fatalf("two updates of key %s:\n%s\n%s", place, before, raw)
	}
	k.at[place], k.newest[*u.Key] = raw, programtest.WithoutPosition(k.t, raw)
	k.learned += u.Rows.Learned - k.rows[*u.Key]
	k.rows[*u.Key] = u.Rows.Learned
}

// Flights by origin, all airports mixed in each message, the process killed again and again: every airport's model is that of one replay, to the bit.
func TestKeysKilledAndRestartedEqualReplay(t *testing.T) {
	onEachBroker(t, func(t *testing.T, w *world) { killKeys(t, w, keyed, false) })
}

// In transactions no update of a key comes twice, however often the process is killed.
func TestKeysKilledInTransactionsArePublishedOnce(t *testing.T) {
	onEachBroker(t, func(t *testing.T, w *world) {
		killKeys(t, w, append([]string{"--set", "exactly_once=true"}, keyed...), true)
	})
}

func killKeys(t *testing.T, w *world, args []string, once bool) {
	produced := make(chan error, 1)
	producer := programtest.Command(w.T, "produce", "--brokers", w.Brokers, "--topic", w.Input, "--batch-rows", "250", "--rate", "20000", flightsByOrigin)
	go func() { produced <- producer.Run() }()
	waitForTopic(w)
	updates := readKeys(w)
	updates.once = once
	run, kills := w.Start(args...), 0
	for step := uint64(25_000); updates.learned < flightsByOriginAll; {
		if updates.take(); updates.learned >= step && updates.learned < flightsByOriginAll {
			w.Kill(run)
			kills, step = kills+1, updates.learned+25_000
			run = w.Start(args...)
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
	want := replayedKeys(w)
	if len(updates.newest) != len(want) {
		t.Errorf("%d keys, want %d", len(updates.newest), len(want))
	}
	for key, u := range want {
		if updates.newest[key] != u {
			t.Errorf("after %d kills, key %s:\n   run %s\nreplay %s", kills, key, updates.newest[key], u)
			break
		}
	}
}
