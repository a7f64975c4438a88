package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

// The shard that speaks for all publishes what its peers have learned even when its own partition has nothing new: a consumer of the output topic sees the
// whole of the input topic.
func TestNewsOfPeersIsPublishedByAShardThatStandsStill(t *testing.T) {
	own, other := makeTable(1000, 11).every(t, 100), makeTable(2000, 12).every(t, 100)
	synctest.Test(t, func(t *testing.T) {
		w := world{cfg: testConfig(), source: memorySource{messages: own, endless: true}}
		w.cfg.Output.EveryRows, w.cfg.Output.Every, w.cfg.State.Every = 0, time.Second, time.Second
		peer := world{cfg: w.cfg, source: memorySource{messages: other}}
		ports := w.ports()
		ports.Peers = map[int]StateLog{1: &peer.state}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			done <- NewShard(w.cfg, Partition{Topic: "rows"}, ports, &w.board, NewMetrics(prometheus.NewRegistry()), zerolog.Nop()).Run(ctx)
		}()
		learned := func() uint64 {
			time.Sleep(10 * time.Second) // the bubble's clock: no time passes
			synctest.Wait()
			var u Update
			if err := json.Unmarshal(w.output.newest(), &u); err != nil {
				t.Fatal(err)
			}
			return u.Rows.Learned
		}
		if n := learned(); n != 1000 {
			t.Errorf("%d rows before the peer began, want 1,000", n)
		}
		published := w.output.count()
		if _ = learned(); w.output.count() != published {
			t.Errorf("%d updates with nothing new", w.output.count()-published)
		}
		if err := NewShard(w.cfg, Partition{Topic: "rows", ID: 1}, peer.ports(), &peer.board, NewMetrics(prometheus.NewRegistry()), zerolog.Nop()).Run(ctx); err != nil {
			t.Error(err)
		}
		if n := learned(); n != 3000 {
			t.Errorf("%d rows after the peer's checkpoint, want 3,000", n)
		}
		old := *lastValue(&peer)
		old.Value = bytes.Clone(old.Value)
		over := true
		peer.startOver, peer.source = &over, memorySource{}
		if err := NewShard(w.cfg, Partition{Topic: "rows", ID: 1}, peer.ports(), &peer.board, NewMetrics(prometheus.NewRegistry()), zerolog.Nop()).Run(ctx); err != nil {
			t.Error(err)
		}
		if n := learned(); n != 1000 {
			t.Errorf("%d rows after the peer was started over with nothing to learn, want 1,000", n)
		}
		if err := peer.state.Write(ctx, old); err != nil { // by a process that was asleep
			t.Error(err)
		}
		if n := learned(); n != 1000 {
			t.Errorf("%d rows after a record of before that, want 1,000", n)
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
