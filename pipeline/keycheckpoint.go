package pipeline

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"strconv"
)

// A keyCheckpoint is a key's model and the position that it has learned up to, in one record of the state topic. Each key has its own position, so that a
// restart that reads rows again which the key has learned passes them over: the records of keys need not be written together. The partition's own record,
// written after those of all keys that have learned, says that everything before its position is in them.
type keyCheckpoint struct {
	epoch       uint64
	position    int64
	deadLetters uint64
	eventTime   float64
	learned     uint64
	skipped     uint64
	lastAlarm   uint64 // row of the detector's last alarm; 0: there was none
	unpublished uint64 // 1: it has learned rows since its newest update, which a restart must not forget
	state       []byte // estimator.Linear.AppendState
}

// keyRecordMark begins the record of a key, and is followed by its version. There may be a million of them: they are not text, as the partition's is.
const (
	keyRecordMark    = 'k'
	keyRecordVersion = 2
)

// appendHead writes all but the state and the checksum.
func (c *keyCheckpoint) appendHead(dst []byte) []byte {
	dst = append(dst, keyRecordMark, keyRecordVersion)
	for _, n := range [...]uint64{c.epoch, uint64(c.position), c.deadLetters, c.learned, c.skipped, c.lastAlarm, c.unpublished} {
		dst = binary.AppendUvarint(dst, n)
	}
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(c.eventTime))
}

func appendChecksum(dst []byte) []byte {
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst, castagnoli))
}

// parseKeyCheckpoint reads a record value. The state refers to b.
func parseKeyCheckpoint(b []byte) (c keyCheckpoint, err error) {
	const crcBytes, timeBytes = 4, 8
	if len(b) < 2+crcBytes || b[0] != keyRecordMark {
		return c, fmt.Errorf("%w of a key: %d bytes", ErrCheckpoint, len(b))
	}
	if b[1] != keyRecordVersion {
		return c, fmt.Errorf("%w of a key: version %d, this program reads version %d", ErrCheckpoint, b[1], keyRecordVersion)
	}
	body := b[:len(b)-crcBytes]
	if got, want := crc32.Checksum(body, castagnoli), binary.LittleEndian.Uint32(b[len(body):]); got != want {
		return c, fmt.Errorf("%w: checksum %08x where the bytes give %08x: the record is damaged or was not written by streamfit", ErrCheckpoint, want, got)
	}
	body = body[2:]
	var position uint64
	for _, field := range [...]*uint64{&c.epoch, &position, &c.deadLetters, &c.learned, &c.skipped, &c.lastAlarm, &c.unpublished} {
		value, n := binary.Uvarint(body)
		if n <= 0 {
			return c, fmt.Errorf("%w: its head is cut off", ErrCheckpoint)
		}
		*field, body = value, body[n:]
	}
	if len(body) < timeBytes || position > math.MaxInt64 {
		return c, fmt.Errorf("%w: its head is cut off", ErrCheckpoint)
	}
	c.position, c.eventTime, c.state = int64(position), math.Float64frombits(binary.LittleEndian.Uint64(body)), body[timeBytes:]
	return c, nil
}

// keyStateKey of a key's records. As with the partition's own, every epoch has keys of its own.
func keyStateKey(model, key string, epoch uint64) []byte {
	out := make([]byte, 0, len(model)+len(key)+8)
	out = append(append(append(append(out, model...), '/'), key...), '@')
	return strconv.AppendUint(out, epoch, 10)
}

// parseKeyStateKey is its inverse; false for the keys of other records.
func parseKeyStateKey(record []byte, model string) (key string, epoch uint64, ok bool) {
	at := bytes.LastIndexByte(record, '@')
	if at <= len(model) || string(record[:len(model)]) != model || record[len(model)] != '/' {
		return "", 0, false
	}
	epoch, err := strconv.ParseUint(string(record[at+1:]), 10, 64)
	return string(record[len(model)+1 : at]), epoch, err == nil
}

// mostDirty bounds the keys whose states wait for the next checkpoint to make a transaction with it.
const mostDirty = 16384

// shipKeys hands the records of all keys that have learned to the shipper, a shipment at a time; the last one is returned, for the partition's record to
// follow.
func (s *Shard) shipKeys(load shipment) (shipment, error) {
	size := 0
	for _, key := range s.keys.dirty {
		record, err := s.keyRecord(key)
		if err != nil {
			return load, err
		}
		load.states = append(load.states, record)
		if key.epoch != 0 && key.epoch != s.epoch { // after the new record, so that one of the two is always there
			load.states = append(load.states, Record{Key: keyStateKey(s.cfg.Model.Name, key.name, key.epoch)})
		}
		key.epoch, key.dirty = s.epoch, false
		if size += len(record.Value); size >= shipmentBytes && s.ports.Transactor == nil {
			if err := s.shipper.ship(load); err != nil {
				return load, err
			}
			load, size = shipment{position: s.position}, 0
		}
	}
	s.keys.dirty = s.keys.dirty[:0]
	return load, nil
}

func (s *Shard) keyRecord(key *keyModel) (Record, error) {
	if key.model != nil {
		key.look()
	}
	c := keyCheckpoint{
		epoch: s.epoch, position: max(s.position, key.position), deadLetters: max(s.deadLetters, key.deadLetters), eventTime: key.eventTime,
		learned: key.learned, skipped: key.skipped, lastAlarm: key.lastAlarm,
	}
	if key.changed {
		c.unpublished = 1
	}
	value, err := s.keys.appendState(c.appendHead(nil), key)
	if err != nil {
		return Record{}, fmt.Errorf("checkpoint of key %q: %w", key.name, err)
	}
	return Record{Key: keyStateKey(s.cfg.Model.Name, key.name, s.epoch), Value: appendChecksum(value)}, nil
}
