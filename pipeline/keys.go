package pipeline

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/streamfit/streamfit/estimator"
	"github.com/streamfit/streamfit/pipeline/internal/coldstore"
)

// KeyOfMessage as model.key makes the key of the message the key of all its rows; every other name is a column's.
const KeyOfMessage = "$message_key"

// keyModel is one key of a shard with scope: key, its model, and what the shard must know of it without looking at the model.
type keyModel struct {
	name         string
	model        *estimator.Linear // nil: put away
	newer, older *keyModel         // by use; only of models in memory
	place        coldstore.Place   // of the state that was put away
	stored       bool              // what is put away is the model as it stands

	// As of its newest record in the state topic.
	epoch       uint64 // 0: it has none
	position    int64  // rows of messages before it have been learned
	deadLetters uint64

	learned, skipped uint64
	eventTime        float64 // NaN: no row had one

	// What the detector says, as of the last look at the model.
	drift     float64 // its statistic
	lastAlarm uint64  // row of its last alarm; 0: there was none

	dirty   bool  // learned since its newest record in the state topic
	changed bool  // learned since its newest update
	due     bool  // it has passed a multiple of output.every_rows rows
	group   int32 // in the record batch at hand; -1: none of its rows
}

// keyModels are the models of a shard, one for each key. Few are in memory, those used last; the others' states are in a temporary file. All keys are known,
// so what a key costs in memory is its name and a keyModel.
type keyModels struct {
	family   *estimator.Family       // nil: the features are not known yet
	tune     func(*estimator.Linear) // what is no part of a model
	interval uint64
	limits   keyLimits
	byName   map[string]*keyModel
	cold     *coldstore.Store
	recent   keyModel // the ring's beginning: newer is the one used longest ago, older the one used last
	awake    int
	state    []byte // reused

	rows    estimator.Rows         // learned and skipped by this process
	refused [len(keyFaults)]uint64 // rows without a key that can be used
	fresh   []string               // keys that nothing has left the shard of
	dirty   []*keyModel
	changed []*keyModel
	due     []*keyModel
	split   keySplit
	asks    chan func(*Shard) // questions of those who look on
}

// keyLimits bound what keys may make the process do.
type keyLimits struct {
	keys  int // known at a time
	bytes int // of one key
	awake int // models in memory
}

func newKeyModels(cfg Config, interval uint64, tune func(*estimator.Linear)) *keyModels {
	k := &keyModels{
		tune: tune, asks: make(chan func(*Shard)), interval: interval, byName: map[string]*keyModel{}, cold: coldstore.New(cfg.State.ColdDir),
		limits: keyLimits{keys: cfg.Model.MaxKeys, bytes: int(cfg.Input.Limits.KeyBytes), awake: cfg.State.HotKeys},
	}
	k.recent.newer, k.recent.older = &k.recent, &k.recent
	return k
}

// A keyFault says why a row has no key that can be used.
type keyFault uint8

const (
	keyNull  keyFault = iota // null, or a message without a key
	keyLong                  // longer than input.limits.key_bytes
	keyText                  // not UTF-8: an update could not name it
	keyLimit                 // new, and there are model.max_keys already
	keyOK
)

// keyFaults are their names in metrics, dead letters and errors.
var keyFaults = [...]string{"key_null", "key_long", "key_text", "key_limit"}

// find the model of a key, which is made if the key is new.
func (k *keyModels) find(text []byte, known bool) (*keyModel, keyFault) {
	if !known {
		return nil, keyNull
	}
	if m := k.byName[string(text)]; m != nil {
		return m, keyOK
	}
	switch {
	case len(text) > k.limits.bytes:
		return nil, keyLong
	case !utf8.Valid(text):
		return nil, keyText
	case len(k.byName) >= k.limits.keys:
		return nil, keyLimit
	}
	m := k.add(string(text))
	k.fresh = append(k.fresh, m.name)
	return m, keyOK
}

func (k *keyModels) add(name string) *keyModel {
	m := &keyModel{name: name, eventTime: noTime, group: -1}
	k.byName[name] = m
	return m
}

