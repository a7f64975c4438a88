package arrowipc

import "math/bits"

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
	b.frame = f
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
		if n < 0 || n > int64(b.buffers.n) {
			return 0, fault(reasonBody, b.frame.begin, "a view column of %d data buffers", n)
		}
		extra += int(n)
		if extra > b.buffers.n {
			return 0, fault(reasonBody, b.frame.begin, "view columns of more than %d data buffers", b.buffers.n)
		}
	}
	return extra, nil
}

// bufferIndex of a column's buffer k: the data buffers of view columns before it are not in the schema's count.
func (b *recordBatch) bufferIndex(s source, k int) int {
	index := s.first.buffers + k
	for i := range s.first.variadics {
		index += int(b.variadics.int64(i))
	}
	return index
}

// node of a column: its nulls, where it has as many rows as the batch.
func (b *recordBatch) node(s source) (nulls int64, err *Error) {
	rows, nulls := b.nodes.pair(s.first.nodes)
	if rows != b.rows {
		return 0, fault(reasonBody, b.frame.begin, "%d values in a batch of %d rows", rows, b.rows)
	}
	if nulls < 0 || nulls > rows {
		return 0, fault(reasonBody, b.frame.begin, "%d nulls among %d values", nulls, rows)
	}
	return nulls, nil
}

// raw bytes of a buffer, as they stand in the body, and where.
func (b *recordBatch) raw(index int) (buffer []byte, at int, err *Error) {
	offset, length := b.buffers.pair(index)
	at = b.frame.bodyAt
	if offset < 0 || length < 0 || offset > int64(len(b.frame.body)) || length > int64(len(b.frame.body))-offset {
		return nil, at, fault(reasonBody, at, "a buffer of %d bytes at %d in a body of %d", length, offset, len(b.frame.body))
	}
	return b.frame.body[offset : offset+length : offset+length], at + int(offset), nil
}

// buffer of at least so many bytes, decompressed, cut to them.
func (d *Decoder) buffer(b *recordBatch, index int, need int64) ([]byte, *Error) {
	buffer, at, err := b.raw(index)
	if err != nil {
		return nil, err
	}
	if b.compressed && len(buffer) > 0 {
		if buffer, err = d.decompress(b.codec, buffer, need, at); err != nil {
			return nil, err
		}
	}
	if int64(len(buffer)) < need {
		return nil, fault(reasonBody, at, "a buffer of %d bytes where %d are needed", len(buffer), need)
	}
	return buffer[:need:need], nil
}

// validity bitmap of a column; nil where it has no nulls. The count in the metadata is a claim: it decides only whether there is a bitmap.
func (d *Decoder) validity(b *recordBatch, s source) ([]byte, *Error) {
	nulls, err := b.node(s)
	if err != nil || nulls == 0 {
		return nil, err
	}
	valid, err := d.buffer(b, b.bufferIndex(s, 0), (b.rows+7)/8)
	if err != nil || allSet(valid, b.rows) {
		return nil, err
	}
	return valid, nil
}

// allSet tells whether the first n bits are all 1.
func allSet(bitmap []byte, n int64) bool {
	for _, b := range bitmap[:n/8] {
		if b != 0xFF {
			return false
		}
	}
	return n%8 == 0 || bits.TrailingZeros8(^bitmap[n/8]) >= int(n%8)
}
