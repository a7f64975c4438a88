package arrowipc

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// plan is how to find the wanted columns in the record batches of one schema. Plans are kept by the schema's bytes, so that the messages of one
// producer cost one comparison.
type plan struct {
	frame     []byte // the encapsulated schema it was made from
	version   int16
	total     shape
	numbers   []source
	texts     []source
	encodings map[int64]*encoding // of the wanted columns, by the dictionary's id
	problem   *Error              // a wanted column that is missing or of no use
}

// source of a wanted column: where its first node, buffer and variadic count stand in a record batch.
type source struct {
	field *field
	first shape
	plain bool // float64 and not encoded: looked at where it stands
}

func sourceOf(f *field, first shape) source {
	return source{field: f, first: first, plain: f.kind == typeFloat && f.bits == 64 && !f.encoded}
}

func newPlan(f *frame, p Projection, limits Limits) (*plan, *Error) {
	fields, _, err := readSchema(f, limits)
	if err != nil {
		return nil, err
	}
	out, sources := planAll(fields, f.version)
	out.numbers, err = out.find(p.Numbers, sources, numberProblem)
	if err == nil {
		out.texts, err = out.find(p.Texts, sources, textProblem)
	}
	if err != nil {
		err.Byte = int64(f.begin)
		out.problem = err
	}
	return out, nil
}

// planAll columns; none of them is wanted yet.
func planAll(fields []field, version int16) (*plan, []source) {
	p := &plan{version: version, encodings: map[int64]*encoding{}}
	sources := make([]source, len(fields))
	for i := range fields {
		f := &fields[i]
		sources[i] = sourceOf(f, p.total)
		p.total.add(f.shape(version))
	}
	return p, sources
}

// find the wanted columns by name; of two with one name, neither.
func (p *plan) find(names []string, all []source, problem func(*field) string) ([]source, *Error) {
	out := make([]source, 0, len(names))
	for _, name := range names {
		found := -1
		for i := range all {
			if all[i].field.name != name {
				continue
			}
			if found >= 0 {
				return nil, fault(reasonColumn, -1, "two columns are called %q", name)
			}
			found = i
		}
		if found < 0 {
			return nil, fault(reasonColumn, -1, "there is no column %q; there are: %s", name, listed(all))
		}
		s := all[found]
		if what := problem(s.field); what != "" {
			return nil, fault(reasonType, -1, "column %q is %s", name, what)
		}
		s.field = s.field.alone()
		if err := p.encode(s.field); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// alone is the field without what it shares memory with: a plan that is kept must not keep a whole schema.
func (f *field) alone() *field {
	out := *f
	out.children, out.pairs = nil, nil
	return &out
}

// encoding of columns by a dictionary.
type encoding struct {
	column  string
	entries source // the dictionary's only column: it has the column's type
}

// encode notes that a wanted column is encoded by a dictionary. Columns may share one, if their types are the same.
func (p *plan) encode(f *field) *Error {
	if !f.encoded {
		return nil
	}
	if other := p.encodings[f.id]; other != nil && !other.entries.field.sameValues(f) {
		return fault(reasonSchema, -1, "columns %q and %q share dictionary %d, but not the type of its values", other.column, f.name, f.id)
	}
	entries := *f
	entries.encoded = false
	p.encodings[f.id] = &encoding{column: f.name, entries: sourceOf(&entries, shape{})}
	return nil
}

func (f *field) sameValues(o *field) bool {
	return f.kind == o.kind && f.bits == o.bits && f.signed == o.signed && f.unit == o.unit && f.scale == o.scale
}

const namesShown = 50

func listed(all []source) string {
	var names []string
	for i := range all {
		if i == namesShown {
			names = append(names, fmt.Sprintf("and %d more", len(all)-i))
			break
		}
		names = append(names, fmt.Sprintf("%.100q", all[i].field.name))
	}
	if names == nil {
		return "none"
	}
	return strings.Join(names, ", ")
}

// What bounds the plans that are kept: a stream whose every message has another schema must not fill memory.
const (
	plansKept     = 16
	planBytesKept = 4 << 20 // of their schemas together
)

// knownPlan whose schema the message begins with, byte for byte; nil: none.
func (d *Decoder) knownPlan(message []byte) *plan {
	for i, p := range d.plans {
		if bytes.HasPrefix(message, p.frame) {
			if i > 0 {
				copy(d.plans[1:i+1], d.plans[:i])
				d.plans[0] = p
			}
			return p
		}
	}
	return nil
}

// keep a new plan, most recent first.
func (d *Decoder) keep(p *plan, schema []byte) {
	p.frame = bytes.Clone(schema)
	d.plans = slices.Insert(d.plans, 0, p)
	total := 0
	for i, kept := range d.plans {
		if total += len(kept.frame); i == plansKept || total > planBytesKept {
			clear(d.plans[i:])
			d.plans = d.plans[:i]
			return
		}
	}
}
