package arrowipc

import (
	"encoding/binary"
	"strconv"
)

// textProblem says why a column cannot be decoded to texts; empty: it can.
func textProblem(f *field) string {
	if textual(f) {
		return ""
	}
	return f.describe() + ", which cannot be a key: a key is a column of strings or integers"
}

func textual(f *field) bool { return isString(f) || f.kind == typeInt && wholeBytes(f.bits) }

func isString(f *field) bool {
	switch f.kind {
	case typeUtf8, typeLargeUtf8, typeBinary, typeLargeBinary, typeUtf8View, typeBinaryView:
		return true
	}
	return false
}

// TextColumn of keys: strings, integers in decimal, or a dictionary of those. Every offset in it has been checked.
type TextColumn struct {
	kind    uint8
	bits    uint8 // of integers, or of indices into a dictionary
	signed  bool
	valid   []byte
	values  []byte      // offsets, views, integers or indices
	data    []byte      // of strings; room for the digits of an integer
	buffers [][]byte    // of views
	entries *TextColumn // of a dictionary
}

// At is the text of row i; ok is false for a null. The text is valid until the next call of At.
func (c *TextColumn) At(i int) (text []byte, ok bool) {
	if !isSet(c.valid, i) {
		return nil, false
	}
	if c.entries != nil {
		return c.entries.At(int(integerAt(c.values, i, int32(c.bits), c.signed)))
	}
	switch c.kind {
	case typeInt:
		v := integerAt(c.values, i, int32(c.bits), c.signed)
		if c.signed {
			return strconv.AppendInt(c.data[:0], v, 10), true
		}
		return strconv.AppendUint(c.data[:0], uint64(v), 10), true
	case typeUtf8View, typeBinaryView:
		return c.view(i), true
	}
	begin, end := c.span(i)
	return c.data[begin:end:end], true
}

// digits that an integer of 64 bits may have, with its sign.
const digits = 20

// span of text i in the data.
func (c *TextColumn) span(i int) (begin, end int64) {
	if c.kind == typeUtf8 || c.kind == typeBinary {
		return int64(int32(binary.LittleEndian.Uint32(c.values[4*i:]))), int64(int32(binary.LittleEndian.Uint32(c.values[4*i+4:])))
	}
	return int64(binary.LittleEndian.Uint64(c.values[8*i:])), int64(binary.LittleEndian.Uint64(c.values[8*i+8:]))
}

const (
	viewBytes  = 16
	viewInline = 12
)

func (c *TextColumn) view(i int) []byte {
	v := c.values[viewBytes*i : viewBytes*(i+1)]
	n := int(binary.LittleEndian.Uint32(v))
	if n <= viewInline {
		return v[4 : 4+n : 4+n]
	}
	offset := int(binary.LittleEndian.Uint32(v[12:]))
	return c.buffers[binary.LittleEndian.Uint32(v[8:])][offset : offset+n : offset+n]
}

func (d *Decoder) textColumn(b *recordBatch, s *source) (c TextColumn, err *Error) {
	if s.field.encoded {
		return d.encodedTexts(b, s)
	}
	c.kind, c.bits, c.signed = s.field.kind, uint8(s.field.bits), s.field.signed
	if c.valid, err = d.validity(b, s); err != nil {
		return c, err
	}
	switch c.kind {
	case typeInt:
		c.data = d.bytes.take(digits)
		c.values, err = d.fixed(b, b.bufferIndex(s, 1), bytesFor(b.rows, int64(c.bits)))
		return c, err
	case typeUtf8View, typeBinaryView:
		if err = d.views(&c, b, s); err == nil {
			err = d.spendTexts(&c, b)
		}
	default:
		err = d.strings(&c, b, s)
	}
	return c, err
}

// strings of 32 or 64 bit offsets. A column of no rows may have no offsets at all.
func (d *Decoder) strings(c *TextColumn, b *recordBatch, s *source) (err *Error) {
	if b.rows == 0 {
		return nil
	}
	width := int64(4)
	if c.kind == typeLargeUtf8 || c.kind == typeLargeBinary {
		width = 8
	}
	if c.values, err = d.fixed(b, b.bufferIndex(s, 1), (b.rows+1)*width); err != nil {
		return err
	}
	_, last := c.span(int(b.rows) - 1)
	if last < 0 || last > mostRows {
		return fault(reasonBody, b.frame.bodyAt, "strings that end at byte %d", last)
	}
	if c.data, err = d.buffer(b, b.bufferIndex(s, 2), last, d.limits.DecodedBytes); err != nil {
		return err
	}
	for i := range int(b.rows) { // what never goes back, from zero on, never goes beyond the last
		if begin, end := c.span(i); begin < 0 || end < begin {
			return fault(reasonBody, b.frame.bodyAt, "row %d: a string from byte %d to %d of %d", i, begin, end, last)
		}
	}
	return nil
}

// views that stand inline, or refer to one of the column's data buffers.
func (d *Decoder) views(c *TextColumn, b *recordBatch, s *source) (err *Error) {
	if c.values, err = d.fixed(b, b.bufferIndex(s, 1), b.rows*viewBytes); err != nil {
		return err
	}
	for k := range int(b.variadics.int64(s.first.variadics)) {
		data, err := d.whole(b, b.bufferIndex(s, 2+k))
		if err != nil {
			return err
		}
		c.buffers = append(c.buffers, data)
	}
	for i := range int(b.rows) {
		v := c.values[viewBytes*i : viewBytes*(i+1)]
		n, k, offset := binary.LittleEndian.Uint32(v), binary.LittleEndian.Uint32(v[8:]), binary.LittleEndian.Uint32(v[12:])
		if n <= viewInline || !isSet(c.valid, i) {
			continue
		}
		if int64(k) >= int64(len(c.buffers)) || int64(offset)+int64(n) > int64(len(c.buffers[k])) {
			return fault(reasonBody, b.frame.bodyAt, "row %d: a view of %d bytes at %d of buffer %d", i, n, offset, k)
		}
	}
	return nil
}

// spendTexts of a column whose rows may share their bytes: a million rows of one long text are small in a message, but not for whoever reads them.
func (d *Decoder) spendTexts(c *TextColumn, b *recordBatch) *Error {
	size := int64(0)
	for i := range int(b.rows) {
		text, _ := c.At(i)
		size += int64(len(text))
	}
	return d.spend(size, b.frame.bodyAt)
}

// whole buffer, decompressed.
func (d *Decoder) whole(b *recordBatch, index int) ([]byte, *Error) {
	buffer, at, err := b.raw(index)
	if err != nil || !b.compressed || len(buffer) == 0 {
		return buffer, err
	}
	return d.decompress(b.codec, buffer, 0, d.limits.DecodedBytes, at)
}
