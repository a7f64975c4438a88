package arrowipc

import (
	"fmt"
	"math"

	"github.com/klauspost/compress/zstd"
)

// Projection names the columns to decode; all others are verified as far as safety needs, and never decoded.
type Projection struct {
	Numbers []string // decoded to float64
	Texts   []string // decoded to text (strings, dictionaries of strings, integers): key columns
}

// Batch is one record batch, decoded. Its slices refer to the message or to the decoder's buffers and are valid until the next Decode.
type Batch struct {
	Rows    int
	Numbers []Column     // in the order of Projection.Numbers
	Texts   []TextColumn // in the order of Projection.Texts
}

// Column of numbers. A null's value is unspecified.
type Column struct {
	Values []float64
	Valid  []byte // Arrow bitmap; nil: no nulls. A bitmap with no zero bit among the rows is never handed out
}

// A Decoder decodes messages, one at a time. It keeps accepted schemas and its buffers; it is not for concurrent use.
type Decoder struct {
	projection Projection
	limits     Limits
	plans      []*plan // most recent first
	batches    []Batch // handed out
	used       int     // of batches
	dictionary map[int64]*dictionary
	numbers    arena[float64]
	bytes      arena[byte]
	rows       int64
	decoded    int64 // bytes that were decompressed or converted for this message
	zstd       *zstd.Decoder
	lz4        lz4Reader
}

// NewDecoder for the columns of p.
func NewDecoder(p Projection, limits Limits) *Decoder {
	return &Decoder{projection: p, limits: limits, dictionary: map[int64]*dictionary{}}
}

// Decode verifies the whole message first, then hands out all its batches: a message is decoded whole or not at all.
// The error is always an *Error.
func (d *Decoder) Decode(message []byte) (_ []Batch, err error) {
	defer func() {
		if r := recover(); r != nil { // no input is known to get here; if one does, it costs a dead letter and not the process
			err = fault(reasonBody, -1, "the decoder failed: %v", r)
		}
	}()
	d.reset()
	if fault := d.stream(message); fault != nil {
		return nil, fault
	}
	return d.batches[:d.used], nil
}

func (d *Decoder) reset() {
	d.used, d.rows, d.decoded = 0, 0, 0
	d.numbers.reset()
	d.bytes.reset()
	if len(d.dictionary) > 0 {
		clear(d.dictionary)
	}
}

// stream of frames: a schema, then dictionaries and record batches, to the end.
func (d *Decoder) stream(message []byte) *Error {
	if n := int64(len(message)); n > d.limits.MessageBytes {
		return fault(reasonLimit, -1, "a message of %d bytes; the limit is %d", n, d.limits.MessageBytes)
	}
	var f frame
	if err := readFrame(message, 0, &f); err != nil {
		return err
	}
	if f.finished || f.kind != kindSchema {
		return fault(reasonFraming, 0, "the stream does not begin with a schema")
	}
	if len(f.body) > 0 {
		return fault(reasonFraming, f.bodyAt, "a schema with a body")
	}
	p, err := d.planOf(&f)
	if err != nil {
		return err
	}
	if p.problem != nil {
		return p.problem
	}
	for frames := 0; ; frames++ {
		if err := readFrame(message, f.end, &f); err != nil || f.finished {
			return err
		}
		if frames == 2*d.limits.Batches {
			return fault(reasonLimit, f.begin, "more than %d record batches and dictionaries", frames)
		}
		if err := d.frame(p, &f); err != nil {
			return err
		}
	}
}

func (d *Decoder) frame(p *plan, f *frame) *Error {
	switch f.kind {
	case kindBatch:
		return d.batch(p, f)
	case kindDictionary:
		return d.dictionaryBatch(p, f)
	case kindSchema:
		return fault(reasonFraming, f.begin, "a second schema")
	default:
		return fault(reasonFraming, f.begin, "a message of kind %d", f.kind)
	}
}

func (d *Decoder) batch(p *plan, f *frame) *Error {
	var b recordBatch
	if err := b.read(f, f.header, p.total); err != nil {
		return err
	}
	if d.used == d.limits.Batches {
		return fault(reasonLimit, f.begin, "more than %d record batches", d.used)
	}
	if d.rows += b.rows; d.rows > d.limits.Rows {
		return fault(reasonLimit, f.begin, "%d rows; the limit is %d", d.rows, d.limits.Rows)
	}
	out := d.next()
	out.Rows = int(b.rows)
	for _, source := range p.numbers {
		c, err := d.numberColumn(&b, source)
		if err != nil {
			return named(err, source.field)
		}
		out.Numbers = append(out.Numbers, c)
	}
	for _, source := range p.texts {
		c, err := d.textColumn(&b, source)
		if err != nil {
			return named(err, source.field)
		}
		out.Texts = append(out.Texts, c)
	}
	return nil
}

// next batch to hand out, with the slices of one handed out before.
func (d *Decoder) next() *Batch {
	if d.used == len(d.batches) {
		d.batches = append(d.batches, Batch{})
	}
	b := &d.batches[d.used]
	b.Numbers, b.Texts = b.Numbers[:0], b.Texts[:0]
	d.used++
	return b
}

func named(err *Error, f *field) *Error {
	err.Err = fmt.Errorf("column %q: %w", f.name, err.Err)
	return err
}

// spend bytes of the message's budget for decompressed and converted values.
func (d *Decoder) spend(n int64, at int) *Error {
	if n > math.MaxInt64-d.decoded || d.decoded+n > d.limits.DecodedBytes {
		return fault(reasonLimit, at, "the columns decode to more than %d bytes", d.limits.DecodedBytes)
	}
	d.decoded += n
	return nil
}

// arena hands out slices that are all given back at once. What a large message needed is kept up to a bound.
type arena[T any] struct {
	slices [][]T
	used   int
}

const arenaKeeps = 1 << 16 // elements of a slice that is kept for the next message

func (a *arena[T]) take(n int) []T {
	if a.used == len(a.slices) {
		a.slices = append(a.slices, nil)
	}
	s := a.slices[a.used]
	if cap(s) < n {
		s = make([]T, n)
		a.slices[a.used] = s
	}
	a.used++
	return s[:n:n]
}

func (a *arena[T]) reset() {
	for i := range a.used {
		if cap(a.slices[i]) > arenaKeeps {
			a.slices[i] = nil
		}
	}
	a.used = 0
}
