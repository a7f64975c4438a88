package pipeline

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/streamfit/streamfit/estimator"
)

// peers follows the other shards of a model through the state topic, for the one shard that publishes for all of them: the one of partition 0. It
// knows them as of their newest checkpoints, in this process or any other.
type peers struct {
	shard *Shard
	mu    sync.Mutex
	state map[int]*peer
	moved bool // a peer has a newer checkpoint than the last merge saw
}

// peer is another shard as its newest checkpoint shows it.
type peer struct {
	checkpoint *Checkpoint
	model      *estimator.Linear // nil: it has learned nothing
	next       int64             // offset of the state partition to go on from
}

// followPeers reads their checkpoints up to now, then goes on reading in the background until ctx ends.
func followPeers(ctx context.Context, s *Shard, every time.Duration) (*peers, error) {
	p := &peers{shard: s, state: map[int]*peer{}}
	for _, id := range slices.Sorted(maps.Keys(s.ports.Peers)) {
		p.state[id] = &peer{}
		if err := p.read(ctx, id); err != nil {
			return nil, err
		}
	}
	if len(p.state) > 0 {
		go p.loop(ctx, every)
	}
	return p, nil
}

func (p *peers) loop(ctx context.Context, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		for id := range p.state {
			if err := p.read(ctx, id); err != nil && ctx.Err() == nil {
				p.shard.log.Warn().Err(err).Int("peer", id).Msg("cannot read a peer's checkpoints: its newest rows are missing from the updates for now")
			}
		}
	}
}

// read what is new of one peer. Its bytes are only parsed; the model is restored when it is merged.
func (p *peers) read(ctx context.Context, id int) error {
	p.mu.Lock()
	from, best := p.state[id].next, p.state[id].checkpoint
	p.mu.Unlock()
	found := best
	end, err := p.shard.ports.Peers[id].Replay(ctx, from, func(offset int64, r Record) error {
		c, err := p.shard.ownCheckpoint(r)
		if err != nil {
			return p.shard.stateError(id, offset, err)
		}
		if c != nil && (found == nil || c.Epoch >= found.Epoch) {
			found = c
		}
		return nil
	})
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state[id].next = end
	if found == best {
		return nil
	}
	if len(found.Snapshot) == 0 { // it has learned nothing yet, or was started over: what it had learned is void
		p.moved = p.moved || p.state[id].model != nil
		p.state[id].checkpoint, p.state[id].model = found, nil
		return nil
	}
	model, err := estimator.Restore(found.Snapshot)
	if err != nil {
		return fmt.Errorf("partition %d of topic %s: %w", id, p.shard.cfg.State.Topic, err)
	}
	model.SetInterval(p.shard.interval())
	p.state[id].checkpoint, p.state[id].model = found, model
	p.moved = true
	return nil
}

// news tells whether a merge would say more than the last one did, although this shard has learned nothing since.
func (p *peers) news() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.moved
}

// merge the peers into an update of this shard's model: one set of coefficients for the whole topic.
func (p *peers) merge(own *estimator.Linear, u *Update) (*Update, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.moved = false
	models := []*estimator.Linear{own}
	topic := p.shard.partition.Topic
	positions, deadLetters, lost, event := u.Position[topic], u.DeadLetters, u.LostOffsets, p.shard.eventTime
	for _, id := range slices.Sorted(maps.Keys(p.state)) {
		c := p.state[id].checkpoint
		if p.state[id].model == nil {
			continue
		}
		models = append(models, p.state[id].model)
		positions[strconv.Itoa(id)] = c.Position
		deadLetters += c.DeadLetters
		lost += c.Lost
		if c.EventTime != nil && (event == nil || *c.EventTime > *event) {
			event = c.EventTime
		}
	}
	if len(models) == 1 {
		return u, nil
	}
	merged, err := estimator.Merge(models...)
	if err != nil {
		return nil, fmt.Errorf("merge the shards of model %s: %w", u.Model, err)
	}
	out := p.shard.describe(merged.Report())
	out.Position, out.DeadLetters, out.LostOffsets = map[string]map[string]int64{topic: positions}, deadLetters, lost
	if event != nil {
		out.EventTime = formatEventTime(*event)
	}
	return out, nil
}
