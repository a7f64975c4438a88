package file

import (
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow/go/v17/arrow"
)

// Reader wraps Next, which hands out the table record by record.
//
// Next gives at most Options.BatchRows rows, at least one, and io.EOF at the end. The record is valid until the next call of Next or Close. After
// any other error the file cannot be read on: Next returns that error again.
//
// Schema is that of the record that Next gave last, and before the first of what is known from the file's beginning. It changes only in text
// formats, where a column of whole numbers turns to fractions and an empty column gets its first value.
type Reader interface {
	Schema() *arrow.Schema
	Next() (arrow.Record, error)
	Close() error
}

// Progresser is implemented by the Readers of this package. Progress may be called from another goroutine than Next.
type Progresser interface {
	// Progress is how many bytes of the file are read, and how many there are; -1 if that is not known.
	Progress() (done, total int64)
}

// Options of reading.
type Options struct {
	// Format is Arrow, Parquet, CSV or JSONLines. Empty: by the first bytes, then by the file's ending.
	Format Format

	// Columns to read, in this order. Nil: all of them; in Parquet and JSON lines without the nested ones.
	Columns []string

	// Numbers are columns that must hold numbers: in a text format a value that is none is an error with its place, even where so many are none
	// that the column would be taken for text. Names that the file does not have are of no consequence.
	Numbers []string

	// Texts are columns that a text format hands out as they are written, such as keys with leading zeros.
	Texts []string

	// BatchRows is the most rows of a record. 0: DefaultBatchRows.
	BatchRows int

	// Stdin is what the path "-" reads. Nil: os.Stdin.
	Stdin io.Reader
}

// DefaultBatchRows is large enough that a message's schema costs nothing, and 1 MiB for 16 columns of float64.
const DefaultBatchRows = 8192

// maxBatchRows is the decoder's default limit of a message.
const maxBatchRows = 1 << 20

// Validate reports all faults of o.
func (o Options) Validate() error {
	var faults []error
	if o.BatchRows < 0 || o.BatchRows > maxBatchRows {
		faults = append(faults, fmt.Errorf("batch rows: %d is not between 1 and %d (0 stands for %d)", o.BatchRows, maxBatchRows, DefaultBatchRows))
	}
	if o.Format != "" && !o.Format.known() {
		faults = append(faults, fmt.Errorf("format: %q is none of %s", o.Format, formatList))
	}
	seen := map[string]bool{}
	for _, name := range o.Columns {
		if seen[name] {
			faults = append(faults, fmt.Errorf("columns: %q is named twice", name))
		}
		seen[name] = true
	}
	return errors.Join(faults...)
}

func (o Options) batchRows() int {
	if o.BatchRows == 0 {
		return DefaultBatchRows
	}
	return o.BatchRows
}

// namesOf a schema's fields.
func namesOf(s *arrow.Schema) []string {
	names := make([]string, s.NumFields())
	for i := range names {
		names[i] = s.Field(i).Name
	}
	return names
}
