//go:build unix

package soak

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/streamfit/streamfit/internal/kafkatest"
	"github.com/streamfit/streamfit/internal/programtest"
	"github.com/streamfit/streamfit/pipeline"
	"github.com/streamfit/streamfit/pipeline/kafka"
)

// TestRestart: how long a start takes that has so much to read in the state topic, which several models share.
func TestRestart(t *testing.T) {
	if os.Getenv("SOAK_DURATION") == "" {
		t.Skip("is for figures: set SOAK_DURATION")
	}
	for _, size := range []int{1 << 20, 100 << 20} {
		t.Run(fmt.Sprintf("%d MB", size>>20), func(t *testing.T) {
			w := programtest.NewWorld(t, kafkatest.Shared(t).Addr())
			if err := w.Cluster.EnsureTopic(t.Context(), kafka.Topic{Name: w.State, Partitions: 1, Compacted: true}); err != nil {
				t.Fatal(err)
			}
			w.Produce("--batch-rows", "1000")
			w.Stop(w.Start("--state-topic", w.State)) // makes the topics and a state of its own
			fillState(t, w, size)
			address := freeAddress(t)
			began := time.Now()
			p := w.Start("--state-topic", w.State, "--http", address)
			if err := p.AwaitClaim(t.Context()); err != nil {
				t.Fatal(err)
			}
			claimed := time.Since(began)
			restore := restored(t, address)
			t.Logf("%d MB of state topic: %.3f s to read it and claim the partition, %.3f s from the process's start", size>>20, restore, claimed.Seconds())
			w.Stop(p)
		})
	}
}

// fillState with records of other models, each under a key of its own so that compaction keeps them.
func fillState(t *testing.T, w *programtest.World, size int) {
	t.Helper()
	const each = 100 << 10
	r := rand.New(rand.NewPCG(1, 1))
	state := w.Cluster.OpenStateLog(w.State, 0)
	for i := range size / each {
		value := make([]byte, each)
		for j := range value {
			value[j] = byte(r.Uint32())
		}
		if err := state.Write(t.Context(), pipeline.Record{Key: fmt.Appendf(nil, "another model %d@1", i), Value: value}); err != nil {
			t.Fatal(err)
		}
	}
}

// restored asks for the time that the restore took, once the shard is open.
func restored(t *testing.T, address string) float64 {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), programtest.Patience)
	defer cancel()
	for ctx.Err() == nil {
		if m, err := scrape(ctx, address); err == nil && m["streamfit_restore_seconds"] > 0 {
			return m["streamfit_restore_seconds"]
		}
	}
	t.Fatal("the metric did not come")
	return 0
}
