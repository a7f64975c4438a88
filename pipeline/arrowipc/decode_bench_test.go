package arrowipc

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// numbersRecord of so many float64 columns c0, c1, …
func numbersRecord(columns, rows int) arrow.Record {
	fields := make([]arrow.Field, columns)
	for i := range fields {
		fields[i] = arrow.Field{Name: fmt.Sprintf("c%d", i), Type: arrow.PrimitiveTypes.Float64}
	}
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema(fields, nil))
	for i := range fields {
		for row := range rows {
			b.Field(i).(*array.Float64Builder).Append(float64(row*columns+i) / 8)
		}
	}
	return b.NewRecord()
}

// wanted are the names of numbersRecord's columns.
func wanted(columns int) Projection {
	var p Projection
	for i := range columns {
		p.Numbers = append(p.Numbers, fmt.Sprintf("c%d", i))
	}
	return p
}

// BenchmarkDecode compares the verified decoder with arrow-go's own reader, which copies and does not verify.
func BenchmarkDecode(b *testing.B) {
	for _, c := range []struct {
		columns, rows int
		compression   Compression
	}{{4, 1, Uncompressed}, {16, 1, Uncompressed}, {16, 1000, Uncompressed}, {16, 1000, LZ4}, {16, 1000, ZSTD}} {
		message, err := Encode(nil, numbersRecord(c.columns, c.rows), c.compression)
		if err != nil {
			b.Fatal(err)
		}
		name := fmt.Sprintf("%dx%d/%s", c.columns, c.rows, [...]string{"none", "lz4", "zstd"}[c.compression])
		b.Run(name+"/verified", func(b *testing.B) {
			d := NewDecoder(wanted(c.columns), DefaultLimits())
			b.SetBytes(int64(len(message)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := d.Decode(message); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/arrow-go", func(b *testing.B) {
			b.SetBytes(int64(len(message)))
			b.ReportAllocs()
			for b.Loop() {
				readWithArrow(b, message)
			}
		})
	}
}

func readWithArrow(b *testing.B, message []byte) {
	r, err := ipc.NewReader(bytes.NewReader(message))
	if err != nil {
		b.Fatal(err)
	}
	for r.Next() {
	}
	if r.Err() != nil {
		b.Fatal(r.Err())
	}
	r.Release()
}
