package file_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"

	"github.com/streamfit/streamfit/pipeline/file"
)

// table is the oracle: columns of numbers, where nil is a null.
type table struct {
	names []string
	cells [][]*float64 // by column
}

func (t table) rows() int {
	if len(t.cells) == 0 {
		return 0
	}
	return len(t.cells[0])
}

// anyTable draws tables of awkward numbers. The first row has no nulls, so that every column is one of numbers in every format.
func anyTable(maxRows int) *rapid.Generator[table] {
	value := rapid.OneOf(
		rapid.Float64(),
		rapid.Map(rapid.Int64(), func(v int64) float64 { return float64(v) }),
		rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1, 0.1, 5e-324, math.MaxFloat64, -math.MaxFloat64, 1 << 53, 1<<53 + 2, math.Inf(1), math.Inf(-1), math.NaN()}),
	)
	return rapid.Custom(func(t *rapid.T) table {
		columns := rapid.IntRange(1, 5).Draw(t, "columns")
		rows := rapid.IntRange(1, maxRows).Draw(t, "rows")
		var drawn table
		for c := range columns {
			drawn.names = append(drawn.names, fmt.Sprintf("c%d", c))
			cells := make([]*float64, rows)
			for r := range cells {
				v := value.Draw(t, "value")
				if r == 0 || rapid.IntRange(0, 9).Draw(t, "null") > 0 {
					cells[r] = &v
				}
			}
			drawn.cells = append(drawn.cells, cells)
		}
		return drawn
	})
}

func (t table) arrow() arrow.Record {
	fields := make([]arrow.Field, len(t.names))
	arrays := make([]arrow.Array, len(t.names))
	for c, name := range t.names {
		fields[c] = arrow.Field{Name: name, Type: arrow.PrimitiveTypes.Float64, Nullable: true}
		b := array.NewFloat64Builder(memory.DefaultAllocator)
		for _, v := range t.cells[c] {
			if v == nil {
				b.AppendNull()
			} else {
				b.Append(*v)
			}
		}
		arrays[c] = b.NewArray()
	}
	return array.NewRecord(arrow.NewSchema(fields, nil), arrays, int64(t.rows()))
}

// writeArrowFile writes batches of cut rows.
func writeArrowFile(t require, tab table, cut int, options ...ipc.Option) []byte {
	rec := tab.arrow()
	var out seekBuffer
	w, err := ipc.NewFileWriter(&out, append(options, ipc.WithSchema(rec.Schema()))...)
	check(t, err)
	for i := 0; i < tab.rows(); i += cut {
		check(t, w.Write(rec.NewSlice(int64(i), int64(min(i+cut, tab.rows())))))
	}
	check(t, w.Close())
	return out.Bytes()
}

func writeArrowStream(t require, tab table, cut int) []byte {
	rec := tab.arrow()
	var out bytes.Buffer
	w := ipc.NewWriter(&out, ipc.WithSchema(rec.Schema()))
	for i := 0; i < tab.rows(); i += cut {
		check(t, w.Write(rec.NewSlice(int64(i), int64(min(i+cut, tab.rows())))))
	}
	check(t, w.Close())
	return out.Bytes()
}

// writeParquet writes row groups of cut rows, in pages of a few values.
func writeParquet(t require, tab table, cut int, options ...parquet.WriterOption) []byte {
	group := parquet.Group{}
	for _, name := range tab.names {
		group[name] = parquet.Optional(parquet.Leaf(parquet.DoubleType))
	}
	var out bytes.Buffer
	options = append([]parquet.WriterOption{parquet.NewSchema("table", group), parquet.PageBufferSize(256)}, options...)
	w := parquet.NewWriter(&out, options...)
	for r := range tab.rows() {
		row := make(parquet.Row, len(tab.names))
		for c := range tab.names {
			row[c] = parquet.NullValue().Level(0, 0, c)
			if v := tab.cells[c][r]; v != nil {
				row[c] = parquet.DoubleValue(*v).Level(0, 1, c)
			}
		}
		_, err := w.WriteRows([]parquet.Row{row})
		check(t, err)
		if r%cut == cut-1 {
			check(t, w.Flush())
		}
	}
	check(t, w.Close())
	return out.Bytes()
}

