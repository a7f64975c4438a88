package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"iter"
	"slices"
	"sync"
)

// ErrSharedKey is a key whose rows come in through several partitions.
var ErrSharedKey = errors.New("a key comes in through several partitions")

// SharedKeyError names such a key: two models would go by its name, each of a part of its rows.
type SharedKeyError struct {
	Key         string
	Topic       string
	Home, Other int // the partition that had it first, and the one that is refused
}

func (e *SharedKeyError) Error() string {
	return fmt.Sprintf("key %q comes in through partitions %d and %d of topic %s, and there would be two models of one name: send all rows of a key to one partition, by making "+
		"the key the message's key in every producer, with one partitioner and a number of partitions that does not change; then begin with a new topic and a new group",
		e.Key, e.Home, e.Other, e.Topic)
}

// Unwrap gives what kind of error it is.
func (e *SharedKeyError) Unwrap() error { return ErrSharedKey }

// KeyRegistry finds out when two shards of a model have the same key, whichever processes they are in. Before anything of a new key leaves a shard, the shard
// appends it to a log that all of them share, and reads the log up to there: the first to have written a key has it. All shards of a process share a registry.
type KeyRegistry struct {
	model string
	log   StateLog

	mu   sync.Mutex
	over bool // started over by this process
	next int64
	seed maphash.Seed
	home map[uint64]int // partition, by the key's hash: the keys of all partitions would be too many
}

// NewKeyRegistry of a model, with the log that its shards share: a partition of the state topic.
func NewKeyRegistry(model string, log StateLog) *KeyRegistry {
	return &KeyRegistry{model: model, log: log, seed: maphash.MakeSeed(), home: map[uint64]int{}}
}

// announcement is the value of a record in the log.
type announcement struct {
	V         int      `json:"v"`
	Partition int      `json:"partition"`
	Keys      []string `json:"keys"`
	Void      bool     `json:"void,omitempty"` // what was announced before
}

const (
	announcementVersion = 1
	announcementKeys    = 5000
)

// announce keys that are new in a partition, in the name of its owner's n-th announcement. It is a *SharedKeyError if another partition has one of them.
func (r *KeyRegistry) announce(ctx context.Context, of Partition, epoch uint64, n int, keys []string) error {
	if r == nil || len(keys) == 0 {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for from := 0; from < len(keys); from += announcementKeys {
		part := keys[from:min(len(keys), from+announcementKeys)]
		value, err := json.Marshal(announcement{V: announcementVersion, Partition: of.ID, Keys: part})
		if err != nil {
			return err
		}
		name := fmt.Appendf(nil, "%s#keys/%d@%d.%d.%d", r.model, of.ID, epoch, n, from)
		if err := r.log.Write(ctx, Record{Key: name, Value: value}); err != nil {
			return fmt.Errorf("announce new keys of %s: %w", of, err)
		}
	}
	if err := r.read(ctx); err != nil {
		return fmt.Errorf("read what keys the partitions of topic %s have: %w", of.Topic, err)
	}
	for _, key := range keys {
		if home := r.home[maphash.String(r.seed, key)]; home != of.ID {
			if err := r.confirm(ctx, of, key); err != nil {
				return err
			}
		}
	}
	return nil
}

// startOver voids what was announced before this process, once: the keys of the partitions of another topic, or of fewer.
func (r *KeyRegistry) startOver(ctx context.Context) error {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over {
		return nil
	}
	value, err := json.Marshal(announcement{V: announcementVersion, Keys: []string{}, Void: true})
	if err != nil {
		return err
	}
	if err := r.log.Write(ctx, Record{Key: []byte(r.model + "#keys/void"), Value: value}); err != nil {
		return fmt.Errorf("void the announcements of keys: %w", err)
	}
	r.over = true
	return nil
}

// unknown of the keys that a partition has taken up from its state: those that no announcement gives to it.
func (r *KeyRegistry) unknown(ctx context.Context, of Partition, keys iter.Seq[string]) (names []string, err error) {
	if r == nil {
		return nil, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.read(ctx); err != nil {
		return nil, fmt.Errorf("read what keys the partitions of topic %s have: %w", of.Topic, err)
	}
	for name := range keys {
		if home, known := r.home[maphash.String(r.seed, name)]; !known || home != of.ID {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// read what is new in the log.
func (r *KeyRegistry) read(ctx context.Context) error {
	end, err := r.each(ctx, r.next, func(a announcement) {
		if a.Void {
			clear(r.home)
		}
		for _, key := range a.Keys {
			hash := maphash.String(r.seed, key)
			if _, known := r.home[hash]; !known {
				r.home[hash] = a.Partition
			}
		}
	})
	if err == nil {
		r.next = end
	}
	return err
}

// confirm that another partition has a key by its name: two keys may have one hash.
func (r *KeyRegistry) confirm(ctx context.Context, of Partition, key string) error {
	home := of.ID
	found := false
	_, err := r.each(ctx, 0, func(a announcement) {
		if a.Void {
			home, found = of.ID, false
		}
		for _, name := range a.Keys {
			if name == key && !found {
				home, found = a.Partition, true
			}
		}
	})
	if err != nil || home == of.ID {
		return err
	}
	return &SharedKeyError{Key: key, Topic: of.Topic, Home: home, Other: of.ID}
}

func (r *KeyRegistry) each(ctx context.Context, from int64, visit func(announcement)) (end int64, err error) {
	prefix := r.model + "#keys/"
	return r.log.Replay(ctx, from, func(offset int64, record Record) error {
		if len(record.Key) < len(prefix) || string(record.Key[:len(prefix)]) != prefix || record.Value == nil {
			return nil
		}
		var a announcement
		if err := json.Unmarshal(record.Value, &a); err != nil || a.V != announcementVersion {
			return fmt.Errorf("%w: offset %d: not an announcement of keys, or of another version (%d): %w", ErrCheckpoint, offset, a.V, err)
		}
		visit(a)
		return nil
	})
}
