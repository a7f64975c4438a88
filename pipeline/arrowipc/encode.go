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
	rows := 0
	if len(columns) > 0 {
		rows = len(columns[0])
	}
	fields, arrays, err := numberColumns(names, columns, rows)
	if err != nil {
		return dst, err
	}
	return Encode(dst, array.NewRecord(arrow.NewSchema(fields, nil), arrays, int64(rows)), Uncompressed)
}

func numberColumns(names []string, columns [][]float64, rows int) ([]arrow.Field, []arrow.Array, error) {
	if len(names) != len(columns) {
		return nil, nil, fmt.Errorf("encode a record batch: %d names of %d columns", len(names), len(columns))
	}
	fields, arrays := make([]arrow.Field, len(names)), make([]arrow.Array, len(names))
	for i, values := range columns {
		if len(values) != rows {
			return nil, nil, fmt.Errorf("encode a record batch: column %q has %d rows, not %d as the others", names[i], len(values), rows)
		}
		fields[i] = arrow.Field{Name: names[i], Type: arrow.PrimitiveTypes.Float64}
		bytes := memory.NewBufferBytes(arrow.Float64Traits.CastToBytes(values))
		arrays[i] = array.NewFloat64Data(array.NewData(fields[i].Type, rows, []*memory.Buffer{nil, bytes}, nil, 0, 0))
	}
	return fields, arrays, nil
}

// EncodeKeyed is EncodeNumbers with a column of texts besides: the key of each row.
func EncodeKeyed(dst []byte, key string, keys, names []string, columns [][]float64) ([]byte, error) {
	texts := array.NewStringBuilder(memory.DefaultAllocator)
	defer texts.Release()
	texts.AppendValues(keys, nil)
	fields, arrays, err := numberColumns(names, columns, len(keys))
	if err != nil {
		return dst, err
	}
	fields, arrays = append(fields, arrow.Field{Name: key, Type: arrow.BinaryTypes.String}), append(arrays, texts.NewArray())
	return Encode(dst, array.NewRecord(arrow.NewSchema(fields, nil), arrays, int64(len(keys))), Uncompressed)
}
