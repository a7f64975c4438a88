package arrowipc

import (
	"runtime"
	"unsafe"
)

func (d *Decoder) numberColumn(b *recordBatch, s *source) (c Column, err *Error) {
	f := s.field
	if f.encoded {
		return d.encodedNumbers(b, s)
	}
	if f.kind == typeNull {
		return d.nullColumn(b, s)
	}
	if c.Valid, err = d.validity(b, s); err != nil {
		return c, err
	}
	values, err := d.fixed(b, b.bufferIndex(s, 1), bytesFor(b.rows, f.width()))
	if err != nil {
		return c, err
	}
	if s.plain && viewable(values) {
		c.Values = float64s(values, int(b.rows))
		return c, nil
	}
	if err := d.spend(b.rows*8, b.frame.bodyAt); err != nil {
		return c, err
	}
	c.Values = d.numbers.take(int(b.rows))
	convert(c.Values, f, values)
	return c, nil
}

// plain float64 columns without nulls or compression, which most are, on a short way. Where anything is else or amiss it is false, and numberColumn decides.
func (b *recordBatch) plain(s *source, c *Column) bool {
	index := b.bufferIndex(s, 0)
	rows, nulls := b.nodes.pair(s.first.nodes)
	_, bitmap := b.buffers.pair(index)
	offset, length := b.buffers.pair(index + 1)
	body := b.frame.body
	if b.compressed || rows != b.rows || nulls|bitmap|offset&7 != 0 || length < rows*8 || uint64(offset) > uint64(len(body)) || length > int64(len(body))-offset {
		return false
	}
	values := body[offset : offset+rows*8]
	if !viewable(values) {
		return false
	}
	c.Values, c.Valid = float64s(values, int(rows)), nil
	return true
}

// nullColumn of a column of type null: no values, all of them null.
func (d *Decoder) nullColumn(b *recordBatch, s *source) (c Column, err *Error) {
	if _, err := b.node(s); err != nil {
		return c, err
	}
	if err := d.spend(b.rows*8+(b.rows+7)/8, b.frame.bodyAt); err != nil {
		return c, err
	}
	c.Values = d.numbers.take(int(b.rows))
	clear(c.Values)
	if b.rows > 0 {
		c.Valid = d.bytes.take(int(b.rows+7) / 8)
		clear(c.Valid)
	}
	return c, nil
}

// viewable numbers can be looked at where they stand: on little-endian machines, if they bear any alignment or the numbers happen to be aligned.
// (What stands in a Kafka record stands anywhere.)
func viewable(b []byte) bool {
	return littleEndian && (bearsUnaligned || uintptr(unsafe.Pointer(unsafe.SliceData(b)))%8 == 0)
}

var littleEndian = func() bool {
	var word uint16 = 1
	return *(*byte)(unsafe.Pointer(&word)) == 1
}()

const bearsUnaligned = runtime.GOARCH == "amd64" || runtime.GOARCH == "arm64"

// float64s looks at n numbers where they stand.
func float64s(b []byte, n int) []float64 {
	if n == 0 {
		return []float64{}
	}
	_ = b[8*n-1]
	return unsafe.Slice((*float64)(unsafe.Pointer(unsafe.SliceData(b))), n)
}
