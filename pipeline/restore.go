package pipeline

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/streamfit/streamfit/estimator"
)

// restore claims the shard and takes up its newest checkpoint: read the shard's partition of the state topic, take the highest epoch plus one, write
// that down, and only then learn. Kafka's own generation numbers cannot serve as epochs: they start again when a group's metadata expires.
func (s *Shard) restore(ctx context.Context) error {
	if s.ports.Store == nil {
		return s.start(ctx)
	}
	if t := s.ports.Transactor; t != nil {
		if err := t.Begin(ctx); err != nil {
			return err
		}
	}
	newest, old, err := s.newest(ctx)
	if err != nil {
		return err
	}
	s.epoch = 1
	if newest != nil {
		if err := s.take(newest); err != nil {
			return err
		}
		s.epoch = newest.Epoch + 1
	}
	if err := s.start(ctx); err != nil {
		return err
	}
	return s.claim(ctx, newest, old)
}

// start where the configuration says, if there is no position yet. The claim puts it on record, so that "latest" is decided once.
func (s *Shard) start(ctx context.Context) (err error) {
	if s.position < 0 {
		s.position, err = s.ports.Start(ctx)
	}
	return err
}

// newest checkpoint of this shard: highest epoch, then the later record. Also the keys under which earlier owners wrote.
func (s *Shard) newest(ctx context.Context) (best *Checkpoint, old [][]byte, err error) {
	keys := map[string]bool{}
	_, err = s.ports.Store.Replay(ctx, 0, func(offset int64, r Record) error {
		c, err := s.ownCheckpoint(r)
		if err != nil {
			return s.stateError(s.partition.ID, offset, err)
		}
		if c == nil {
			delete(keys, string(r.Key))
			return nil
		}
		keys[string(r.Key)] = true
		if best == nil || c.Epoch >= best.Epoch {
			best = c
		}
		return nil
	})
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		old = append(old, []byte(key))
	}
	return best, old, err
}

// ownCheckpoint of this shard's model that a state record holds; nil for a tombstone and for other models' records.
func (s *Shard) ownCheckpoint(r Record) (*Checkpoint, error) {
	if !isStateKey(r.Key, s.cfg.Model.Name) || r.Value == nil {
		return nil, nil
	}
	return parseCheckpoint(clone(r.Value))
}

func (s *Shard) stateError(partition int, offset int64, err error) error {
	return fmt.Errorf("%w: topic %s, partition %d, offset %d: %w", ErrState, s.cfg.State.Topic, partition, offset, err)
}

// take up a checkpoint, or say why it cannot be gone on from. Nothing ever starts from zero where there is state that does not fit.
func (s *Shard) take(c *Checkpoint) error {
	mend := fmt.Sprintf("give this model another name (model.name), another state topic (state.topic), or delete topic %s to start from nothing", s.cfg.State.Topic)
	if c.Topic != s.partition.Topic || c.Partition != s.partition.ID || c.Group != s.cfg.Input.Group {
		return fmt.Errorf("%w: topic %s holds model %s of group %s, learned from %s/%d, not of group %s from %s: %s",
			ErrState, s.cfg.State.Topic, c.Model, c.Group, c.Topic, c.Partition, s.cfg.Input.Group, s.partition, mend)
	}
	s.position, s.deadLetters, s.eventTime, s.announced = c.Position, c.DeadLetters, c.EventTime, c.Published
	s.saved = c.Position
	if len(c.Snapshot) == 0 {
		return nil
	}
	model, err := estimator.Restore(c.Snapshot)
	if err != nil {
		return fmt.Errorf("%w: model %s: %w: %s", ErrState, c.Model, err, mend)
	}
	want := s.cfg.Estimator(s.features)
	if s.wildcard {
		want.Features = model.Config().Features
	}
	if !model.Config().Equal(want) {
		return fmt.Errorf("%w: model %s was learned with another configuration (%s): %s", ErrState, c.Model, difference(model.Config(), want), mend)
	}
	s.adopt(model)
	return nil
}

// claim writes the new epoch, with the state taken over, acknowledged by all replicas; then what earlier owners left is struck out.
func (s *Shard) claim(ctx context.Context, newest *Checkpoint, old [][]byte) error {
	c := s.head()
	if newest != nil {
		c.Snapshot = newest.Snapshot // the very bytes: a claim changes nothing of the state
	}
	record, err := c.appendRecord(nil)
	if err != nil {
		return err
	}
	if err := s.remember(ctx, Record{Key: stateKey(s.cfg.Model.Name, s.epoch), Value: record}); err != nil {
		return fmt.Errorf("claim %s as epoch %d: %w", s.partition, s.epoch, err)
	}
	tombstones := make([]Record, 0, len(old))
	for _, key := range old {
		tombstones = append(tombstones, Record{Key: key})
	}
	if err := s.remember(ctx, tombstones...); err != nil {
		return fmt.Errorf("strike out earlier epochs of %s: %w", s.partition, err)
	}
	s.log.Info().Uint64("epoch", s.epoch).Int64("position", s.position).Msg("claimed the partition")
	return nil
}

// remember records of the state, by themselves: nothing has been learned yet that could go with them.
func (s *Shard) remember(ctx context.Context, records ...Record) error {
	if t := s.ports.Transactor; t != nil && len(records) > 0 {
		return t.Commit(ctx, Shipment{State: records, Position: s.position})
	}
	return s.ports.Store.Write(ctx, records...)
}

// difference names the settings in which two configurations differ.
func difference(then, now estimator.Config) string {
	var out []string
	was, is := settings(then), settings(now)
	for _, name := range slices.Sorted(maps.Keys(was)) {
		if was[name] != is[name] {
			out = append(out, fmt.Sprintf("%s was %s, is %s", name, was[name], is[name]))
		}
	}
	return strings.Join(out, "; ")
}

// settings of a configuration in words.
func settings(c estimator.Config) map[string]string {
	return map[string]string{
		"features": strings.Join(c.Features, ","), "solver": c.Solver, "loss": fmt.Sprintf("%+v", c.Loss), "delta": fmt.Sprintf("%+v", c.Delta),
		"leverage": fmt.Sprintf("%+v", c.Leverage), "half_life": fmt.Sprint(c.HalfLife), "sgd": fmt.Sprintf("%+v", c.SGD),
	}
}
