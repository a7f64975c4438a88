package arrowipc

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// EncodeNumbers appends the IPC stream of one batch of float64 columns, for those who have plain slices and no arrow.Record. The columns must be of
// one length.
func EncodeNumbers(dst []byte, names []string, columns [][]float64) ([]byte, error) {
	fields := make([]arrow.Field, len(names))
	arrays := make([]arrow.Array, len(names))
	rows := 0
	for i, values := range columns {
		fields[i] = arrow.Field{Name: names[i], Type: arrow.PrimitiveTypes.Float64}
		bytes := memory.NewBufferBytes(arrow.Float64Traits.CastToBytes(values))
		arrays[i] = array.NewFloat64Data(array.NewData(fields[i].Type, len(values), []*memory.Buffer{nil, bytes}, nil, 0, 0))
		rows = len(values)
	}
	return Encode(dst, array.NewRecord(arrow.NewSchema(fields, nil), arrays, int64(rows)), Uncompressed)
}
