package arrowipc

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"pgregory.net/rapid"
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

// BenchmarkDecodeKinds is what columns cost that must be converted or checked value by value: 8,192 rows of one column.
func BenchmarkDecodeKinds(b *testing.B) {
	for _, kind := range columnKinds() {
		if kind.kind == arrow.Null {
			continue
		}
		var p Projection
		if kind.number != nil {
			p.Numbers = []string{"c"}
		} else {
			p.Texts = []string{"c"}
		}
		b.Run(kind.kind.String(), func(b *testing.B) {
			message, err := Encode(nil, exampleRecord(kind, 8192), Uncompressed)
			if err != nil {
				b.Fatal(err)
			}
			d := NewDecoder(p, DefaultLimits())
			b.ReportAllocs()
			for b.Loop() {
				if _, err := d.Decode(message); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/8192, "ns/row")
		})
	}
}

// exampleRecord of one column c.
func exampleRecord(kind columnKind, rows int) arrow.Record {
	schema := arrow.NewSchema([]arrow.Field{{Name: "c", Type: kind.kind, Nullable: true}}, nil)
	return rapid.Custom(func(t *rapid.T) arrow.Record {
		builder := array.NewRecordBuilder(memory.DefaultAllocator, schema)
		for range rows {
			kind.add(t, builder.Field(0))
		}
		return builder.NewRecord()
	}).Example(1)
}

// BenchmarkEncode is what produce and replay pay for a message of 16 columns.
func BenchmarkEncode(b *testing.B) {
	for _, rows := range []int{1, 1000, 8192} {
		rec := numbersRecord(16, rows)
		b.Run(fmt.Sprint(rows), func(b *testing.B) {
			var out []byte
			var err error
			b.ReportAllocs()
			for b.Loop() {
				if out, err = Encode(out[:0], rec, Uncompressed); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(len(out)))
		})
	}
}