// wake a model: from then on it is in memory, and the one used last.
func (k *keyModels) wake(m *keyModel) error {
	if m.model != nil {
		m.leave()
		k.enter(m)
		return nil
	}
	if m.place.None() {
		m.model = k.family.New()
	} else if err := k.restore(m); err != nil {
		return err
	}
	k.tune(m.model)
	k.enter(m)
	if k.awake++; k.awake > k.limits.awake {
		return k.putAway(k.recent.newer)
	}
	return nil
}

func (k *keyModels) restore(m *keyModel) (err error) {
	if k.state, err = k.cold.Get(k.state[:0], m.place); err != nil {
		return fmt.Errorf("key %q: take up its model: %w", m.name, err)
	}
	if m.model, err = k.family.Restore(k.state); err != nil {
		return fmt.Errorf("key %q: %w: %w", m.name, ErrState, err)
	}
	return nil
}

func (k *keyModels) enter(m *keyModel) {
	m.newer, m.older = &k.recent, k.recent.older
	m.older.newer, k.recent.older = m, m
}

// look at what the model's detector says.
func (m *keyModel) look() {
	d := m.model.Drift()
	m.drift, m.lastAlarm = d.Statistic, uint64(max(0, d.LastAlarmRow))
}

// lookAtAll models that are in memory: the others were looked at when they were put away.
func (k *keyModels) lookAtAll() {
	for m := k.recent.newer; m != &k.recent; m = m.newer {
		m.look()
	}
}

// alarmed tells whether the last alarm is fresh.
func (m *keyModel) alarmed() bool {
	return m.lastAlarm > 0 && m.learned-m.lastAlarm < estimator.FreshAlarm
}

func (m *keyModel) leave() {
	m.newer.older, m.older.newer = m.older, m.newer
	m.newer, m.older = nil, nil
}

// putAway a model that has not been used for longest.
func (k *keyModels) putAway(m *keyModel) (err error) {
	if !m.stored {
		k.state = m.model.AppendState(k.state[:0])
		if m.place, err = k.cold.Put(m.place, k.state); err != nil {
			return fmt.Errorf("key %q: put its model away (state.cold_dir): %w", m.name, err)
		}
		m.stored = true
	}
	m.look()
	m.leave()
	m.model = nil
	k.awake--
	return nil
}

// appendState of a model, wherever it is.
func (k *keyModels) appendState(dst []byte, m *keyModel) ([]byte, error) {
	if m.model != nil {
		return m.model.AppendState(dst), nil
	}
	return k.cold.Get(dst, m.place)
}

// learned says that a model has taken rows: the message's at position − 1.
func (k *keyModels) learned(m *keyModel, before estimator.Rows) {
	now := m.model.Rows()
	k.rows.Learned += now.Learned - before.Learned
	k.rows.Outliers += now.Outliers - before.Outliers
	k.rows.Guarded += now.Guarded - before.Guarded
	m.skipped = 0
	for i, n := range now.Skipped {
		k.rows.Skipped[i] += n - before.Skipped[i]
		m.skipped += n
	}
	m.learned, m.stored = now.Learned, false
	k.soil(m)
	if !m.changed {
		m.changed = true
		k.changed = append(k.changed, m)
	}
	if !m.due && now.Learned/k.interval != before.Learned/k.interval {
		m.due = true
		k.due = append(k.due, m)
	}
}

// soil a key: its newest record is not true any more.
func (k *keyModels) soil(m *keyModel) {
	if !m.dirty {
		m.dirty = true
		k.dirty = append(k.dirty, m)
	}
}

// refusals by reason.
func (k *keyModels) refusals() map[string]uint64 {
	out := map[string]uint64{}
	for i, n := range k.refused {
		if n > 0 {
			out[keyFaults[i]] = n
		}
	}
	return out
}

// refuse takes up the counts of the owner before.
func (k *keyModels) refuse(by map[string]uint64) {
	for i, name := range keyFaults {
		k.refused[i] = by[name]
	}
}

// close gives the temporary file back.
func (k *keyModels) close() error {
	if k == nil {
		return nil
	}
	return k.cold.Close()
}

// errNoPartitionRecord is a state topic that holds keys but not where the shard stands.
var errNoPartitionRecord = errors.New("it holds models of keys, but not the record that says where the partition stands")
