package arrowipc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// A compressed buffer begins with its length before compression, −1 for one that was left as it is.
const lengthPrefix = 8

// lz4Reader is one that is used again and again.
type lz4Reader struct {
	source bytes.Reader
	frames *lz4.Reader
	more   [1]byte // what should not come after the last value
}

var errLonger = errors.New("it decompresses to more than it says")

// decompress a buffer. What it claims is held against the budget before memory is taken, and against what comes out.
func (d *Decoder) decompress(codec uint8, buffer []byte, need, most int64, at int) ([]byte, *Error) {
	if len(buffer) < lengthPrefix {
		return nil, fault(reasonCompression, at, "a compressed buffer of %d bytes", len(buffer))
	}
	length := int64(binary.LittleEndian.Uint64(buffer))
	packed := buffer[lengthPrefix:]
	if length == -1 {
		return packed, nil
	}
	if length < need || length > most {
		return nil, fault(reasonCompression, at, "a buffer that decompresses to %d bytes where %d are needed, and at most %d allowed", length, need, most)
	}
	if err := d.spend(length, at); err != nil {
		return nil, err
	}
	dst := d.bytes.take(int(length))
	unpack := d.unzstd
	if codec == codecLZ4 {
		unpack = d.unlz4
	}
	if err := unpack(dst, packed); err != nil {
		return nil, fault(reasonCompression, at, "the buffer does not decompress to the %d bytes it says: %w", length, err)
	}
	return dst, nil
}

// afford a compressed batch: what its numbers decompress to is held against the budget before the first of them is decompressed. Else a message of a few
// kilobytes that says it is more than its budget would be worked on until the budget is spent, and refused only then.
func (d *Decoder) afford(p *plan, b *recordBatch) *Error {
	if !b.compressed {
		return nil
	}
	sum := d.decoded
	for i := range p.numbers {
		s := &p.numbers[i]
		if s.field.encoded || s.field.kind == typeNull {
			continue
		}
		buffer, at, err := b.raw(b.bufferIndex(s, 1))
		if err != nil || len(buffer) < lengthPrefix || int64(binary.LittleEndian.Uint64(buffer)) == -1 {
			continue // it costs nothing, or is refused where it is read
		}
		if sum += bytesFor(b.rows, s.field.width()); sum > d.limits.DecodedBytes {
			return fault(reasonLimit, at, "the columns decode to more than %d bytes", d.limits.DecodedBytes)
		}
	}
	return nil
}

func (d *Decoder) unlz4(dst, packed []byte) error {
	d.lz4.source.Reset(packed)
	if d.lz4.frames == nil {
		d.lz4.frames = lz4.NewReader(&d.lz4.source)
	} else {
		d.lz4.frames.Reset(&d.lz4.source)
	}
	if _, err := io.ReadFull(d.lz4.frames, dst); err != nil {
		return err
	}
	if n, err := d.lz4.frames.Read(d.lz4.more[:]); n > 0 || !errors.Is(err, io.EOF) {
		return errors.Join(errLonger, err)
	}
	return nil
}

// largestWindow that a ZSTD frame may name. It costs no memory: what is decompressed goes where it is wanted, and no further.
const largestWindow = 1 << 27

func (d *Decoder) unzstd(dst, packed []byte) error {
	if d.zstd == nil {
		var err error
		d.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxMemory(uint64(max(largestWindow, d.limits.DecodedBytes))), zstd.WithDecodeAllCapLimit(true))
		if err != nil {
			return err
		}
	}
	out, err := d.zstd.DecodeAll(packed, dst[:0:len(dst)])
	if errors.Is(err, zstd.ErrDecoderSizeExceeded) {
		return errLonger
	}
	if err == nil && len(out) < len(dst) {
		return io.ErrUnexpectedEOF
	}
	return err
}
