package arrowipc

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// The slots of RecordBatch and BodyCompression.
const (
	slotLength, slotNodes, slotBuffers, slotCompression, slotVariadics = 0, 1, 2, 3, 4
	slotCodec, slotMethod                                              = 0, 1
)

// recordBatch is a batch's metadata, verified against its schema and its body.
type recordBatch struct {
	frame      *frame
	rows       int64
	nodes      vector
	buffers    vector
	variadics  vector
	viewed     []int // data buffers of the view columns up to and with each
	compressed bool
	codec      uint8
}

const (
	codecLZ4  = 0
	codecZSTD = 1
)

// mostRows bounds what arithmetic on lengths has to bear; Limits.Rows bounds what is accepted.
const mostRows = 1 << 40

func (b *recordBatch) read(f *frame, t table, want shape) (err *Error) {
	*b = recordBatch{frame: f, viewed: b.viewed[:0]}
	if b.rows, err = t.int64(slotLength); err != nil {
		return err
	}
	if b.rows < 0 || b.rows > mostRows {
		return fault(reasonBody, f.begin, "a record batch of %d rows", b.rows)
	}
	if b.nodes, err = t.vector(slotNodes, 16); err != nil {
		return err
	}
	if b.buffers, err = t.vector(slotBuffers, 16); err != nil {
		return err
	}
	if b.variadics, err = t.vector(slotVariadics, 8); err != nil {
		return err
	}
	if err := b.compression(t); err != nil {
		return err
	}
	extra, err := b.views()
	if err != nil {
		return err
	}
	if b.nodes.n != want.nodes || b.buffers.n != want.buffers+extra || b.variadics.n != want.variadics {
		return fault(reasonBody, f.begin, "%d nodes, %d buffers and %d views where the schema asks for %d, %d and %d",
			b.nodes.n, b.buffers.n, b.variadics.n, want.nodes, want.buffers+extra, want.variadics)
	}
	return nil
}

func (b *recordBatch) compression(t table) *Error {
	c, err := t.child(slotCompression)
	if err != nil || c.m == nil {
		return err
	}
	b.compressed = true
	if b.codec, err = c.uint8(slotCodec, codecLZ4); err != nil {
		return err
	}
	method, err := c.uint8(slotMethod, 0)
	if err != nil {
		return err
	}
	if b.codec > codecZSTD || method != 0 {
		return fault(reasonCompression, b.frame.begin, "compression codec %d with method %d; supported are LZ4_FRAME and ZSTD of single buffers", b.codec, method)
	}
	return nil
}

// views counts the data buffers of all view columns.
func (b *recordBatch) views() (extra int, err *Error) {
	for i := range b.variadics.n {
		n := b.variadics.int64(i)
		if n < 0 || n > int64(b.buffers.n-extra) {
			return 0, fault(reasonBody, b.frame.begin, "view columns of more than %d data buffers", b.buffers.n)
		}
		extra += int(n)
		b.viewed = append(b.viewed, extra)
	}
	return extra, nil
}

// bufferIndex of a column's buffer k: the data buffers of view columns before it are not in the schema's count.
func (b *recordBatch) bufferIndex(s *source, k int) int {
	if before := s.first.variadics; before > 0 {
		k += b.viewed[before-1]
	}
	return s.first.buffers + k
}

// node of a column: its nulls, where it has as many rows as the batch.
func (b *recordBatch) node(s *source) (nulls int64, err *Error) {
	rows, nulls := b.nodes.pair(s.first.nodes)
	if rows != b.rows {
		return 0, fault(reasonBody, b.frame.begin, "%d values in a batch of %d rows", rows, b.rows)
	}
	if nulls < 0 || nulls > rows {
		return 0, fault(reasonBody, b.frame.begin, "%d nulls among %d values", nulls, rows)
	}
	return nulls, nil
}

// raw bytes of a buffer, as they stand in the body, and where in the message.
func (b *recordBatch) raw(index int) (buffer []byte, at int, err *Error) {
	offset, length := b.buffers.pair(index)
	at = b.frame.bodyAt
	if offset < 0 || length < 0 || offset > int64(len(b.frame.body)) || length > int64(len(b.frame.body))-offset {
		return nil, at, fault(reasonBody, at, "a buffer of %d bytes at %d in a body of %d", length, offset, len(b.frame.body))
	}
	if offset%8 != 0 && length > 0 {
		return nil, at, fault(reasonBody, at, "a buffer at %d of the body, which is no multiple of 8", offset)
	}
	return b.frame.body[offset : offset+length : offset+length], at + int(offset), nil
}

// buffer of at least so many bytes, decompressed, cut to them. What is not needed is not looked at. A compressed buffer may hold most bytes.
func (d *Decoder) buffer(b *recordBatch, index int, need, most int64) ([]byte, *Error) {
	if need == 0 {
		return empty, nil
	}
	buffer, at, err := b.raw(index)
	if err != nil {
		return nil, err
	}
	if b.compressed && len(buffer) > 0 {
		if buffer, err = d.decompress(b.codec, buffer, need, most, at); err != nil {
			return nil, err
		}
	}
	if int64(len(buffer)) < need {
		return nil, fault(reasonBody, at, "a buffer of %d bytes where %d are needed", len(buffer), need)
	}
	return buffer[:need:need], nil
}

var empty = []byte{}

// padded to what writers pad values to at most.
func padded(n int64) int64 { return (n + 63) &^ 63 }

// fixed is a buffer whose length follows from the number of rows.
func (d *Decoder) fixed(b *recordBatch, index int, need int64) ([]byte, *Error) {
	return d.buffer(b, index, need, padded(need))
}

// validity bitmap of a column; nil where it has no nulls. The count in the metadata is a claim: where there is a bitmap, it decides.
func (d *Decoder) validity(b *recordBatch, s *source) ([]byte, *Error) {
	nulls, err := b.node(s)
	if err != nil {
		return nil, err
	}
	index := b.bufferIndex(s, 0)
	if nulls == 0 && b.absent(index) {
		return nil, nil
	}
	valid, err := d.fixed(b, index, (b.rows+7)/8)
	if err != nil || allSet(valid, b.rows) {
		return nil, err
	}
	return valid, nil
}

// absent buffers have no bytes. Some writers give an absent one its length when they compress: the prefix is 0.
func (b *recordBatch) absent(index int) bool {
	_, length := b.buffers.pair(index)
	if length != lengthPrefix || !b.compressed {
		return length == 0
	}
	prefix, _, err := b.raw(index)
	return err == nil && binary.LittleEndian.Uint64(prefix) == 0
}

// allSet tells whether the first n bits are all 1.
func allSet(bitmap []byte, n int64) bool {
	whole := bitmap[:n/8]
	for ; len(whole) >= 8; whole = whole[8:] {
		if binary.LittleEndian.Uint64(whole) != math.MaxUint64 {
			return false
		}
	}
	for _, b := range whole {
		if b != math.MaxUint8 {
			return false
		}
	}
	return n%8 == 0 || bits.TrailingZeros8(^bitmap[n/8]) >= int(n%8)
}

// isSet tells a bit; no bitmap is all ones.
func isSet(bitmap []byte, i int) bool { return bitmap == nil || bitmap[i>>3]>>(i&7)&1 == 1 }
