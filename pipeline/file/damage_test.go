package file_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/parquet-go/parquet-go"

	"github.com/streamfit/streamfit/pipeline/file"
)

// Damaged files end in an error that names them, whatever was damaged, or in a table if it was a value: never in a panic, a hang or memory
// that the file's size does not explain.
func TestDamagedFilesAreErrors(t *testing.T) {
	rounds := 600
	if testing.Short() {
		rounds = 60
	}
	sound := wideTable(300, 3)
	for name, b := range map[string][]byte{
		"zstd.parquet":   writeParquet(t, sound, 100, parquet.Compression(&parquet.Zstd)),
		"v1.parquet":     writeParquet(t, sound, 100, parquet.DataPageVersion(1), parquet.Compression(&parquet.Snappy)),
		"plain.parquet":  writeParquet(t, sound, 300),
		"file.arrow":     writeArrowFile(t, sound, 100),
		"lz4.arrow":      writeArrowFile(t, sound, 100, ipc.WithLZ4()),
		"stream.arrow":   writeArrowStream(t, sound, 100),
		"table.csv":      writeCSV(t, sound),
		"table.jsonl":    writeJSONLines(t, sound),
		"table.csv.gz":   gzipped(t, writeCSV(t, sound)),
		"table.json.zst": zstandard(t, writeJSONLines(t, sound)),
	} {
		t.Run(name, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(1, uint64(len(b))))
			failed := 0
			for i := range rounds {
				bad := damage(rnd, b)
				before := allocated()
				rows, err := readAll(name, bad)
				if err != nil {
					failed++
					nameIn(t, err, name)
				}
				if limit := uint64(len(bad)) + 10*sound.size(); uint64(rows) > limit {
					t.Fatalf("round %d: %d rows out of %d bytes", i, rows, len(bad))
				}
				if used := allocated() - before; used > 64<<20 {
					t.Fatalf("round %d: %d MiB allocated for a file of %d bytes: %v", i, used>>20, len(bad), err)
				}
			}
			if failed < rounds/10 {
				t.Errorf("%d of %d damaged files were found out", failed, rounds)
			}
		})
	}
}

func nameIn(t *testing.T, err error, name string) {
	t.Helper()
	if !strings.HasPrefix(err.Error(), name+":") || strings.Contains(err.Error(), "goroutine ") {
		t.Fatalf("%v: want an error that begins with %s", err, name)
	}
}

// damage does to a file what disks, transfers and bugs do.
func damage(rnd *rand.Rand, b []byte) []byte {
	b = bytes.Clone(b)
	at := rnd.IntN(len(b))
	if rnd.IntN(2) == 0 { // where metadata are
		at = len(b) - 1 - rnd.IntN(min(len(b), 600))
	}
	switch rnd.IntN(6) {
	case 0:
		b[at] ^= 1 << rnd.IntN(8)
	case 1:
		b[at] = byte(rnd.Uint32())
	case 2:
		return b[:at]
	case 3:
		return append(b[:at], b[min(at+1+rnd.IntN(8), len(b)):]...)
	case 4:
		for i := range min(4, len(b)-at) {
			b[at+i] = 0xff
		}
	default:
		if at+4 <= len(b) {
			binary.LittleEndian.PutUint32(b[at:], []uint32{0, 1, 1 << 16, 1<<31 - 1, 1<<32 - 1, 1 << 24}[rnd.IntN(6)])
		}
	}
	return b
}

func readAll(name string, b []byte) (rows int64, err error) {
	r, err := file.OpenReader(name, bytes.NewReader(b), file.Options{})
	if err != nil {
		return 0, err
	}
	defer r.Close()
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		for _, c := range rec.Columns() {
			for i := range c.Len() {
				_ = c.ValueStr(i)
			}
		}
		rows += rec.NumRows()
	}
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// wideTable has numbers with nulls now and then, the same each time.
func wideTable(rows, columns int) table {
	rnd := rand.New(rand.NewPCG(7, 7))
	var tab table
	for c := range columns {
		tab.names = append(tab.names, fmt.Sprintf("c%d", c))
		cells := make([]*float64, rows)
		for r := range cells {
			v := rnd.NormFloat64()
			if r == 0 || rnd.IntN(20) > 0 {
				cells[r] = &v
			}
		}
		tab.cells = append(tab.cells, cells)
	}
	return tab
}

func (t table) size() uint64 { return uint64(8 * len(t.cells) * t.rows()) }
