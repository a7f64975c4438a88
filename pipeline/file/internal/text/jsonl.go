package text

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/streamfit/streamfit/pipeline/file/internal/table"
)

// JSONLines reads one object a line.
type JSONLines struct {
	lines   *bufio.Reader
	long    []byte // a line that does not fit the buffer of lines
	line    int
	columns *columns
	index   map[string]int // name → column
	seen    []int          // the line in which a column last had a value
	rows    int
}

// OpenJSONLines decides the columns by the first lines.
func OpenJSONLines(in io.Reader, o Options) (*JSONLines, error) {
	sample, again, whole, err := lookAhead(in)
	if err != nil {
		return nil, err
	}
	if sample, err = withoutMark(sample, again); err != nil {
		return nil, err
	}
	shown := sampledFields(sample, whole)
	places, err := table.Select(o.Columns, shown.names, shown.nested)
	if err != nil {
		return nil, err
	}
	if len(places) == 0 {
		return nil, shown.fault()
	}
	r := &JSONLines{lines: bufio.NewReaderSize(again, 64<<10), index: make(map[string]int, len(places)), seen: make([]int, len(places)), rows: o.Rows}
	list := make([]*column, len(places))
	for i, place := range places {
		name := shown.names[place]
		list[i] = newColumn(name, decided(name, shown.kinds[place], o))
		r.index[name] = i
	}
	r.columns = newColumns(list)
	return r, nil
}

// shownFields is what the sample shows: the names in the order in which they come first.
type shownFields struct {
	names  []string
	kinds  []kind
	nested map[string]string // why a field is no column
	err    error             // the first fault
}

func (s *shownFields) fault() error {
	if s.err != nil {
		return s.err
	}
	return fmt.Errorf("%w: no object with a number, boolean or string in it", table.ErrEmpty)
}

// sampledFields looks at the first lines. A fault in them comes up again in the reading proper, unless there is nothing before it.
func sampledFields(sample []byte, whole bool) *shownFields {
	s := &shownFields{nested: map[string]string{}}
	index := map[string]int{}
	for line := 1; len(sample) > 0; line++ {
		row, rest, complete := bytes.Cut(sample, []byte{'\n'})
		if !complete && !whole {
			break
		}
		sample = rest
		if isBlank(row) {
			continue
		}
		if s.err = eachField(row, func(f jsonField) error { s.show(index, f); return nil }); s.err != nil {
			s.err = placed(s.err, line)
			break
		}
	}
	s.dropNested()
	return s
}

func (s *shownFields) show(index map[string]int, f jsonField) {
	if f.kind == nestedField {
		s.nested[f.name] = "it holds objects or arrays, which are not read; flatten them"
	}
	i, known := index[f.name]
	if !known {
		i = len(s.names)
		index[f.name] = i
		s.names, s.kinds = append(s.names, f.name), append(s.kinds, undecided)
	}
	s.kinds[i] = joined(s.kinds[i], f.kindOf())
}

func (s *shownFields) dropNested() {
	kept := 0
	for i, name := range s.names {
		if s.nested[name] == "" {
			s.names[kept], s.kinds[kept] = name, s.kinds[i]
			kept++
		}
	}
	s.names, s.kinds = s.names[:kept], s.kinds[:kept]
}

// Schema of the record that Next gave last.
func (r *JSONLines) Schema() *arrow.Schema { return r.columns.schema }

// Next gives the next record, and io.EOF at the end.
func (r *JSONLines) Next() (arrow.Record, error) {
	rows := 0
	for rows < r.rows {
		line, err := r.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if isBlank(line) {
			continue
		}
		if err := r.append(line); err != nil {
			return nil, placed(err, r.line)
		}
		rows++
	}
	if rows == 0 {
		return nil, io.EOF
	}
	return r.columns.record(rows), nil
}

func isBlank(line []byte) bool { return len(bytes.TrimSpace(line)) == 0 }

// next line; io.EOF after the last.
func (r *JSONLines) next() ([]byte, error) {
	r.line++
	r.long = r.long[:0]
	for {
		part, err := r.lines.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull) && len(r.long)+len(part) <= maxLineBytes:
			r.long = append(r.long, part...)
			continue
		case errors.Is(err, bufio.ErrBufferFull):
			return nil, at(r.line, 0, errLongLine)
		case err != nil && (err != io.EOF || len(part)+len(r.long) == 0):
			return nil, err
		}
		if len(r.long) > 0 {
			r.long = append(r.long, part...)
			part = r.long
		}
		return part, nil
	}
}

// append adds a row; columns that the object does not name are null.
func (r *JSONLines) append(line []byte) error {
	err := eachField(line, func(f jsonField) error {
		i, wanted := r.index[f.name]
		if !wanted {
			return nil
		}
		if r.seen[i] == r.line {
			return fieldError{f.at, fmt.Errorf("field %q is in the object twice", f.name)}
		}
		r.seen[i] = r.line
		if err := r.columns.list[i].appendJSON(f); err != nil {
			return fieldError{f.at, err}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i, line := range r.seen {
		if line != r.line {
			r.columns.list[i].build.AppendNull()
		}
	}
	return nil
}

// placed gives an error of one line its coordinates.
func placed(err error, line int) error {
	var field fieldError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &field):
		return at(line, field.at+1, field.err)
	case errors.As(err, &syntax):
		return at(line, int(max(syntax.Offset, 1)), fmt.Errorf("not JSON: %w; each line must be one object", err))
	default:
		return at(line, 0, err)
	}
}
