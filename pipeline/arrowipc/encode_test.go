package arrowipc

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

func keysRecord(rows int) arrow.Record {
	schema := arrow.NewSchema([]arrow.Field{{Name: "key", Type: arrow.BinaryTypes.String}, {Name: "x", Type: arrow.PrimitiveTypes.Float64}}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	for i := range rows {
		b.Field(0).(*array.StringBuilder).Append(fmt.Sprint("key ", i))
		b.Field(1).(*array.Float64Builder).Append(float64(i))
	}
	return b.NewRecord()
}

// Any slice of a record is encoded as what it is, behind what is there, in every compression.
func TestEncodeSlices(t *testing.T) {
	rec := keysRecord(9)
	for begin := range int64(10) {
		for end := begin; end <= 9; end++ {
			for _, c := range []Compression{Uncompressed, LZ4, ZSTD} {
				out, err := Encode([]byte("before"), rec.NewSlice(begin, end), c)
				if err != nil {
					t.Fatalf("rows %d to %d: %v", begin, end, err)
				}
				message, found := bytes.CutPrefix(out, []byte("before"))
				batches, err := NewDecoder(xy, DefaultLimits()).Decode(message)
				if err != nil || !found || len(batches) != 1 || batches[0].Rows != int(end-begin) {
					t.Fatalf("rows %d to %d: %d batches, %v", begin, end, len(batches), err)
				}
				for i := range batches[0].Rows {
					row := int(begin) + i
					if key, _ := batches[0].Texts[0].At(i); batches[0].Numbers[0].Values[i] != float64(row) || string(key) != fmt.Sprint("key ", row) {
						t.Errorf("row %d is %v and %s", row, batches[0].Numbers[0].Values[i], key)
					}
				}
			}
		}
	}
}

func TestEncodeNumbers(t *testing.T) {
	message, err := EncodeNumbers(nil, []string{"a", "b"}, [][]float64{{1, 2}, {3, 4}})
	if err != nil {
		t.Fatal(err)
	}
	batches, err := NewDecoder(Projection{Numbers: []string{"b", "a"}}, DefaultLimits()).Decode(message)
	if err != nil || fmt.Sprint(batches[0].Numbers[0].Values, batches[0].Numbers[1].Values) != "[3 4] [1 2]" {
		t.Error(batches, err)
	}
	if _, err := EncodeNumbers(nil, []string{"a", "b"}, [][]float64{{1, 2}, {3}}); err == nil || !strings.Contains(err.Error(), "encode") {
		t.Errorf("columns of two lengths: %v", err)
	}
}
