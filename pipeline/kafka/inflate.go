package kafka

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	kafkago "github.com/segmentio/kafka-go"
)

// largestInflated bounds what the records of one batch may decompress to. Brokers bound batches as they are compressed, 1 MiB by default, and look at
// nothing else: a megabyte can hold a gigabyte of zeros. It is twice the longest message that the decoder takes by default.
const largestInflated = 32 << 20

var errInflated = fmt.Errorf("more than %d bytes in one batch", largestInflated)

// inflater decompresses record batches, each into a buffer of its own. What it hands out is valid until reset. kafka-go's codecs are not used: those of
// snappy and zstd allocate what a header of a few bytes says, up to gigabytes, before they look at the data.
type inflater struct {
	buffers [][]byte
	used    int
	total   int // bytes, since reset

	input bytes.Reader
	gzip  *gzip.Reader
	lz4   *lz4.Reader
	zstd  *zstd.Decoder
}

const inflaterKeeps = 8 << 20 // bytes of a buffer that is kept for the next response

func (f *inflater) reset() {
	for i := range f.used {
		if cap(f.buffers[i]) > inflaterKeeps {
			f.buffers[i] = nil
		}
	}
	f.used, f.total = 0, 0
}

func (f *inflater) inflate(codec kafkago.Compression, packed []byte) ([]byte, error) {
	if f.used == len(f.buffers) {
		f.buffers = append(f.buffers, nil)
	}
	f.input.Reset(packed)
	out, err := f.decompress(codec, f.buffers[f.used][:0], packed)
	if err != nil {
		return nil, fmt.Errorf("decompress %s: %w", codecName(codec), err)
	}
	f.buffers[f.used] = out
	f.used++
	f.total += len(out)
	return out, nil
}

func codecName(codec kafkago.Compression) string {
	if codec < kafkago.Gzip || codec > kafkago.Zstd {
		return fmt.Sprintf("codec %d", codec)
	}
	return codec.String()
}

func (f *inflater) decompress(codec kafkago.Compression, dst, packed []byte) (_ []byte, err error) {
	switch codec {
	case kafkago.Gzip:
		if f.gzip == nil {
			f.gzip = new(gzip.Reader)
		}
		if err := f.gzip.Reset(&f.input); err != nil {
			return nil, err
		}
		return appendFrom(dst, f.gzip, len(packed))
	case kafkago.Snappy:
		return appendSnappy(dst, packed)
	case kafkago.Lz4:
		if f.lz4 == nil {
			f.lz4 = lz4.NewReader(nil)
		}
		f.lz4.Reset(&f.input)
		return appendFrom(dst, f.lz4, len(packed))
	case kafkago.Zstd:
		if f.zstd == nil {
			f.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(largestInflated))
			if err != nil {
				return nil, err
			}
		}
		return f.zstd.DecodeAll(packed, dst)
	}
	return nil, errors.New("it is not known")
}

// appendFrom a decompressor, whose output grows with what it really reads.
func appendFrom(dst []byte, r io.Reader, hint int) ([]byte, error) {
	for {
		if len(dst) == cap(dst) {
			dst = slices.Grow(dst, min(max(4096, 2*hint, len(dst)), largestInflated+1-len(dst)))
		}
		n, err := r.Read(dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+n]
		switch {
		case len(dst) > largestInflated:
			return nil, errInflated
		case err == io.EOF:
			return dst, nil
		case err != nil:
			return nil, err
		}
	}
}

// xerial is the header that Java's snappy puts before its blocks: a magic number and two versions. Each block has its length before it.
// librdkafka and Go's clients write one bare block.
var xerial = []byte{130, 'S', 'N', 'A', 'P', 'P', 'Y', 0}

const xerialHeader = 16

func appendSnappy(dst, packed []byte) ([]byte, error) {
	if len(packed) < xerialHeader || !bytes.HasPrefix(packed, xerial) {
		return appendSnappyBlock(dst, packed)
	}
	var err error
	for rest := packed[xerialHeader:]; len(rest) > 0; {
		if len(rest) < 4 {
			return nil, io.ErrUnexpectedEOF
		}
		n := int64(binary.BigEndian.Uint32(rest))
		if rest = rest[4:]; n > int64(len(rest)) {
			return nil, io.ErrUnexpectedEOF
		}
		if dst, err = appendSnappyBlock(dst, rest[:n]); err != nil {
			return nil, err
		}
		rest = rest[n:]
	}
	return dst, nil
}

// snappyRatio is more than the format can reach: an element of three bytes copies at most 64.
const snappyRatio = 32

func appendSnappyBlock(dst, block []byte) ([]byte, error) {
	n, err := snappy.DecodedLen(block)
	if err != nil {
		return nil, err
	}
	if n > snappyRatio*len(block) {
		return nil, fmt.Errorf("%d bytes say that they hold %d: %w", len(block), n, snappy.ErrCorrupt)
	}
	if len(dst)+n > largestInflated {
		return nil, errInflated
	}
	dst = slices.Grow(dst, n)
	if _, err := snappy.Decode(dst[len(dst):len(dst)+n], block); err != nil {
		return nil, err
	}
	return dst[:len(dst)+n], nil
}
