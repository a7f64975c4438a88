package kafka

import (
	"bytes"
	"fmt"
	"io"
	"slices"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/compress"
)

// largestInflated bounds what the records of one batch may decompress to. Brokers bound batches as they are compressed, 1 MiB by default, and look at
// nothing else: a megabyte can hold a gigabyte of zeros.
const largestInflated = 32 << 20

// inflater decompresses record batches. What it hands out is valid until reset.
type inflater struct {
	buffers [][]byte
	used    int
}

const inflaterKeeps = 8 << 20 // bytes of a buffer that is kept for the next response

func (f *inflater) reset() {
	for i := range f.used {
		if cap(f.buffers[i]) > inflaterKeeps {
			f.buffers[i] = nil
		}
	}
	f.used = 0
}

func (f *inflater) inflate(codec kafkago.Compression, packed []byte) ([]byte, error) {
	c := compress.Compression(codec).Codec()
	if c == nil {
		return nil, fmt.Errorf("compression codec %d is not known", codec)
	}
	reader := c.NewReader(bytes.NewReader(packed))
	defer reader.Close()
	if f.used == len(f.buffers) {
		f.buffers = append(f.buffers, nil)
	}
	out := f.buffers[f.used][:0]
	for {
		out = slices.Grow(out, max(4096, len(packed)))
		n, err := reader.Read(out[len(out):cap(out)])
		out = out[:len(out)+n]
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("decompress %s: %v: %w", c.Name(), err, kafkago.InvalidMessage)
		}
		if len(out) > largestInflated {
			return nil, fmt.Errorf("decompress %s: more than %d bytes in one batch", c.Name(), largestInflated)
		}
	}
	f.buffers[f.used] = out
	f.used++
	return out, nil
}
