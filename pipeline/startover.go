package pipeline

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// startOver claims the shard without taking its state up, whatever that is: damaged, of another configuration, of a topic that was deleted. It is only done
// where somebody asked for it, and says what it voids. The claim names its own epoch as the one since which the state counts, for the records that it voids
// are there until the topic is compacted.
func (s *Shard) startOver(ctx context.Context) error {
	keys := map[string]bool{}
	_, err := s.ports.Store.Replay(ctx, 0, func(_ int64, r Record) error {
		epoch, own := epochOf(r.Key, s.cfg.Model.Name)
		if !own {
			return nil
		}
		s.epoch = max(s.epoch, epoch)
		if keys[string(r.Key)] = true; r.Value == nil {
			delete(keys, string(r.Key))
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.epoch++
	s.since = s.epoch
	if err := s.start(ctx); err != nil {
		return err
	}
	if err := s.ports.Registry.startOver(ctx); err != nil {
		return err
	}
	if err := s.claim(ctx, nil, keys); err != nil {
		return err
	}
	*s.ports.StartOver = false
	s.log.Warn().Int("records", len(keys)).Int64("position", s.position).Msg("started over: what the state topic held of this partition is void")
	return nil
}

// epochOf a state record, as its key says: "<model>@<epoch>", or with more between the two.
func epochOf(key []byte, model string) (epoch uint64, own bool) {
	rest, own := bytes.CutPrefix(key, []byte(model))
	at := bytes.LastIndexByte(rest, '@')
	if !own || at < 0 || rest[0] != '@' && rest[0] != '/' {
		return 0, false
	}
	epoch, err := strconv.ParseUint(string(rest[at+1:]), 10, 64)
	return epoch, err == nil
}

// void what keys have learned in epochs before the state was started over.
func (k *keyModels) void(since uint64) {
	maps.DeleteFunc(k.byName, func(_ string, key *keyModel) bool { return key.epoch < since })
	k.changed = slices.DeleteFunc(k.changed, func(key *keyModel) bool { return key.epoch < since })
}

// damage is the state records that cannot be read, by epoch: the first of each.
type damage map[uint64]error

func (d damage) add(key []byte, err error) {
	at := bytes.LastIndexByte(key, '@')
	epoch, _ := strconv.ParseUint(string(key[at+1:]), 10, 64) // 0, if it is damaged too
	if d[epoch] == nil {
		d[epoch] = err
	}
}

// since a state was started over, if it was: what was damaged before is void anyway.
func (d damage) since(best *Checkpoint) error {
	for _, epoch := range slices.Sorted(maps.Keys(d)) {
		if best == nil || epoch >= best.Since {
			return fmt.Errorf("%w: write the topic anew from a copy, or start once with --reset-state to start from nothing", d[epoch])
		}
	}
	return nil
}
