package pipeline

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"time"
)

// Checkpoint is a model's snapshot and the input position that it has learned up to, in one record of the state topic: either both are there or
// neither, and that is what makes a restart learn every row exactly once.
type Checkpoint struct {
	V           int              `json:"v"`
	Group       string           `json:"group"`
	Model       string           `json:"model"`
	Topic       string           `json:"topic"`
	Partition   int              `json:"partition"`
	Epoch       uint64           `json:"epoch"` // counts the owners of the shard; the highest wins
	Position    int64            `json:"position"`
	DeadLetters uint64           `json:"dead_letters"`
	EventTime   *float64         `json:"event_time"`          // seconds since the epoch; nil: no row had one
	Lost        uint64           `json:"lost,omitempty"`      // offsets that were deleted before they were learned from
	TopicID     string           `json:"topic_id,omitempty"`  // of the input topic, which another topic of the same name has not; empty: the broker gives none
	Since       uint64           `json:"since,omitempty"`     // epoch at which the state was started over: what earlier epochs wrote is void
	Published   map[string]int64 `json:"published,omitempty"` // position of the newest update, by partition; nil: none yet

	// With scope: key this is the partition's record, and the models are in the records of their keys. Its snapshot is of a model that has learned nothing.
	Key     string            `json:"key,omitempty"`     // model.key
	Keys    int               `json:"keys,omitempty"`    // known
	Refused map[string]uint64 `json:"refused,omitempty"` // rows without a key that can be used, by reason

	Snapshot []byte `json:"-"` // empty: no row learned yet
}

const checkpointVersion = 1

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// appendRecord writes the checkpoint as a record value: one line of JSON, the snapshot's bytes, and a CRC-32C over both. The head is text so that any
// Kafka tool can show where a shard stands.
func (c *Checkpoint) appendRecord(dst []byte) ([]byte, error) {
	start := len(dst)
	head, err := json.Marshal(c)
	if err != nil {
		return dst, fmt.Errorf("write checkpoint: %w", err)
	}
	dst = append(append(dst, head...), '\n')
	dst = append(dst, c.Snapshot...)
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli)), nil
}

// parseCheckpoint reads a record value. The snapshot refers to b.
func parseCheckpoint(b []byte) (*Checkpoint, error) {
	const crcBytes = 4
	if len(b) < crcBytes {
		return nil, fmt.Errorf("%w: %d bytes", ErrCheckpoint, len(b))
	}
	body := b[:len(b)-crcBytes]
	if got, want := crc32.Checksum(body, castagnoli), binary.LittleEndian.Uint32(b[len(body):]); got != want {
		return nil, fmt.Errorf("%w: checksum %08x where the bytes give %08x: the record is damaged or was not written by streamfit", ErrCheckpoint, want, got)
	}
	head, snapshot, found := bytes.Cut(body, []byte{'\n'})
	if !found {
		return nil, fmt.Errorf("%w: no end of the head", ErrCheckpoint)
	}
	c := new(Checkpoint)
	if err := json.Unmarshal(head, c); err != nil {
		return nil, fmt.Errorf("%w: head: %w", ErrCheckpoint, err)
	}
	if c.V != checkpointVersion {
		return nil, fmt.Errorf("%w: version %d, this program reads version %d", ErrCheckpoint, c.V, checkpointVersion)
	}
	c.Snapshot = snapshot
	return c, nil
}

// stateKey of the shard's records. Every owner writes under a key of its own, so that compaction never drops the newest owner's checkpoint in favour
// of a later record of a zombie.
func stateKey(model string, epoch uint64) []byte {
	return fmt.Appendf(nil, "%s@%d", model, epoch)
}

// isStateKey tells whether a state record is the model's, whatever its epoch.
func isStateKey(key []byte, model string) bool {
	at := bytes.LastIndexByte(key, '@')
	return at >= 0 && string(key[:at]) == model
}

// checkpoint takes the state as it stands after the last whole message, if it is time, and hands it to the shipper behind everything that waits to
// leave.
func (s *Shard) checkpoint() error {
	due := s.checkpointDue()
	if s.ports.Transactor != nil && !due {
		return nil // what waits leaves with the state that has seen the same rows, or an update would come twice after a crash
	}
	load := shipment{letters: s.letters, updates: s.updates, position: s.position}
	s.letters, s.updates, s.waiting = nil, nil, 0
	if due {
		if s.keys != nil {
			var err error
			if load, err = s.shipKeys(load); err != nil {
				return err
			}
		}
		c, err := s.state()
		if err != nil {
			return err
		}
		if load.checkpoint, err = c.appendRecord(nil); err != nil {
			return err
		}
		s.saved, s.savedAt = s.position, time.Now()
		s.metrics.checkpointBytes.Set(float64(len(load.checkpoint)))
	}
	return s.shipper.ship(load)
}

func (s *Shard) checkpointDue() bool {
	news := s.position != s.saved || s.ports.Transactor != nil && s.waiting > 0
	return s.ports.Store != nil && news && (s.closing || time.Since(s.savedAt) >= s.cfg.State.Every || s.ports.Transactor != nil && s.full())
}

// mostWaiting bounds, in bytes, what waits for the next checkpoint to make a transaction with it.
const mostWaiting = 4 << 20

// full tells whether that bound is reached, or the one of keys.
func (s *Shard) full() bool {
	return s.waiting >= mostWaiting || s.keys != nil && len(s.keys.dirty) >= mostDirty
}

// hold a record until the next shipment.
func (s *Shard) hold(to *[]Record, r Record) {
	*to = append(*to, r)
	s.waiting += len(r.Key) + len(r.Value)
}

// head of a checkpoint of the shard as it stands.
func (s *Shard) head() Checkpoint {
	c := Checkpoint{
		V: checkpointVersion, Group: s.cfg.Input.Group, Model: s.cfg.Model.Name, Topic: s.partition.Topic, Partition: s.partition.ID,
		Epoch: s.epoch, Position: s.position, DeadLetters: s.deadLetters, EventTime: s.eventTime, Published: s.announced,
		Lost: s.lost, TopicID: s.ports.TopicID, Since: s.since,
	}
	if s.keys != nil {
		c.Key, c.Keys, c.Refused = s.cfg.Model.Key, len(s.keys.byName), s.keys.refusals()
	}
	return c
}

// state of the shard as a checkpoint. The snapshot shares no memory with the model.
func (s *Shard) state() (c Checkpoint, err error) {
	c = s.head()
	model := s.model
	if s.keys != nil && s.keys.family != nil {
		model = s.keys.family.New()
	}
	if model == nil {
		return c, nil
	}
	if c.Snapshot, err = model.AppendBinary(nil); err != nil {
		return c, fmt.Errorf("snapshot of model %s: %w", s.cfg.Model.Name, err)
	}
	return c, nil
}
