package pipeline

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/streamfit/streamfit/estimator"
)

// takeRecord of the state topic, if it is a key's: of the records of a key the one of the highest epoch counts, and within it that of the highest position. It
// is right whoever wrote it, a zombie too: it says itself which rows it has learned, and after these rows every owner has the same state. What a zombie cannot do
// is to take the place of a newer record, for that has a newer epoch, and a key of its own in the topic.
func (k *keyModels) takeRecord(model string, r Record, stale map[string]bool) (taken bool, err error) {
	name, epoch, ok := parseKeyStateKey(r.Key, model)
	if !ok {
		return false, nil
	}
	if r.Value == nil {
		delete(stale, string(r.Key))
		return true, nil
	}
	c, err := parseKeyCheckpoint(r.Value)
	if err != nil {
		return true, fmt.Errorf("key %q: %w", name, err)
	}
	if c.epoch != epoch {
		return true, fmt.Errorf("%w: key %q: a record of epoch %d under the name of epoch %d", ErrCheckpoint, name, c.epoch, epoch)
	}
	key := k.byName[name]
	if key == nil {
		key = k.add(name)
	}
	if key.epoch > epoch || key.epoch == epoch && key.position > c.position {
		if key.epoch > epoch {
			stale[string(r.Key)] = true
		}
		return true, nil
	}
	if key.epoch != 0 && key.epoch != epoch {
		stale[string(keyStateKey(model, name, key.epoch))] = true
	}
	key.epoch, key.position, key.deadLetters, key.eventTime = epoch, c.position, c.deadLetters, c.eventTime
	key.learned, key.skipped, key.lastAlarm = c.learned, c.skipped, c.lastAlarm
	if key.place, err = k.cold.Put(key.place, c.state); err != nil {
		return true, fmt.Errorf("key %q: put its model away (state.cold_dir): %w", name, err)
	}
	key.stored = true
	if key.changed = c.unpublished == 1; key.changed {
		k.changed = append(k.changed, key)
	}
	return true, nil
}

// beginKeys makes the models' family and the decoder once the features are known.
func (s *Shard) beginKeys(features []string) error {
	family, err := estimator.NewFamily(s.cfg.Estimator(features))
	if err != nil {
		return err
	}
	s.features, s.keys.family = features, family
	s.decoder = newDecoder(s.cfg.Model, features, s.limits)
	return nil
}

// keyed is the key that models are told apart by; empty: there is one model.
func (m Model) keyed() string {
	if m.Scope == scopeKey {
		return m.Key
	}
	return ""
}

// columnOfKeys tells whether the key is a column.
func (m Model) columnOfKeys() bool { return m.keyed() != "" && m.Key != KeyOfMessage }

// strike out records that count no longer, so many at a time.
func (s *Shard) strike(ctx context.Context, stale map[string]bool) error {
	const atATime = 10_000
	for chunk := range slices.Chunk(slices.Sorted(maps.Keys(stale)), atATime) {
		tombstones := make([]Record, 0, len(chunk))
		for _, key := range chunk {
			tombstones = append(tombstones, Record{Key: []byte(key)})
		}
		if err := s.remember(ctx, tombstones...); err != nil {
			return fmt.Errorf("strike out earlier epochs of %s: %w", s.partition, err)
		}
	}
	return nil
}
