package file

import (
	"encoding/binary"
	"fmt"
	"io"
	"runtime/debug"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/parquet-go/parquet-go"

	"github.com/streamfit/streamfit/pipeline/file/internal/table"
)

// parquetReader reads the row groups one after another, each column page by page.
//
// parquet-go panics on many damaged files, in the goroutine that calls it: guarded turns that into an error at this file's edge.
type parquetReader struct {
	in      *input
	file    *parquet.File
	columns []*pageColumn
	schema  *arrow.Schema
	group   int   // the next row group
	left    int64 // rows of the current one
	done    int64 // rows of the file
	rows    int64
}

func openParquet(in *input, o Options) (_ Reader, err error) {
	section, err := in.section()
	if err != nil {
		return nil, err
	}
	if err := checkFooter(section); err != nil {
		return nil, err
	}
	r := &parquetReader{in: in, rows: int64(o.batchRows())}
	err = guarded(func() error {
		r.file, err = parquet.OpenFile(section, section.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
		if err != nil {
			return damaged("%w", err)
		}
		return r.choose(o.Columns)
	})
	return r, err
}

// checkFooter bounds what parquet-go allocates for the metadata by what there is.
func checkFooter(section *io.SectionReader) error {
	const magic = 4
	var footer [4 + magic]byte
	if section.Size() < magic+int64(len(footer)) {
		return damaged("it has %d bytes, which is too short", section.Size())
	}
	if _, err := section.ReadAt(footer[:], section.Size()-int64(len(footer))); err != nil {
		return err
	}
	if string(footer[4:]) != "PAR1" {
		return damaged("it does not end as a Parquet file does; it may be cut off")
	}
	if size := int64(binary.LittleEndian.Uint32(footer[:4])); size > section.Size()-magic-int64(len(footer)) {
		return damaged("its metadata are said to have %d bytes, more than the file", size)
	}
	return nil
}

// guarded runs what calls parquet-go.
func guarded(f func() error) (err error) {
	// A page that claims to lie beyond the memory it is in must be an error too, not the end of the process.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if fault := recover(); fault != nil {
			err = damaged("reading it fails with %q", fmt.Sprint(fault))
		}
	}()
	return f()
}

// choose picks the columns to read. Nested columns and those of types that are no number, time or text are left out unless they are asked for.
func (r *parquetReader) choose(wanted []string) error {
	var candidates []*pageColumn
	var names []string
	refused := map[string]string{}
	for _, c := range r.file.Root().Columns() {
		column, why := newPageColumn(c)
		if why != "" {
			refused[c.Name()] = why
			continue
		}
		candidates, names = append(candidates, column), append(names, c.Name())
	}
	places, err := table.Select(wanted, names, refused)
	if err != nil {
		return err
	}
	if len(places) == 0 {
		return fmt.Errorf("%w: no column of numbers, times or text that is not nested", ErrEmpty)
	}
	fields := make([]arrow.Field, len(places))
	for i, place := range places {
		r.columns = append(r.columns, candidates[place])
		fields[i] = arrow.Field{Name: names[place], Type: candidates[place].kind.arrow, Nullable: candidates[place].source.Optional()}
	}
	r.schema = arrow.NewSchema(fields, nil)
	return nil
}

func (r *parquetReader) Schema() *arrow.Schema { return r.schema }

func (r *parquetReader) Next() (rec arrow.Record, err error) {
	err = guarded(func() error {
		rec, err = r.next()
		return err
	})
	return rec, err
}

func (r *parquetReader) next() (arrow.Record, error) {
	for r.left == 0 {
		if r.group == len(r.file.RowGroups()) {
			return nil, io.EOF
		}
		if err := r.begin(); err != nil {
			return nil, err
		}
	}
	rows := min(r.rows, r.left)
	arrays := make([]arrow.Array, len(r.columns))
	for i, c := range r.columns {
		if err := c.append(rows); err != nil {
			return nil, r.place(c, err)
		}
		arrays[i] = c.build.NewArray()
		defer arrays[i].Release()
	}
	r.left -= rows
	r.done += rows
	r.in.read(int64(float64(r.in.size) * float64(r.done) / float64(max(r.file.NumRows(), r.done))))
	return array.NewRecord(r.schema, arrays, rows), nil
}

// begin opens the next row group.
func (r *parquetReader) begin() error {
	group := r.file.RowGroups()[r.group]
	r.group++
	r.left = group.NumRows()
	if r.left < 0 {
		return damaged("row group %d is said to have %d rows", r.group, r.left)
	}
	chunks := group.ColumnChunks()
	for _, c := range r.columns {
		chunk, ok := chunks[c.source.Index()].(*parquet.FileColumnChunk)
		if !ok {
			return damaged("row group %d has no column %q", r.group, c.source.Name())
		}
		if err := c.begin(chunk, r.file, r.group-1, r.left); err != nil {
			return r.place(c, err)
		}
	}
	return nil
}

func (r *parquetReader) place(c *pageColumn, err error) error {
	return fmt.Errorf("row group %d, column %q: %w", r.group, c.source.Name(), err)
}

func (r *parquetReader) Close() error {
	return guarded(func() error {
		for _, c := range r.columns {
			c.close()
		}
		return nil
	})
}
