// Package text reads tables from text formats, CSV and JSON lines, whose columns have no types but those that their first lines show. The rules are
// in the documentation of package file.
package text

import "fmt"

// Options of reading.
type Options struct {
	Columns []string // to read, in this order; nil: all
	Numbers []string // columns that must hold numbers
	Texts   []string // columns to hand out as they are written
	Rows    int      // most rows of a record
}

// Fault says where in a text something is wrong.
type Fault struct {
	Line   int // from 1; 0: not of one line
	Column int // byte of the line, from 1; 0: not of one place
	Err    error
}

func (f *Fault) Error() string { return fmt.Sprintf("line %d, column %d: %v", f.Line, f.Column, f.Err) }

// Unwrap gives the reason.
func (f *Fault) Unwrap() error { return f.Err }

func at(line, column int, err error) error { return &Fault{Line: line, Column: column, Err: err} }
