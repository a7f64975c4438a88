package arrowipc

import (
	"math/bits"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// Records decodes a message, verified, to arrow.Records over its bytes: for users of the library. A column of a type that this package does not decode is
// an error.
func Records(message []byte, limits Limits) (out []arrow.Record, err error) {
	defer func() {
		if r := recover(); r != nil { // arrow's constructors panic on what they do not like
			out, err = nil, failed(r)
		}
	}()
	if fault := limits.admit(message); fault != nil {
		return nil, fault
	}
	var f frame
	if fault := f.readSchema(message); fault != nil {
		return nil, fault
	}
	r := newRecordReader(limits)
	if fault := r.begin(&f); fault != nil {
		return nil, fault
	}
	if fault := r.complete(); fault != nil {
		return nil, fault
	}
	out, fault := r.rest(message, &f)
	if fault != nil {
		return nil, fault
	}
	return out, nil
}

// rest of the message, after its schema.
func (r *recordReader) rest(message []byte, f *frame) (out []arrow.Record, err *Error) {
	limits, rows := r.decoder.limits, int64(0)
	for frames := 0; ; frames++ {
		if err := f.read(message, f.end); err != nil || f.finished {
			return out, err
		}
		if frames == 2*limits.Batches || f.kind == kindBatch && len(out) == limits.Batches {
			return nil, fault(reasonLimit, f.begin, "more than %d record batches, or as many dictionaries", limits.Batches)
		}
		rec, err := r.frame(f)
		if err != nil {
			return nil, err
		}
		if rec == nil {
			continue
		}
		if rows += rec.NumRows(); rows > limits.Rows {
			return nil, fault(reasonLimit, f.begin, "%d rows; the limit is %d", rows, limits.Rows)
		}
		out = append(out, rec)
	}
}

// recordReader makes arrow.Records of verified frames.
type recordReader struct {
	decoder      *Decoder // for its limits and decompression
	plan         *plan
	schema       *arrow.Schema
	columns      []source
	dictionaries map[int64]arrow.ArrayData
}

func newRecordReader(limits Limits) *recordReader {
	return &recordReader{decoder: NewDecoder(Projection{}, limits), dictionaries: map[int64]arrow.ArrayData{}}
}

// begin with the schema.
func (r *recordReader) begin(f *frame) *Error {
	fields, custom, err := readSchema(f, r.decoder.limits)
	if err != nil {
		return err
	}
	r.schema = arrowSchema(fields, custom)
	r.plan, r.columns = planAll(fields, f.version)
	for _, c := range r.columns {
		if c.field.arrowType() == nil {
			continue
		}
		if err := r.plan.encode(c.field); err != nil {
			err.Byte = int64(f.begin)
			return err
		}
	}
	return nil
}

// complete tells whether all columns are of types that have arrays here.
func (r *recordReader) complete() *Error {
	for _, c := range r.columns {
		if c.field.arrowType() == nil {
			return fault(reasonType, -1, "column %.100q is %s, which is not supported", c.field.name, c.field.describe())
		}
	}
	return nil
}

// frame of the stream; nil for a dictionary.
func (r *recordReader) frame(f *frame) (arrow.Record, *Error) {
	switch f.kind {
	case kindDictionary:
		return nil, r.dictionary(f)
	case kindBatch:
		return r.batch(f)
	default:
		return nil, fault(reasonFraming, f.begin, "a message of kind %d", f.kind)
	}
}

// arrayCost is about what the array of a column takes beside its values.
const arrayCost = 512

func (r *recordReader) batch(f *frame) (arrow.Record, *Error) {
	b := &r.decoder.record
	if err := b.read(f, f.header, r.plan.total); err != nil {
		return nil, err
	}
	if b.rows > r.decoder.limits.Rows {
		return nil, fault(reasonLimit, f.begin, "%d rows; the limit is %d", b.rows, r.decoder.limits.Rows)
	}
	if err := r.decoder.spend(int64(len(r.columns))*arrayCost, f.begin); err != nil {
		return nil, err
	}
	arrays := make([]arrow.Array, len(r.columns))
	for i := range r.columns {
		column := &r.columns[i]
		data, err := r.data(b, column, r.schema.Field(i).Type)
		if err != nil {
			return nil, named(err, column.field.name)
		}
		arrays[i] = array.MakeFromData(data)
	}
	return array.NewRecord(r.schema, arrays, b.rows), nil
}

// data of a column: its verified buffers.
func (r *recordReader) data(b *recordBatch, s *source, t arrow.DataType) (arrow.ArrayData, *Error) {
	n, f := int(b.rows), s.field
	switch {
	case f.kind == typeNull && !f.encoded:
		return array.NewData(t, n, []*memory.Buffer{nil}, nil, n, 0), nil
	case f.arrowType() == nil:
		return array.NewData(t, n, []*memory.Buffer{nil}, nil, 0, 0), nil
	}
	buffers, nulls, err := r.buffers(b, s)
	if err != nil {
		return nil, err
	}
	if !f.encoded {
		return array.NewData(t, n, buffers, nil, nulls, 0), nil
	}
	entries := r.dictionaries[f.id]
	if entries == nil {
		entries = array.NewBuilder(memory.DefaultAllocator, t.(*arrow.DictionaryType).ValueType).NewArray().Data()
	}
	return array.NewDataWithDictionary(t, n, buffers, nulls, 0, entries.(*array.Data)), nil
}

func (r *recordReader) buffers(b *recordBatch, s *source) (buffers []*memory.Buffer, nulls int, err *Error) {
	if s.field.encoded {
		return r.indexBuffers(b, s)
	}
	valid, err := r.decoder.validity(b, s)
	if err != nil {
		return nil, 0, err
	}
	buffers, nulls = []*memory.Buffer{wrap(valid)}, unset(valid, b.rows)
	if isString(s.field) {
		c := TextColumn{kind: s.field.kind, valid: valid}
		check := r.decoder.strings
		if c.kind == typeUtf8View || c.kind == typeBinaryView {
			check = r.decoder.views
		}
		if err := check(&c, b, s); err != nil {
			return nil, 0, err
		}
		return append(buffers, c.arrowBuffers()...), nulls, nil
	}
	values, err := r.decoder.fixed(b, b.bufferIndex(s, 1), bytesFor(b.rows, s.field.width()))
	return append(buffers, wrap(values)), nulls, err
}

func (c *TextColumn) arrowBuffers() []*memory.Buffer {
	out := []*memory.Buffer{wrap(c.values)}
	if c.kind != typeUtf8View && c.kind != typeBinaryView {
		return append(out, wrap(c.data))
	}
	for _, b := range c.buffers {
		out = append(out, wrap(b))
	}
	return out
}

// indexBuffers of a dictionary-encoded column, each index checked.
func (r *recordReader) indexBuffers(b *recordBatch, s *source) ([]*memory.Buffer, int, *Error) {
	r.decoder.dictionaries[s.field.id] = nil
	if entries := r.dictionaries[s.field.id]; entries != nil {
		r.decoder.dictionaries[s.field.id] = &dictionary{length: entries.Len()}
	}
	valid, indices, _, err := r.decoder.indices(b, s)
	if err != nil {
		return nil, 0, err
	}
	return []*memory.Buffer{wrap(valid), wrap(indices)}, unset(valid, b.rows), nil
}

// dictionary for the batches to come: a new one, or one that is added to.
func (r *recordReader) dictionary(f *frame) *Error {
	b, err := r.decoder.readDictionary(r.plan, f)
	if err != nil || b.encoding == nil {
		return err
	}
	entries := &b.encoding.entries
	made, err := r.data(&r.decoder.record, entries, entries.field.arrowType())
	if err != nil {
		return named(err, b.encoding.column)
	}
	if before := r.dictionaries[b.id]; b.delta && before != nil {
		if made, err = r.join(before, made, f); err != nil {
			return named(err, b.encoding.column)
		}
	}
	r.dictionaries[b.id] = made
	return nil
}

func (r *recordReader) join(before, more arrow.ArrayData, f *frame) (arrow.ArrayData, *Error) {
	if n := int64(before.Len()) + int64(more.Len()); n > r.decoder.limits.Rows {
		return nil, fault(reasonLimit, f.begin, "a dictionary of %d entries; the limit is %d", n, r.decoder.limits.Rows)
	}
	size := int64(arrayCost)
	for _, part := range []arrow.ArrayData{before, more} {
		for _, b := range part.Buffers() {
			if b != nil {
				size += int64(b.Len())
			}
		}
	}
	if err := r.decoder.spend(size, f.begin); err != nil {
		return nil, err
	}
	both, err := array.Concatenate([]arrow.Array{array.MakeFromData(before), array.MakeFromData(more)}, memory.DefaultAllocator)
	if err != nil {
		return nil, fault(reasonDictionary, f.begin, "a dictionary cannot be added to: %w", err)
	}
	return both.Data(), nil
}

// wrap keeps nil, which arrow takes for "no bitmap".
func wrap(b []byte) *memory.Buffer {
	if b == nil {
		return nil
	}
	return memory.NewBufferBytes(b)
}

// unset counts the nulls among the first n bits; no bitmap has none.
func unset(bitmap []byte, n int64) int {
	if bitmap == nil {
		return 0
	}
	set := 0
	for _, b := range bitmap[:n/8] {
		set += bits.OnesCount8(b)
	}
	if rest := n % 8; rest > 0 {
		set += bits.OnesCount8(bitmap[n/8] & (1<<rest - 1))
	}
	return int(n) - set
}
