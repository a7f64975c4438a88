package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

// gathered is what a registry says, by name and partition label, summed over the other labels.
func gathered(t *testing.T, r *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			out[f.GetName()] += m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	return out
}

// measured runs a shard of a world in a bubble of its own clock, lets a story be told, and stops it.
func measured(t *testing.T, w *world, story func(t *testing.T, metrics func() map[string]float64)) {
	synctest.Test(t, func(t *testing.T) {
		registry := prometheus.NewRegistry()
		shard := NewShard(w.cfg, Partition{Topic: "rows"}, w.ports(), &w.board, NewMetrics(registry), zerolog.Nop())
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- shard.Run(ctx) }()
		synctest.Wait()
		story(t, func() map[string]float64 {
			synctest.Wait()
			return gathered(t, registry)
		})
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		left := gathered(t, registry)
		for _, name := range []string{"streamfit_lag_messages", "streamfit_lag_seconds", "streamfit_checkpoint_age_seconds", "streamfit_epoch", "streamfit_coefficient"} {
			if _, stays := left[name]; stays {
				t.Errorf("%s outlives the shard that it is of", name)
			}
		}
		if left["streamfit_messages_total"] == 0 {
			t.Error("what was counted is gone with the shard")
		}
	})
}

// gate is a topic that takes nothing while it is shut.
type gate struct {
	*memoryLog
	open chan struct{}
}

func (g gate) Write(ctx context.Context, records ...Record) error {
	select {
	case <-g.open:
		return g.memoryLog.Write(ctx, records...)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// A topic that takes nothing stops the fetching: nothing is dropped, and whoever looks is told what is waited for and for how long.
func TestASlowTopicHoldsTheShardBack(t *testing.T) {
	for _, what := range []string{"updates", "checkpoint"} {
		t.Run(what, func(t *testing.T) {
			messages := makeTable(2000, 11).every(t, 100)
			once := world{cfg: testConfig(), source: memorySource{messages: messages}}
			once.cfg.Output.EveryRows = 100
			once.mustRun(t)
			want := once.output.newest()
			synctest.Test(t, func(t *testing.T) {
				w := world{cfg: testConfig(), source: memorySource{messages: messages, endless: true}}
				w.cfg.Output.EveryRows = 100
				shut := gate{&w.output, make(chan struct{})}
				ports := w.ports()
				if what == "updates" {
					ports.Output = shut
				} else {
					shut.memoryLog = &w.state
					ports.Store = claimable{shut}
				}
				registry := prometheus.NewRegistry()
				ctx, stop := context.WithCancel(t.Context())
				done := make(chan error)
				go func() {
					done <- NewShard(w.cfg, Partition{Topic: "rows"}, ports, &w.board, NewMetrics(registry), zerolog.Nop()).Run(ctx)
				}()
				time.Sleep(time.Minute) // the bubble's clock
				synctest.Wait()
				stall, stalled := w.board.Stalls()[Partition{Topic: "rows"}]
				if !stalled || stall.On != what || time.Since(stall.Since) < 59*time.Second {
					t.Errorf("stall %+v, %v", stall, stalled)
				}
				m := gathered(t, registry)
				if passed := m["streamfit_messages_total"]; passed > 4 {
					t.Errorf("%v messages were passed while nothing was taken", passed)
				}
				if age := m["streamfit_checkpoint_age_seconds"]; age < 59 || age > 61 {
					t.Errorf("checkpoint age %v", age)
				}
				close(shut.open)
				time.Sleep(time.Second)
				synctest.Wait()
				stop()
				if err := <-done; err != nil {
					t.Error(err)
				}
				if len(w.board.Stalls()) > 0 || gathered(t, registry)["streamfit_backpressure_seconds_total"] < 59 {
					t.Errorf("afterwards: stalls %v, metrics %v", w.board.Stalls(), gathered(t, registry))
				}
				if got := w.output.newest(); !bytes.Equal(got, want) {
					t.Errorf("\n got %s\nwant %s", got, want)
				}
			})
		})
	}
}

// claimable lets claims through a gate, and nothing else.
type claimable struct{ gate }

func (c claimable) Write(ctx context.Context, records ...Record) error {
	if c.count() == 0 || len(records) == 0 {
		return c.memoryLog.Write(ctx, records...)
	}
	return c.gate.Write(ctx, records...)
}

func (c claimable) Replay(ctx context.Context, from int64, each func(int64, Record) error) (int64, error) {
	return c.memoryLog.Replay(ctx, from, each)
}

// The lag in seconds and the age of the checkpoint grow while nothing happens, and are zero when there is nothing to wait for.
func TestAgesGrowByThemselves(t *testing.T) {
	messages := makeTable(300, 12).every(t, 100)
	for i := range messages {
		messages[i].Time = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli() // when the clock of a bubble begins
	}
	w := world{cfg: testConfig(), source: memorySource{messages: messages, endless: true}}
	w.cfg.State.Every, w.cfg.Output.Every = time.Hour, 0
	w.source.fail = func(position int64) error {
		if position == 2 { // the third message is there, but cannot be had for a while
			time.Sleep(90 * time.Second) // the bubble's clock
		}
		return nil
	}
	measured(t, &w, func(t *testing.T, metrics func() map[string]float64) {
		time.Sleep(time.Minute)
		m := metrics()
		if m["streamfit_lag_messages"] != 1 || math.Abs(m["streamfit_lag_seconds"]-60) > 1 || math.Abs(m["streamfit_checkpoint_age_seconds"]-60) > 1 {
			t.Errorf("stuck for a minute: %v", m)
		}
		time.Sleep(time.Minute)
		m = metrics()
		if m["streamfit_lag_messages"] != 0 || m["streamfit_lag_seconds"] != 0 || math.Abs(m["streamfit_checkpoint_age_seconds"]-120) > 1 {
			t.Errorf("at the end: %v", m)
		}
		time.Sleep(time.Hour)
		if m = metrics(); m["streamfit_checkpoint_age_seconds"] != 0 || m["streamfit_epoch"] != 1 {
			t.Errorf("after the checkpoint: %v", m)
		}
	})
}

// What ends a shard is counted where it means that the partition was another's, or that rows are gone.
func TestWhatEndedAShardIsCounted(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		metric string
		want   float64
	}{
		"fenced": {fmt.Errorf("commit: %w", ErrFenced), "streamfit_fenced_total", 1},
		"lost":   {fmt.Errorf("fetch: %w", gone(17)), "streamfit_lost_offsets_total", 17},
	} {
		w := world{cfg: testConfig(), source: memorySource{fail: func(int64) error { return c.err }}}
		registry := prometheus.NewRegistry()
		err := NewShard(w.cfg, Partition{Topic: "rows"}, w.ports(), &w.board, NewMetrics(registry), zerolog.Nop()).Run(t.Context())
		if !errors.Is(err, c.err) || gathered(t, registry)[c.metric] != c.want {
			t.Errorf("%s: %v, %v", name, err, gathered(t, registry))
		}
	}
}

type gone int64

func (g gone) Error() string { return "gone" }
func (g gone) Lost() int64   { return int64(g) }

// A column's name is whatever a message says. Prometheus panics at a label that is not UTF-8: it must not get one.
func TestAColumnNameThatIsNoUTF8IsShown(t *testing.T) {
	registry := prometheus.NewRegistry()
	m := NewMetrics(registry).shard("m", Partition{Topic: "rows"})
	m.coefficient("a\xff", Interval{Value: 3})
	if got := gathered(t, registry)["streamfit_coefficient"]; got != 3 {
		t.Errorf("got %v", got)
	}
}
