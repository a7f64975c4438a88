package file

import (
	"bufio"
	"errors"
	"io"

	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// maxPageBytes bounds one page of Parquet, decompressed. Writers aim at 1 MiB; those that write a whole column chunk as one page stay below this.
const maxPageBytes = 256 << 20

// pageColumn reads one flat column, page by page, and appends it to an Arrow array.
type pageColumn struct {
	source *parquet.Column
	kind   parquetKind
	build  array.Builder

	pages  parquet.Pages
	page   parquet.Page
	values parquet.ValueReader
	buffer []parquet.Value
}

// newPageColumn says why a column is not read, or returns its reader.
func newPageColumn(c *parquet.Column) (_ *pageColumn, why string) {
	if !c.Leaf() || c.Repeated() {
		return nil, "it holds lists, maps or structures, which are not read; flatten it"
	}
	kind, ok := parquetKindOf(c.Type())
	if !ok {
		return nil, "its type " + c.Type().String() + " is no number, time or text"
	}
	return &pageColumn{source: c, kind: kind, build: array.NewBuilder(memory.DefaultAllocator, kind.arrow), buffer: make([]parquet.Value, 1024)}, ""
}

// begin opens the column's chunk in the next row group.
func (c *pageColumn) begin(chunk *parquet.FileColumnChunk, file *parquet.File, group int, rows int64) error {
	c.close()
	if err := checkPages(file, file.Metadata().RowGroups[group].Columns[c.source.Index()].MetaData, rows); err != nil {
		return err
	}
	c.pages = chunk.Pages()
	return nil
}

func (c *pageColumn) close() {
	c.release()
	if c.pages != nil {
		c.pages.Close()
		c.pages = nil
	}
}

func (c *pageColumn) release() {
	if c.page != nil {
		parquet.Release(c.page)
	}
	c.page, c.values = nil, nil
}

// append adds the next rows.
func (c *pageColumn) append(rows int64) error {
	c.build.Reserve(int(rows))
	for rows > 0 {
		if c.values == nil {
			if err := c.turn(rows); err != nil {
				return err
			}
		}
		n, err := c.values.ReadValues(c.buffer[:min(rows, int64(len(c.buffer)))])
		if err := c.kind.append(c.build, c.buffer[:n]); err != nil {
			return err
		}
		rows -= int64(n)
		if err != nil || n == 0 {
			c.release()
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return damaged("%w", err)
		}
	}
	return nil
}

// turn the page.
func (c *pageColumn) turn(rows int64) error {
	page, err := c.pages.ReadPage()
	if errors.Is(err, io.EOF) {
		return damaged("it ends at least %d rows early", rows)
	}
	if err != nil {
		return damaged("%w", err)
	}
	c.page, c.values = page, page.Values()
	return nil
}

// checkPages reads the page headers of a column chunk, and nothing else of it, before parquet-go believes the sizes they claim. They may ask for no
// more than the chunk holds and for no more values than the row group has rows.
func checkPages(file io.ReaderAt, chunk format.ColumnMetaData, rows int64) error {
	begin := chunk.DataPageOffset
	if chunk.DictionaryPageOffset > 0 {
		begin = min(begin, chunk.DictionaryPageOffset)
	}
	if begin < 0 || chunk.TotalCompressedSize < 0 || begin+chunk.TotalCompressedSize < begin {
		return damaged("it is said to begin at byte %d and to have %d", begin, chunk.TotalCompressedSize)
	}
	section := io.NewSectionReader(file, begin, chunk.TotalCompressedSize)
	buffered := bufio.NewReaderSize(section, 512)
	var values int64
	for values < rows {
		header, err := pageHeader(section, buffered)
		if err != nil {
			return damaged("a page header cannot be read: %w", err)
		}
		if err := checkPage(header, section, rows); err != nil {
			return err
		}
		values += valuesOf(header)
		if _, err := section.Seek(int64(header.CompressedPageSize), io.SeekCurrent); err != nil {
			return damaged("%w", err)
		}
	}
	return nil
}

// pageHeader reads a header and leaves section at the page's first byte.
func pageHeader(section *io.SectionReader, buffered *bufio.Reader) (*format.PageHeader, error) {
	buffered.Reset(section)
	var protocol thrift.CompactProtocol
	header := new(format.PageHeader)
	if err := thrift.NewDecoder(protocol.NewReader(buffered)).Decode(header); err != nil {
		return nil, err
	}
	_, err := section.Seek(-int64(buffered.Buffered()), io.SeekCurrent)
	return header, err
}

func checkPage(h *format.PageHeader, section *io.SectionReader, rows int64) error {
	at, err := section.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	switch {
	case h.CompressedPageSize < 0 || int64(h.CompressedPageSize) > section.Size()-at:
		return damaged("a page is said to have %d bytes, of which there are %d", h.CompressedPageSize, section.Size()-at)
	case h.UncompressedPageSize < 0 || h.UncompressedPageSize > maxPageBytes:
		return errors.New("a page has more than 256 MiB; write the file with smaller pages")
	case valuesOf(h) < 0 || valuesOf(h) > rows:
		return damaged("a page is said to have %d values, its row group %d rows", valuesOf(h), rows)
	case h.DictionaryPageHeader.Valid && h.DictionaryPageHeader.V.NumValues > max(h.UncompressedPageSize, 1)*8:
		return damaged("a dictionary of %d bytes is said to have %d values", h.UncompressedPageSize, h.DictionaryPageHeader.V.NumValues)
	}
	return nil
}

func valuesOf(h *format.PageHeader) int64 {
	switch {
	case h.DataPageHeaderV2.Valid:
		return int64(h.DataPageHeaderV2.V.NumValues)
	case h.DataPageHeader.Valid:
		return int64(h.DataPageHeader.V.NumValues)
	default:
		return 0
	}
}
