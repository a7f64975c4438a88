package arrowipc

import (
	"bytes"
	"fmt"
	"strings"
)

// plan is how to find the wanted columns in the record batches of one schema. Plans are kept by the schema's bytes, so that the messages of one
// producer cost one comparison.
type plan struct {
	schema    []byte // the metadata it was made from
	version   int16
	fields    []field
	total     shape
	numbers   []source
	texts     []source
	encodings map[int64]*field // dictionary-encoded columns that are wanted, by the dictionary's id
	problem   *Error           // a wanted column that is missing or of no use
}

// source of a wanted column: where its first node, buffer and variadic count stand in a record batch.
type source struct {
	field *field
	first shape
}

func newPlan(f *frame, p Projection, limits Limits) (*plan, *Error) {
	fields, err := readSchema(f, limits)
	if err != nil {
		return nil, err
	}
	out := &plan{schema: bytes.Clone(f.raw), version: f.version, fields: fields, encodings: map[int64]*field{}}
	starts := make([]shape, len(fields))
	for i := range fields {
		starts[i] = out.total
		out.total.add(fields[i].shape(f.version))
	}
	out.numbers, err = out.find(p.Numbers, starts, numberProblem)
	if err == nil {
		out.texts, err = out.find(p.Texts, starts, textProblem)
	}
	if err != nil {
		err.Byte = int64(f.begin)
		out.problem = err
	}
	return out, nil
}

// find the wanted columns by name; of two with one name, neither.
func (p *plan) find(names []string, starts []shape, problem func(*field) string) ([]source, *Error) {
	out := make([]source, 0, len(names))
	for _, name := range names {
		found := -1
		for i := range p.fields {
			if p.fields[i].name != name {
				continue
			}
			if found >= 0 {
				return nil, fault(reasonColumn, -1, "two columns are called %q", name)
			}
			found = i
		}
		if found < 0 {
			return nil, fault(reasonColumn, -1, "there is no column %q; there are: %s", name, p.names())
		}
		f := &p.fields[found]
		if what := problem(f); what != "" {
			return nil, fault(reasonType, -1, "column %q is %s", name, what)
		}
		if f.encoded {
			p.encodings[f.id] = f
		}
		out = append(out, source{field: f, first: starts[found]})
	}
	return out, nil
}

const namesShown = 50

func (p *plan) names() string {
	var names []string
	for i := range p.fields {
		if i == namesShown {
			names = append(names, fmt.Sprintf("and %d more", len(p.fields)-i))
			break
		}
		names = append(names, fmt.Sprintf("%.100q", p.fields[i].name))
	}
	if names == nil {
		return "none"
	}
	return strings.Join(names, ", ")
}

// plansKept bounds the cache: a stream whose every message has another schema must not fill memory.
const plansKept = 16

// planOf a schema frame: kept, most recent first, or made.
func (d *Decoder) planOf(f *frame) (*plan, *Error) {
	for i, p := range d.plans {
		if p.version == f.version && bytes.Equal(p.schema, f.raw) {
			if i > 0 {
				copy(d.plans[1:i+1], d.plans[:i])
				d.plans[0] = p
			}
			return p, nil
		}
	}
	p, err := newPlan(f, d.projection, d.limits)
	if err != nil {
		return nil, err
	}
	if len(d.plans) < plansKept {
		d.plans = append(d.plans, nil)
	}
	copy(d.plans[1:], d.plans)
	d.plans[0] = p
	return p, nil
}
