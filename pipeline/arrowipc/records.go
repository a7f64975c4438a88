package arrowipc

import (
	"math/bits"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// Records decodes a message, verified, to arrow.Records over its bytes: for users of the library and for files that are cut anew. Columns of types that
// this package does not decode become structs without fields.
func Records(message []byte, limits Limits) (_ []arrow.Record, err error) {
	r := newRecordReader(limits)
	if n := int64(len(message)); n > limits.MessageBytes {
		return nil, fault(reasonLimit, -1, "a message of %d bytes; the limit is %d", n, limits.MessageBytes)
	}
	var f frame
	if fault := readFrame(message, 0, &f); fault != nil {
		return nil, fault
	}
	if fault := r.begin(&f); fault != nil {
		return nil, fault
	}
	var out []arrow.Record
	for {
		if fault := readFrame(message, f.end, &f); fault != nil {
			return nil, fault
		}
		if f.finished {
			return out, nil
		}
		rec, fault := r.frame(&f)
		if fault != nil {
			return nil, fault
		}
		if rec != nil {
			out = append(out, rec)
		}
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
	if f.finished || f.kind != kindSchema || len(f.body) > 0 {
		return fault(reasonFraming, f.begin, "the stream does not begin with a schema")
	}
	p, err := newPlan(f, Projection{}, r.decoder.limits)
	if err != nil {
		return err
	}
	r.plan, r.schema = p, arrowSchema(p.fields)
	start := shape{}
	for i := range p.fields {
		field := &p.fields[i]
		r.columns = append(r.columns, source{field: field, first: start})
		start.add(field.shape(p.version))
		if field.encoded {
			p.encodings[field.id] = field
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

func (r *recordReader) batch(f *frame) (arrow.Record, *Error) {
	var b recordBatch
	if err := b.read(f, f.header, r.plan.total); err != nil {
		return nil, err
	}
	if b.rows > r.decoder.limits.Rows {
		return nil, fault(reasonLimit, f.begin, "%d rows; the limit is %d", b.rows, r.decoder.limits.Rows)
	}
	arrays := make([]arrow.Array, len(r.columns))
	for i, column := range r.columns {
		data, err := r.data(&b, column, r.schema.Field(i).Type)
		if err != nil {
			return nil, named(err, column.field)
		}
		arrays[i] = array.MakeFromData(data)
	}
	return array.NewRecord(r.schema, arrays, b.rows), nil
}

// data of a column: its verified buffers.
func (r *recordReader) data(b *recordBatch, s source, t arrow.DataType) (arrow.ArrayData, *Error) {
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
		empty := array.MakeArrayOfNull(memory.DefaultAllocator, t.(*arrow.DictionaryType).ValueType, 0)
		entries = empty.Data()
	}
	return array.NewDataWithDictionary(t, n, buffers, nulls, 0, entries.(*array.Data)), nil
}

func (r *recordReader) buffers(b *recordBatch, s source) (buffers []*memory.Buffer, nulls int, err *Error) {
	if s.field.encoded {
		return r.indexBuffers(b, s)
	}
	valid, err := r.decoder.validity(b, s)
	if err != nil {
		return nil, 0, err
	}
	buffers, nulls = []*memory.Buffer{wrap(valid)}, unset(valid, b.rows)
	if textProblem(s.field) == "" && s.field.kind != typeInt {
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
	values, err := r.decoder.buffer(b, b.bufferIndex(s, 1), bytesFor(b.rows, s.field.width()))
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
func (r *recordReader) indexBuffers(b *recordBatch, s source) ([]*memory.Buffer, int, *Error) {
	r.decoder.dictionary[s.field.id] = nil
	if entries := r.dictionaries[s.field.id]; entries != nil {
		r.decoder.dictionary[s.field.id] = &dictionary{length: entries.Len()}
	}
	valid, indices, _, err := r.decoder.indices(b, s)
	if err != nil {
		return nil, 0, err
	}
	return []*memory.Buffer{wrap(valid), wrap(indices)}, unset(valid, b.rows), nil
}

// dictionary for the batches to come: a new one, or one that is added to.
func (r *recordReader) dictionary(f *frame) *Error {
	id, err := f.header.int64(slotDictionaryID)
	if err != nil {
		return err
	}
	column := r.plan.encodings[id]
	if column == nil {
		return nil
	}
	entries := *column
	entries.encoded = false
	t := entries.arrowType()
	if t == nil {
		return nil
	}
	table, err := f.header.child(slotData)
	if err != nil {
		return err
	}
	delta, err := f.header.uint8(slotIsDelta, 0)
	if err != nil {
		return err
	}
	var b recordBatch
	if err := b.read(f, table, entries.shape(f.version)); err != nil {
		return err
	}
	if b.rows > r.decoder.limits.Rows {
		return fault(reasonLimit, f.begin, "a dictionary of %d entries; the limit is %d", b.rows, r.decoder.limits.Rows)
	}
	made, err := r.data(&b, source{field: &entries}, t)
	if err != nil {
		return named(err, column)
	}
	if before := r.dictionaries[id]; delta != 0 && before != nil {
		both, cause := array.Concatenate([]arrow.Array{array.MakeFromData(before), array.MakeFromData(made)}, memory.DefaultAllocator)
		if cause != nil {
			return fault(reasonDictionary, f.begin, "a dictionary cannot be added to: %w", cause)
		}
		made = both.Data()
	}
	r.dictionaries[id] = made
	return nil
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
