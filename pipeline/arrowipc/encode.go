package arrowipc

import (
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/ipc"
)

// Compression of an IPC stream's bodies.
type Compression uint8

// The codecs of Arrow IPC.
const (
	Uncompressed Compression = iota
	LZ4
	ZSTD
)

// Encode appends to dst the self-contained IPC stream (schema, one batch, EOS) of a record, which may be a slice of a larger one.
func Encode(dst []byte, rec arrow.Record, c Compression) (_ []byte, err error) {
	defer func() {
		if r := recover(); r != nil { // arrow's writer panics on records that were not built by the book
			err = fmt.Errorf("encode a record batch: %v", r)
		}
	}()
	out := appender{dst}
	options := []ipc.Option{ipc.WithSchema(rec.Schema())}
	switch c {
	case LZ4:
		options = append(options, ipc.WithLZ4())
	case ZSTD:
		options = append(options, ipc.WithZstd())
	}
	w := ipc.NewWriter(&out, options...)
	if err := w.Write(rec); err != nil {
		return dst, fmt.Errorf("encode a record batch: %w", err)
	}
	if err := w.Close(); err != nil {
		return dst, fmt.Errorf("encode a record batch: %w", err)
	}
	return out.bytes, nil
}

// appender is an io.Writer to a slice.
type appender struct{ bytes []byte }

func (a *appender) Write(p []byte) (int, error) {
	a.bytes = append(a.bytes, p...)
	return len(p), nil
}
