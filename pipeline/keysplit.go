package pipeline

import (
	"math"
	"slices"

	"github.com/streamfit/streamfit/pipeline/arrowipc"
)

// keySplit tells the rows of a record batch apart by their key, without copying a column: each key gets the list of its rows.
type keySplit struct {
	groups  []keyGroup
	refused []refusedRow
	slots   []int32 // the group of each row; -1: none
	order   []int32 // rows by group, in their order
}

// keyGroup is the rows of one key in a record batch.
type keyGroup struct {
	key  *keyModel
	rows int
	pick []int32 // nil: all rows of the batch
}

// refusedRow has no key that can be used.
type refusedRow struct {
	row int
	why keyFault
}

// noTime is the event time of a key whose rows had none.
var noTime = math.NaN()

// splitBatch of a message. Rows of keys that have learned the message before a restart are in no group.
func (k *keyModels) splitBatch(b *rows, m *Message, column bool) *keySplit {
	s := &k.split
	s.groups, s.refused = s.groups[:0], s.refused[:0]
	if !column {
		k.splitWhole(b, m)
		return s
	}
	s.slots = slices.Grow(s.slots[:0], b.Rows)[:b.Rows]
	k.assign(&b.keys, m.Offset)
	if len(s.groups) == 1 && s.groups[0].rows == b.Rows {
		s.groups[0].key.group = -1
		return s // one key's message: its columns as they are
	}
	s.order = slices.Grow(s.order[:0], b.Rows)[:b.Rows]
	at := 0
	for i := range s.groups {
		g := &s.groups[i]
		g.pick = s.order[at : at : at+g.rows]
		at += g.rows
		g.key.group = -1
	}
	for row, slot := range s.slots {
		if slot >= 0 {
			g := &s.groups[slot]
			g.pick = append(g.pick, int32(row))
		}
	}
	return s
}

// splitWhole of a message that has one key.
func (k *keyModels) splitWhole(b *rows, m *Message) {
	s := &k.split
	key, why := k.find(m.Key, m.Key != nil)
	switch {
	case key == nil:
		for row := range b.Rows {
			s.refused = append(s.refused, refusedRow{row, why})
		}
	case key.position <= m.Offset:
		s.groups = append(s.groups, keyGroup{key: key, rows: b.Rows})
	}
}

// assign each row to the group of its key.
func (k *keyModels) assign(keys *arrowipc.TextColumn, offset int64) {
	s := &k.split
	var last *keyModel
	for row := range s.slots {
		text, known := keys.At(row)
		key, why := last, keyOK
		if !known || last == nil || string(text) != last.name {
			key, why = k.find(text, known)
		}
		s.slots[row] = -1
		if key == nil {
			s.refused = append(s.refused, refusedRow{row, why})
			continue
		}
		if last = key; key.position > offset {
			continue
		}
		if key.group < 0 {
			key.group = int32(len(s.groups))
			s.groups = append(s.groups, keyGroup{key: key})
		}
		s.slots[row] = key.group
		s.groups[key.group].rows++
	}
}

// latest event time of the rows picked, or of those before them.
func (b *rows) latest(before float64, pick []int32) float64 {
	if pick == nil {
		for i := range b.times.Values {
			before = b.later(before, i)
		}
		return before
	}
	if len(b.times.Values) > 0 {
		for _, i := range pick {
			before = b.later(before, int(i))
		}
	}
	return before
}

// later of a time and a row's; NaN is none.
func (b *rows) later(than float64, row int) float64 {
	t := b.times.Values[row]
	if math.IsInf(t, 0) || math.IsNaN(t) || t <= than || b.times.Valid != nil && b.times.Valid[row/8]>>(row%8)&1 == 0 {
		return than
	}
	return t
}
