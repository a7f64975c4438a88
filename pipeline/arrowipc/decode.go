package arrowipc

import (
	"fmt"
	"math"
	"slices"

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
	projection   Projection
	limits       Limits
	plans        []*plan // most recent first
	frame        frame   // at hand
	record       recordBatch
	batches      []Batch // handed out
	used         int     // of batches
	dictionaries map[int64]*dictionary
	made         []*dictionary // by this message and those before
	inUse        int           // of made
	numbers      arena[float64]
	bytes        arena[byte]
	rows         int64
	decoded      int64 // bytes that were decompressed or converted for this message
	zstd         *zstd.Decoder
	lz4          lz4Reader
}

// NewDecoder for the columns of p.
func NewDecoder(p Projection, limits Limits) *Decoder {
	return &Decoder{projection: p, limits: limits, dictionaries: map[int64]*dictionary{}}
}

// Decode verifies the whole message first, then hands out all its batches: a message is decoded whole or not at all.
// The error is always an *Error.
func (d *Decoder) Decode(message []byte) (_ []Batch, err error) {
	defer func() {
		if r := recover(); r != nil { // no input is known to get here; if one does, it costs a dead letter and not the process
			err = failed(r)
		}
	}()
	d.reset()
	if fault := d.stream(message); fault != nil {
		return nil, fault
	}
	return d.batches[:d.used], nil
}

func (d *Decoder) reset() {
	for i := 1; i < d.used; i++ { // what nothing will overwrite soon must not hold on to old messages
		clear(d.batches[i].Numbers)
		clear(d.batches[i].Texts)
	}
	for i := range d.inUse {
		*d.made[i] = dictionary{}
	}
	d.used, d.inUse, d.rows, d.decoded = 0, 0, 0, 0
	d.numbers.reset()
	d.bytes.reset()
	if len(d.dictionaries) > 0 {
		clear(d.dictionaries)
	}
}

// stream of frames: a schema, then dictionaries and record batches, to the end.
func (d *Decoder) stream(message []byte) *Error {
	if err := d.limits.admit(message); err != nil {
		return err
	}
	p := d.knownPlan(message)
	var next int
	if p != nil {
		next = len(p.frame)
	} else {
		if err := d.frame.readSchema(message); err != nil {
			return err
		}
		var err *Error
		if p, err = newPlan(&d.frame, d.projection, d.limits); err != nil {
			return err
		}
		next = d.frame.end
		d.keep(p, message[:next])
	}
	if p.problem != nil {
		return p.problem
	}
	f := &d.frame
	for frames := 0; ; frames++ {
		if err := f.read(message, next); err != nil || f.finished {
			return err
		}
		if frames == 2*d.limits.Batches {
			return fault(reasonLimit, f.begin, "more than %d record batches and dictionaries", frames)
		}
		if err := d.decode(p, f); err != nil {
			return err
		}
		next = f.end
	}
}

func (d *Decoder) decode(p *plan, f *frame) *Error {
	switch f.kind {
	case kindBatch:
		return d.batch(p, f)
	case kindDictionary:
		return d.dictionary(p, f)
	case kindSchema:
		return fault(reasonFraming, f.begin, "a second schema")
	default:
		return fault(reasonFraming, f.begin, "a message of kind %d", f.kind)
	}
}

func (d *Decoder) batch(p *plan, f *frame) *Error {
	b := &d.record
	err := b.read(f, f.header, p.total)
	if err != nil {
		return err
	}
	if d.used == d.limits.Batches {
		return fault(reasonLimit, f.begin, "more than %d record batches", d.used)
	}
	if d.rows += b.rows; d.rows > d.limits.Rows {
		return fault(reasonLimit, f.begin, "%d rows; the limit is %d", d.rows, d.limits.Rows)
	}
	if err := d.afford(p, b); err != nil {
		return err
	}
	out := d.next()
	out.Rows = int(b.rows)
	out.Numbers = slices.Grow(out.Numbers, len(p.numbers))[:len(p.numbers)]
	for i := range p.numbers {
		source := &p.numbers[i]
		if source.plain && b.plain(source, &out.Numbers[i]) {
			continue
		}
		if out.Numbers[i], err = d.numberColumn(b, source); err != nil {
			return named(err, source.field.name)
		}
	}
	for i := range p.texts {
		source := &p.texts[i]
		c, err := d.textColumn(b, source)
		if err != nil {
			return named(err, source.field.name)
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

func failed(recovered any) *Error { return fault(reasonBody, -1, "the decoder failed: %v", recovered) }

func named(err *Error, column string) *Error {
	err.Err = fmt.Errorf("column %q: %w", column, err.Err)
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
