package pipeline

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"
)

// publishKeys makes the updates that are due: of a key by rows when their number has passed a multiple of output.every_rows, of all keys that have learned by
// the clock and at the end.
func (s *Shard) publishKeys() error {
	k := s.keys
	if k.family == nil {
		return nil
	}
	if s.board.wants(s.partition, k.rows.Learned) {
		s.board.showKeys(s.partition, s.KeySummary())
	}
	due := k.due
	k.due = k.due[:0]
	byClock := s.cfg.Output.Every > 0 && time.Since(s.publishedAt) >= s.cfg.Output.Every
	if byClock || s.closing {
		due = k.changed
		k.changed = k.changed[:0]
		s.publishedAt = time.Now()
		s.board.showKeys(s.partition, s.KeySummary())
	}
	for _, key := range due {
		key.due = false
		if !key.changed || !byClock && !s.closing && s.cfg.Output.EveryRows == 0 {
			continue
		}
		if err := s.announceKey(key); err != nil {
			return err
		}
	}
	return nil
}

// announceKey puts the update of a key on its way. Where there are many, they do not wait for the end of the run of messages.
func (s *Shard) announceKey(key *keyModel) error {
	key.changed = false
	if s.ports.Output == nil {
		return nil
	}
	if s.ports.Transactor != nil {
		s.keys.soil(key) // its record has to say in the same transaction that it is published
	}
	u, err := s.keyUpdate(key)
	if err != nil {
		return err
	}
	value, err := json.Marshal(u)
	if err != nil {
		return fmt.Errorf("update of model %s, key %q: %w", s.cfg.Model.Name, key.name, err)
	}
	s.metrics.updateOfKey()
	s.hold(&s.updates, Record{Key: []byte(s.cfg.Model.Name + "/" + key.name), Value: value})
	if s.waiting < shipmentBytes || s.ports.Transactor != nil { // a transaction takes the state along that has seen the same rows
		return nil
	}
	return s.shipUpdates()
}

// shipmentBytes of records go out at a time.
const shipmentBytes = 1 << 20

func (s *Shard) shipUpdates() error {
	load := shipment{letters: s.letters, updates: s.updates}
	s.letters, s.updates, s.waiting = nil, nil, 0
	return s.shipper.ship(load)
}

// keyUpdate is of a key's model as it stands: after all rows before the shard's position, or before the later one of a state that a restart has taken up.
func (s *Shard) keyUpdate(key *keyModel) (*Update, error) {
	if err := s.keys.wake(key); err != nil {
		return nil, err
	}
	u := s.describe(key.model.Report())
	u.Key = &key.name
	u.DeadLetters = max(s.deadLetters, key.deadLetters)
	u.Position = map[string]map[string]int64{s.partition.Topic: {strconv.Itoa(s.partition.ID): max(s.position, key.position)}}
	if !math.IsNaN(key.eventTime) {
		u.EventTime = formatEventTime(key.eventTime)
	}
	return u, nil
}

// EachKey calls each with the newest update of every key, in the order of the keys. It is for use after Run has returned.
func (s *Shard) EachKey(each func(*Update) error) error {
	if s.keys == nil {
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
	return KeySummary{Keys: len(k.byName), InMemory: k.awake, Rows: rowCounts(k.rows), Refused: k.refusals()}
}
