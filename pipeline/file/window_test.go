package file_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/streamfit/streamfit/pipeline/file"
)

// numbered is a CSV of one column that counts its rows, read in records of so many rows.
func numbered(t require, rows, batch int) file.Reader {
	var text strings.Builder
	text.WriteString("i\n")
	for i := range rows {
		fmt.Fprintln(&text, i)
	}
	r, err := file.OpenReader("rows.csv", strings.NewReader(text.String()), file.Options{BatchRows: batch})
	check(t, err)
	return r
}

func TestWindow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows, batch := rapid.IntRange(1, 60).Draw(t, "rows"), rapid.IntRange(1, 20).Draw(t, "batch")
		from := rapid.IntRange(0, rows+3).Draw(t, "from")
		to := rapid.IntRange(0, rows+3).Draw(t, "to")
		every := rapid.Int64Range(0, 9).Draw(t, "every")
		w := file.Window{From: int64(from), To: int64(to)}
		if every > 0 {
			w.Ends = func(row int64) int64 { return row - row%every + every }
		}
		var want []int64
		for i := from; i < rows && (to == 0 || i < to); i++ {
			want = append(want, int64(i))
		}

		var got []int64
		r := w.Of(numbered(t, rows, batch))
		for {
			rec, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			check(t, err)
			values := rec.Column(0).(*array.Int64).Int64Values()
			first, last := values[0], values[len(values)-1]
			if every > 0 && first/every != last/every || first/int64(batch) != last/int64(batch) {
				t.Fatalf("rows %d to %d came as one record; records end at multiples of %d and %d", first, last, batch, every)
			}
			got = append(got, values...)
		}
		if _, err := r.Next(); !errors.Is(err, io.EOF) {
			t.Fatalf("after the end: %v, want io.EOF", err)
		}
		check(t, r.Close())
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("rows of the window (-want +got):\n%s", diff)
		}
	})
}

func TestCountRows(t *testing.T) {
	for _, rows := range []int{1, 7, 40} {
		n, err := file.CountRows(t.Context(), numbered(t, rows, 8))
		if check(t, err); n != int64(rows) {
			t.Errorf("counted %d rows, want %d", n, rows)
		}
	}
	damaged, err := file.OpenReader("rows.csv", strings.NewReader("a,b\n1,2\n3,4\n5\n"), file.Options{BatchRows: 1})
	check(t, err)
	if n, err := file.CountRows(t.Context(), damaged); err == nil {
		t.Errorf("counted %d rows of a damaged file without an error", n)
	}
}
