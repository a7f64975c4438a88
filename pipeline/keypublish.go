package pipeline

import (
	"encoding/json"
	"fmt"
	"math"
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
	for i, key := range due {
		if i%keysPerLook == keysPerLook-1 && s.leavingLate() {
			s.log.Warn().Int("keys", len(due)-i).Msg("left before all keys were published: whoever takes the partition over publishes the others")
			k.changed = due[i:]
			return nil
		}
		key.due = false
		if !key.changed || !byClock && !s.closing && s.cfg.Output.EveryRows == 0 {
			continue
		}
		if err := s.announceKey(key); err != nil {
			return err
		}
		if s.ports.Transactor == nil || !s.full() {
			continue
		}
		if err := s.checkpoint(); err != nil { // the next transaction takes the others: one of very many keys would not end in its time
			return err
		}
	}
	return nil
}

// keysPerLook are published before the clock is looked at again.
const keysPerLook = 64

// leavingLate tells whether a shard that leaves has spent its time for updates: very many keys' would keep the checkpoint from getting out before
// kafka.shutdown_timeout. What is left is not lost, for the state says of each key whether it is published.
func (s *Shard) leavingLate() bool {
	return s.closing && s.ports.Store != nil && time.Since(s.publishedAt) > s.cfg.Kafka.ShutdownTimeout/4
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
