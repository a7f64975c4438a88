package pipeline

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// trendTestConfig takes the table's a, which is in no order, for the time.
func trendTestConfig() Config {
	cfg := testConfig()
	cfg.Model.Features, cfg.Model.HalfLife.Rows = []string{"b"}, 300
	cfg.Model.Trend.Time, cfg.Model.Trend.Unit, cfg.Model.Trend.Season, cfg.Model.Trend.Horizon = "a", 1, []string{"5s"}, 10
	return cfg
}

// A trend, whose origin moves, is what one uninterrupted pass makes of it, wherever the process is killed.
func TestATrendKilledAnywhereEqualsOnePass(t *testing.T) {
	messages := makeTable(2600, 7).every(t, 100)
	u := killedAnywhere(t, trendTestConfig(), messages)
	if u.Trend == nil || u.Trend.Forecast == nil || len(u.Trend.Season) != 1 {
		t.Fatalf("%+v", u)
	}
}

// A model that forgets in event time, too: its clock is in the checkpoint.
func TestAHalfLifeInEventTimeKilledAnywhereEqualsOnePass(t *testing.T) {
	cfg := testConfig()
	cfg.Model.Features, cfg.Model.Time, cfg.Model.HalfLife.Time = []string{"b"}, "a", 0.5
	u := killedAnywhere(t, cfg, makeTable(2600, 7).every(t, 100))
	if n := float64(u.Rows.Effective); !(n > 0 && n < 2600) {
		t.Errorf("%v effective rows", n)
	}
}

// killedAnywhere and run again, it ends with the update of one pass, which is returned.
func killedAnywhere(t *testing.T, cfg Config, messages []Message) (u Update) {
	t.Helper()
	whole := world{cfg: cfg, source: memorySource{messages: messages}}
	whole.mustRun(t)
	want := whole.output.newest()
	if err := json.Unmarshal(want, &u); err != nil {
		t.Fatalf("%v: %s", err, want)
	}
	rapid.Check(t, func(rt *rapid.T) {
		w := world{cfg: cfg, source: memorySource{messages: messages, perFetch: rapid.IntRange(1, 5).Draw(rt, "perFetch")}}
		kills := rapid.SliceOfN(rapid.IntRange(0, 40), 0, 4).Draw(rt, "writes until the kill")
		for _, writes := range kills {
			w.killAfter(writes)
			if err := w.run(t); err != nil && !errors.Is(err, errCrash) {
				rt.Fatal(err)
			}
		}
		w.killAfter(math.MaxInt)
		w.mustRun(t)
		if got := w.output.newest(); !bytes.Equal(got, want) {
			rt.Fatalf("killed after %v writes:\n got %s\nwant %s", kills, got, want)
		}
	})
	return u
}

// A state of another trend is not gone on from; one of another horizon is: what is learned is the same.
func TestAnotherTrendIsAnotherModel(t *testing.T) {
	messages := makeTable(600, 7).every(t, 100)
	w := world{cfg: trendTestConfig(), source: memorySource{messages: messages[:3]}}
	w.mustRun(t)
	w.source = memorySource{messages: messages}
	w.cfg.Model.Trend.Horizon = 99
	w.mustRun(t)
	w.cfg.Model.Trend.Season = []string{"6s"}
	if err := w.run(t); !errors.Is(err, ErrState) {
		t.Errorf("got error %v", err)
	}
}