func writeCSV(t require, tab table) []byte {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	check(t, w.Write(tab.names))
	for r := range tab.rows() {
		row := make([]string, len(tab.names))
		for c := range tab.names {
			row[c] = "NA"
			if v := tab.cells[c][r]; v != nil {
				row[c] = strconv.FormatFloat(*v, 'g', -1, 64)
			}
		}
		check(t, w.Write(row))
	}
	w.Flush()
	return out.Bytes()
}

func writeJSONLines(t require, tab table) []byte {
	var out bytes.Buffer
	for r := range tab.rows() {
		row := map[string]any{}
		for c, name := range tab.names {
			v := tab.cells[c][r]
			switch {
			case v == nil && r%2 == 0: // a missing field
			case v == nil:
				row[name] = nil
			case math.IsInf(*v, 0) || math.IsNaN(*v): // as strings, for want of a number
				row[name] = strings.TrimPrefix(strconv.FormatFloat(*v, 'g', -1, 64), "+")
			default:
				row[name] = json.Number(strconv.FormatFloat(*v, 'g', -1, 64))
			}
		}
		line, err := json.Marshal(row)
		check(t, err)
		out.Write(append(line, '\n'))
	}
	return out.Bytes()
}

// seekBuffer is what the writer of Arrow files asks for; it seeks to learn its position only.
type seekBuffer struct{ bytes.Buffer }

func (b *seekBuffer) Seek(offset int64, whence int) (int64, error) {
	if offset != 0 || whence != io.SeekCurrent {
		return 0, fmt.Errorf("seek to %d from %d", offset, whence)
	}
	return int64(b.Len()), nil
}

// require is what testing.TB and rapid.T have in common.
type require interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

func check(t require, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// drain reads a table to its end: the records' values as numbers, by column, and the rows of each record.
func drain(r file.Reader) (got table, cuts []int, err error) {
	got.names = make([]string, r.Schema().NumFields())
	got.cells = make([][]*float64, len(got.names))
	for i, f := range r.Schema().Fields() {
		got.names[i] = f.Name
	}
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			return got, cuts, nil
		}
		if err != nil {
			return got, cuts, err
		}
		cuts = append(cuts, int(rec.NumRows()))
		for c := range got.cells {
			for row := range int(rec.NumRows()) {
				got.cells[c] = append(got.cells[c], numberAt(rec.Column(c), row))
			}
		}
	}
}

func numberAt(a arrow.Array, row int) *float64 {
	if a.IsNull(row) {
		return nil
	}
	var v float64
	switch a := a.(type) {
	case *array.Float64:
		v = a.Value(row)
	case *array.Int64:
		v = float64(a.Value(row))
	case *array.Int16:
		v = float64(a.Value(row))
	case *array.Float32:
		v = float64(a.Value(row))
	default:
		v = math.NaN()
	}
	return &v
}

// differs tells where two tables differ in a bit.
func differs(want, got table) string {
	if fmt.Sprint(want.names) != fmt.Sprint(got.names) || want.rows() != got.rows() {
		return fmt.Sprintf("columns %v with %d rows, want %v with %d", got.names, got.rows(), want.names, want.rows())
	}
	for c := range want.cells {
		for r, w := range want.cells[c] {
			g := got.cells[c][r]
			if (w == nil) != (g == nil) || w != nil && math.Float64bits(*w) != math.Float64bits(*g) {
				return fmt.Sprintf("column %s row %d: %v, want %v", want.names[c], r, show(g), show(w))
			}
		}
	}
	return ""
}

func show(v *float64) string {
	if v == nil {
		return "null"
	}
	return strconv.FormatFloat(*v, 'g', -1, 64)
}

func open(t testing.TB, name string, b []byte, o file.Options) file.Reader {
	t.Helper()
	r, err := file.OpenReader(name, bytes.NewReader(b), o)
	check(t, err)
	t.Cleanup(func() { r.Close() })
	return r
}
