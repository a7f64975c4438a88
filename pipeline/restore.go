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
	if s.ports.StartOver != nil && *s.ports.StartOver {
		return s.startOver(ctx)
	}
	newest, stale, err := s.newest(ctx)
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
	return s.claim(ctx, newest, stale)
}

// start where the configuration says, if there is no position yet. The claim puts it on record, so that "latest" is decided once.
func (s *Shard) start(ctx context.Context) (err error) {
	if s.position < 0 {
		s.position, err = s.ports.Start(ctx)
	}
	return err
}

// newest checkpoint of this shard: highest epoch, then the later record. Also the keys of the records that count no longer once the
// partition is claimed: those under which earlier owners wrote. With scope: key the models of the keys are taken up on the way.
func (s *Shard) newest(ctx context.Context) (best *Checkpoint, stale map[string]bool, err error) {
	stale = map[string]bool{}
	damage := damage{}
	end, err := s.ports.Store.Replay(ctx, 0, func(offset int64, r Record) error {
		if s.keys != nil {
			if taken, err := s.keys.takeRecord(s.cfg.Model.Name, r, stale); err != nil {
				stale[string(r.Key)] = true
				damage.add(r.Key, s.stateError(s.partition.ID, offset, err))
				return nil
			} else if taken {
				return nil
			}
		}
		c, err := s.ownCheckpoint(r)
		if err != nil {
			stale[string(r.Key)] = true
			damage.add(r.Key, s.stateError(s.partition.ID, offset, err))
			return nil
		}
		if c == nil {
			delete(stale, string(r.Key))
			return nil
		}
		stale[string(r.Key)] = true
		if best == nil || c.Epoch >= best.Epoch {
			best = c
		}
		return nil
	})
	if err == nil && best != nil && s.keys != nil {
		s.keys.void(best.Since)
	}
	if err == nil && len(damage) == 0 && best == nil && s.keys != nil && len(s.keys.byName) > 0 {
		err = fmt.Errorf("%w: topic %s, partition %d: %w", ErrState, s.cfg.State.Topic, s.partition.ID, errNoPartitionRecord)
	}
	if err == nil {
		err = damage.since(best)
	}
	if err == nil && end == 0 {
		err = s.wasThereState(ctx)
	}
	return best, stale, err
}

// wasThereState is asked where a partition of the state topic has never held a record: if the group has come further than its beginning, it did so with state
// that is gone.
func (s *Shard) wasThereState(ctx context.Context) error {
	if s.ports.Committed == nil {
		return nil
	}
	position, err := s.ports.Committed(ctx)
	if err != nil || position <= 0 {
		return err
	}
	return fmt.Errorf("%w: partition %d of topic %s is empty, but group %s has come to position %d of %s: was the state topic deleted? Start once with --reset-state to start from nothing",
		ErrState, s.partition.ID, s.cfg.State.Topic, s.cfg.Input.Group, position, s.partition)
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
	mend := "give this model another name (model.name), another state topic (state.topic), or start once with --reset-state to start from nothing"
	if c.Topic != s.partition.Topic || c.Partition != s.partition.ID || c.Group != s.cfg.Input.Group {
		return fmt.Errorf("%w: topic %s holds model %s of group %s, learned from %s/%d, not of group %s from %s: %s",
			ErrState, s.cfg.State.Topic, c.Model, c.Group, c.Topic, c.Partition, s.cfg.Input.Group, s.partition, mend)
	}
	if c.Key != s.cfg.Model.keyed() {
		return fmt.Errorf("%w: model %s was learned with model.key %q, is %q now: %s", ErrState, c.Model, c.Key, s.cfg.Model.keyed(), mend)
	}
	if c.TopicID != "" && s.ports.TopicID != "" && c.TopicID != s.ports.TopicID {
		return fmt.Errorf("%w: topic %s was deleted and made again (its id was %s, is %s), so that position %d of partition %d means other rows now: %s",
			ErrState, s.partition.Topic, c.TopicID, s.ports.TopicID, c.Position, s.partition.ID, mend)
	}
	s.position, s.deadLetters, s.eventTime, s.announced = c.Position, c.DeadLetters, c.EventTime, c.Published
	s.lost, s.since = c.Lost, c.Since
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
	if s.keys != nil {
		s.keys.refuse(c.Refused)
		return s.beginKeys(model.Config().Features)
	}
	s.adopt(model)
	return nil
}

// claim writes the new epoch, with the state taken over, acknowledged by all replicas; then what earlier owners left is struck out.
func (s *Shard) claim(ctx context.Context, newest *Checkpoint, stale map[string]bool) error {
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
	if err := s.strike(ctx, stale); err != nil {
		return err
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

// halfLife in words.
func halfLife(c estimator.Config) string {
	if c.HalfLifeTime != 0 {
		return c.HalfLifeTime.String()
	}
	return fmt.Sprint(c.HalfLife)
}

// settings of a configuration in words.
func settings(c estimator.Config) map[string]string {
	return map[string]string{
		"features": strings.Join(c.Features, ","), "solver": c.Solver, "loss": fmt.Sprintf("%+v", c.Loss), "delta": fmt.Sprintf("%+v", c.Delta),
		"leverage": fmt.Sprintf("%+v", c.Leverage), "half_life": halfLife(c), "on_drift": c.OnDrift, "warm_up": fmt.Sprint(c.WarmUp), "trend": fmt.Sprintf("%+v", c.Trend), "sgd": fmt.Sprintf("%+v", c.SGD),
	}
}
