package file_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/parquet-go/parquet-go"

	"github.com/streamfit/streamfit/pipeline/file"
)

// Rows a second out of a file of 16 columns of float64, full precision, one null in twenty.
func BenchmarkRead(b *testing.B) {
	tab := wideTable(50_000, 16)
	dir := b.TempDir()
	for _, c := range []struct {
		name    string
		content []byte
	}{
		{"x.arrow", writeArrowFile(b, tab, 10_000)},
		{"x.csv", writeCSV(b, tab)},
		{"x.jsonl", writeJSONLines(b, tab)},
		{"plain.parquet", writeParquet(b, tab, 50_000, parquet.PageBufferSize(1<<20))},
		{"zstd.parquet", writeParquet(b, tab, 50_000, parquet.PageBufferSize(1<<20), parquet.Compression(&parquet.Zstd))},
	} {
		path := filepath.Join(dir, c.name)
		check(b, os.WriteFile(path, c.content, 0o600))
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			rows := 0
			for b.Loop() {
				rows += messages(b, path)
			}
			b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// messages reads a file the way the pipeline does, as messages.
func messages(b *testing.B, path string) (rows int) {
	r, err := file.Open(path, file.Options{})
	check(b, err)
	counted := &countedRows{Reader: r}
	s := file.NewSource(path, counted, 0)
	defer s.Close()
	for {
		_, err := s.Fetch(context.Background())
		if errors.Is(err, io.EOF) {
			return counted.rows
		}
		check(b, err)
	}
}

type countedRows struct {
	file.Reader
	rows int
}

func (c *countedRows) Next() (arrow.Record, error) {
	rec, err := c.Reader.Next()
	if err == nil {
		c.rows += int(rec.NumRows())
	}
	return rec, err
}
