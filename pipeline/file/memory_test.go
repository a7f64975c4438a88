package file_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/streamfit/streamfit/pipeline/file"
)

const (
	longRows    = 1_000_000
	longColumns = 4
	heapGrowth  = 32 << 20 // the tables below hold 32 MB as float64, and more as text
)

// writeLong writes a table that no reader can hold within heapGrowth as text.
func writeLong(w io.Writer, header string, row func(dst []byte, i int) []byte) error {
	out := bufio.NewWriter(w)
	if _, err := io.WriteString(out, header); err != nil {
		return err
	}
	var line []byte
	for i := range longRows {
		line = row(line[:0], i)
		if _, err := out.Write(line); err != nil {
			return err
		}
	}
	return out.Flush()
}

func csvRow(dst []byte, i int) []byte {
	for c := range longColumns {
		dst = strconv.AppendFloat(dst, math.Sqrt(float64(i+c)), 'g', -1, 64)
		dst = append(dst, ",,,\n"[c])
	}
	return dst
}

func jsonRow(dst []byte, i int) []byte {
	return fmt.Appendf(dst, `{"a":%v,"b":%d,"c":true,"d":"x"}`+"\n", math.Sqrt(float64(i)), i)
}

// A file of any length is read in the same memory.
func TestMemoryIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("reads a million rows three times")
	}
	for name, write := range map[string]func(io.Writer) error{
		"long.csv":   func(w io.Writer) error { return writeLong(w, "a,b,c,d\n", csvRow) },
		"long.jsonl": func(w io.Writer) error { return writeLong(w, "", jsonRow) },
	} {
		t.Run(name, func(t *testing.T) {
			out, in := io.Pipe()
			go func() { in.CloseWithError(write(in)) }()
			r, err := file.OpenReader(name, out, file.Options{})
			check(t, err)
			readWithin(t, r)
		})
	}
	t.Run("long.parquet", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "long.parquet")
		f, err := os.Create(path)
		check(t, err)
		writeLongParquet(t, f)
		check(t, f.Close())
		r, err := file.Open(path, file.Options{})
		check(t, err)
		readWithin(t, r)
	})
}

// writeLongParquet writes one row group, the worst case: a reader that holds column chunks holds the table.
func writeLongParquet(t *testing.T, w io.Writer) {
	type row struct{ A, B, C, D, E, F, G, H float64 }
	p := parquet.NewGenericWriter[row](w, parquet.MaxRowsPerRowGroup(longRows))
	for i := range longRows {
		v := math.Sqrt(float64(i))
		_, err := p.Write([]row{{v, v + 1, v + 2, v + 3, v + 4, v + 5, v + 6, v + 7}})
		check(t, err)
	}
	check(t, p.Close())
}

func readWithin(t *testing.T, r file.Reader) {
	t.Helper()
	defer r.Close()
	start := heap()
	rows, most := 0, uint64(0)
	for batch := 0; ; batch++ {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		check(t, err)
		rows += int(rec.NumRows())
		if batch%10 == 0 {
			most = max(most, heap())
		}
	}
	if rows != longRows {
		t.Errorf("%d rows, want %d", rows, longRows)
	}
	if most > start+heapGrowth {
		t.Errorf("the heap grew from %d to %d MiB", start>>20, most>>20)
	}
}

// heap is what is reachable.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
