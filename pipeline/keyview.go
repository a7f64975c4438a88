package pipeline

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
	"strings"
)

// KeySummary is what there is to say of all keys of a shard together.
type KeySummary struct {
	Keys     int
	InMemory int
	Rows     RowCounts         // of this process
	Refused  map[string]uint64 // rows without a key that can be used, by reason
}

// KeySummary of the shard as it stands. It is for the shard's own goroutine, and for use after Run has returned.
func (s *Shard) KeySummary() KeySummary {
	k := s.keys
	return KeySummary{Keys: len(k.byName), InMemory: k.awake, Rows: rowCounts(k.rows, math.NaN()), Refused: k.refusals()}
}

// EachKey calls each with the newest update of every key, in the order of the keys. It is for use after Run has returned.
func (s *Shard) EachKey(each func(*Update) error) error {
	if s.keys == nil || s.keys.family == nil {
		return nil
	}
	for _, key := range slices.SortedFunc(maps.Values(s.keys.byName), func(a, b *keyModel) int { return cmp.Compare(a.name, b.name) }) {
		u, err := s.keyUpdate(key)
		if err != nil {
			return err
		}
		if err := each(u); err != nil {
			return err
		}
	}
	return nil
}

// WorstKeys are those that an operator should look at first: with an alarm, with the most rows skipped, with the most drift, with the most rows. They are at most n,
// and if there are no more keys than that, all of them in their order. It is for use after Run has returned.
func (s *Shard) WorstKeys(n int) ([]*Update, error) {
	if s.keys == nil || s.keys.family == nil {
		return nil, nil
	}
	s.keys.lookAtAll()
	worse := worseKey
	if len(s.keys.byName) <= n {
		worse = func(a, b *keyModel) int { return cmp.Compare(a.name, b.name) }
	}
	return s.updatesOf(s.keys.first(n, worse, func(*keyModel) bool { return true }))
}

func worseKey(a, b *keyModel) int {
	return cmp.Or(
		alarmedFirst(a.alarmed(), b.alarmed()), cmp.Compare(b.skipped, a.skipped), cmp.Compare(b.drift, a.drift), cmp.Compare(b.learned, a.learned), cmp.Compare(a.name, b.name),
	)
}

func alarmedFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	default:
		return 1
	}
}

// first n of the keys that are wanted, in an order.
func (k *keyModels) first(n int, order func(a, b *keyModel) int, wanted func(*keyModel) bool) []*keyModel {
	var out []*keyModel
	for _, key := range k.byName {
		if !wanted(key) || len(out) == n && (n == 0 || order(key, out[n-1]) > 0) {
			continue
		}
		at, _ := slices.BinarySearchFunc(out, key, order)
		if out = slices.Insert(out, at, key); len(out) > n {
			out = out[:n]
		}
	}
	return out
}

func (s *Shard) updatesOf(keys []*keyModel) ([]*Update, error) {
	var out []*Update
	for _, key := range keys {
		u, err := s.keyUpdate(key)
		if err != nil {
			return nil, err
		}
		out = append(out, u)
	}
	return out, nil
}

// KeyQuery asks for a page of the keys of running shards: those with an alarm first, then in the order of the keys.
type KeyQuery struct {
	Prefix  string
	Alarmed bool    // only those with an alarm
	After   *KeyRef // the last key of the page before; nil: the first page
	Limit   int
}

// KeyRef is a key's place in that order.
type KeyRef struct {
	Alarm bool
	Key   string
}

// KeyView is a key's model in a page.
type KeyView struct {
	Partition Partition
	Place     KeyRef // in the order of pages
	Update    *Update
}

// Keys that a query asks for, of all shards with a model per key in this process. A shard answers between two messages.
func (b *Board) Keys(ctx context.Context, q KeyQuery) (page []KeyView, err error) {
	b.mu.Lock()
	shards := maps.Clone(b.keyed)
	b.mu.Unlock()
	for _, asks := range shards {
		var views []KeyView
		done := make(chan struct{})
		ask := func(s *Shard) {
			views, err = s.page(q)
			close(done)
		}
		select {
		case asks <- ask:
			<-done
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		page = append(page, views...)
	}
	slices.SortFunc(page, func(a, b KeyView) int {
		return cmp.Or(a.Place.compare(b.Place), cmp.Compare(a.Partition.ID, b.Partition.ID))
	})
	return page[:min(len(page), q.Limit)], nil
}

// Keyed tells whether a shard with a model per key is running in this process.
func (b *Board) Keyed() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.keyed) > 0
}

func (r KeyRef) compare(o KeyRef) int {
	return cmp.Or(alarmedFirst(r.Alarm, o.Alarm), cmp.Compare(r.Key, o.Key))
}

func (m *keyModel) ref() KeyRef { return KeyRef{m.alarmed(), m.name} }

// page of the shard's keys.
func (s *Shard) page(q KeyQuery) (page []KeyView, err error) {
	if s.keys.family == nil {
		return nil, nil
	}
	s.keys.lookAtAll()
	order := func(a, b *keyModel) int { return a.ref().compare(b.ref()) }
	keys := s.keys.first(q.Limit, order, func(key *keyModel) bool {
		return strings.HasPrefix(key.name, q.Prefix) && (key.alarmed() || !q.Alarmed) && (q.After == nil || key.ref().compare(*q.After) > 0)
	})
	updates, err := s.updatesOf(keys)
	for i, u := range updates {
		page = append(page, KeyView{s.partition, keys[i].ref(), u})
	}
	return page, err
}
