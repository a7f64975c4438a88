package arrowipc

import (
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"
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
	if rec.NumRows() == 0 { // the writer fails on an empty slice at the end of strings
		b := array.NewRecordBuilder(memory.DefaultAllocator, rec.Schema())
		defer b.Release()
		rec = b.NewRecord()
	}
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

// EncodeNumbers appends the IPC stream of one batch of float64 columns, for those who have plain slices and no arrow.Record. Each name has a column, and
// the columns are of one length; else it is an error.
func EncodeNumbers(dst []byte, names []string, columns [][]float64) ([]byte, error) {
	if len(names) != len(columns) {
		return dst, fmt.Errorf("encode a record batch: %d names of %d columns", len(names), len(columns))
	}
	fields := make([]arrow.Field, len(names))
	arrays := make([]arrow.Array, len(names))
	rows := 0
	for i, values := range columns {
		if i == 0 {
			rows = len(values)
		}
		if len(values) != rows {
			return dst, fmt.Errorf("encode a record batch: column %q has %d rows and column %q has %d", names[i], len(values), names[0], rows)
		}
		fields[i] = arrow.Field{Name: names[i], Type: arrow.PrimitiveTypes.Float64}
		bytes := memory.NewBufferBytes(arrow.Float64Traits.CastToBytes(values))
		arrays[i] = array.NewFloat64Data(array.NewData(fields[i].Type, rows, []*memory.Buffer{nil, bytes}, nil, 0, 0))
	}
	return Encode(dst, array.NewRecord(arrow.NewSchema(fields, nil), arrays, int64(rows)), Uncompressed)
}
