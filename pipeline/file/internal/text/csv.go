package text

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/streamfit/streamfit/pipeline/file/internal/table"
)

// CSV reads RFC 4180 with a header line, through encoding/csv.
type CSV struct {
	in      *csv.Reader
	guard   *lineGuard
	columns *columns
	fields  []int // place of each column in the line
	line    int   // of the last record
	rows    int
}

// OpenCSV reads the header line and decides the columns by the first lines.
func OpenCSV(in io.Reader, o Options) (*CSV, error) {
	sample, again, whole, err := lookAhead(in)
	if err != nil {
		return nil, err
	}
	if sample, err = withoutMark(sample, again); err != nil {
		return nil, err
	}
	separator := separatorOf(sample)
	guard := &lineGuard{r: again}
	r := &CSV{in: newCSV(guard, separator), guard: guard, rows: o.Rows}
	names, err := r.header()
	if err != nil {
		return nil, err
	}
	if r.fields, err = table.Select(o.Columns, names, nil); err != nil {
		return nil, err
	}
	kinds := sampledKinds(newCSV(bytes.NewReader(sample), separator), len(names), whole)
	list := make([]*column, len(r.fields))
	for i, field := range r.fields {
		list[i] = newColumn(names[field], decided(names[field], kinds[field], o))
	}
	r.columns = newColumns(list)
	return r, nil
}

func newCSV(r io.Reader, separator rune) *csv.Reader {
	in := csv.NewReader(r)
	in.Comma = separator
	in.ReuseRecord = true
	return in
}

// header reads the names; those without one are named by their place.
func (r *CSV) header() ([]string, error) {
	r.guard.begin()
	fields, err := r.in.Read()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: no header line", table.ErrEmpty)
	}
	if err != nil {
		return nil, r.fault(err, 0)
	}
	r.line, _ = r.in.FieldPos(len(fields) - 1)
	names := make([]string, len(fields))
	places := make(map[string]int, len(fields))
	numbers := 0
	for i, field := range fields {
		line, column := r.in.FieldPos(i)
		if isNumber(strings.TrimSpace(field)) {
			numbers++
		}
		if names[i], err = columnName(field, i); err != nil {
			return nil, at(line, column, err)
		}
		if before, twice := places[names[i]]; twice {
			return nil, at(line, column, fmt.Errorf("column %q is in the header twice, in places %d and %d; rename one", names[i], before+1, i+1))
		}
		places[names[i]] = i
	}
	if numbers == len(fields) {
		return nil, at(1, 1, errors.New("the first line holds nothing but numbers, so the column names are missing; put a header line before it"))
	}
	return names, nil
}

func columnName(field string, place int) (string, error) {
	name := strings.TrimSpace(field)
	if name == "" {
		return fmt.Sprintf("column%d", place+1), nil
	}
	if !utf8.ValidString(name) {
		return "", fmt.Errorf("the column name %q is not UTF-8; convert the file, for example with iconv -f LATIN1 -t UTF-8", name)
	}
	return name, nil
}

// sampledKinds looks at the first lines. What is wrong with them comes up again in the reading proper.
func sampledKinds(in *csv.Reader, columns int, whole bool) []kind {
	kinds := make([]kind, columns)
	if _, err := in.Read(); err != nil {
		return kinds
	}
	previous := make([]kind, columns)
	for {
		fields, err := in.Read()
		if err != nil {
			break
		}
		copy(previous, kinds)
		for i, field := range fields {
			kinds[i] = joined(kinds[i], kindOf(field))
		}
	}
	if whole {
		return kinds
	}
	return previous // as the last line may be cut, and 12 be the beginning of 12th
}

// Schema of the record that Next gave last.
func (r *CSV) Schema() *arrow.Schema { return r.columns.schema }

// Next gives the next record, and io.EOF at the end.
func (r *CSV) Next() (arrow.Record, error) {
	rows := 0
	for rows < r.rows {
		r.guard.begin()
		fields, err := r.in.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, r.fault(err, len(fields))
		}
		r.line, _ = r.in.FieldPos(0)
		if err := r.append(fields); err != nil {
			return nil, err
		}
		rows++
	}
	if rows == 0 {
		return nil, io.EOF
	}
	return r.columns.record(rows), nil
}

func (r *CSV) append(fields []string) error {
	for i, c := range r.columns.list {
		if err := c.append(fields[r.fields[i]]); err != nil {
			line, column := r.in.FieldPos(r.fields[i])
			return at(line, column, err)
		}
	}
	return nil
}

// fault says in streamfit's words what encoding/csv found.
func (r *CSV) fault(err error, fields int) error {
	var parse *csv.ParseError
	if !errors.As(err, &parse) {
		return at(r.line+1, 0, err)
	}
	switch {
	case errors.Is(parse.Err, csv.ErrFieldCount):
		return at(parse.Line, 0, fmt.Errorf("%s, but the header has %d", count(fields, "field"), r.in.FieldsPerRecord))
	case errors.Is(parse.Err, csv.ErrQuote):
		return at(parse.Line, parse.Column, fmt.Errorf("a quoted field that began in line %d does not end properly; a quote within it is written twice", parse.StartLine))
	case errors.Is(parse.Err, csv.ErrBareQuote):
		return at(parse.Line, parse.Column, errors.New("a quote in a field that does not begin with one; quote the whole field and write the quote twice"))
	default:
		return at(parse.Line, parse.Column, parse.Err)
	}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
