package file

import (
	"errors"
	"fmt"
	"strings"
)

// Error says where in a file something is wrong.
type Error struct {
	File   string
	Format Format // "": not known
	Line   int    // from 1; 0: not of one line
	Column int    // byte of the line, from 1; 0: not of one place
	Err    error
}

// Error is file:line:column: format: reason, the shape that editors jump to.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d", e.Line)
		if e.Column > 0 {
			fmt.Fprintf(&b, ":%d", e.Column)
		}
	}
	b.WriteString(": ")
	if e.Format != "" {
		fmt.Fprintf(&b, "%s: ", e.Format)
	}
	b.WriteString(e.Err.Error())
	return b.String()
}

// Unwrap gives the reason.
func (e *Error) Unwrap() error { return e.Err }

// at places a reason within the file; the name is filled in where the file was opened.
func at(line, column int, err error) error { return &Error{Line: line, Column: column, Err: err} }

// named fills in file and format of an error that comes from below.
func named(err error, file string, format Format) error {
	var e *Error
	if errors.As(err, &e) && e.File == "" {
		e.File, e.Format = file, format
		return e
	}
	if e != nil {
		return err
	}
	return &Error{File: file, Format: format, Err: err}
}

// UnknownColumnError names a column that the file does not have.
type UnknownColumnError struct {
	Column  string
	Columns []string // those there are
	Why     string   // why it is not among them although the file mentions it; "": it does not
}

// Error lists the columns there are.
func (e *UnknownColumnError) Error() string {
	why := e.Why
	if why == "" {
		why = "there is no such column"
	}
	if len(e.Columns) == 0 {
		return fmt.Sprintf("column %q: %s, and none that can be read", e.Column, why)
	}
	return fmt.Sprintf("column %q: %s; the columns are %s", e.Column, why, strings.Join(e.Columns, ", "))
}

// damaged is the reason when a reader fails in the middle of a binary file.
func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %w; write or fetch it anew", ErrDamaged, fmt.Errorf(format, args...))
}

// Reasons that callers may want to tell apart.
var (
	ErrDamaged = errors.New("the file seems damaged")
	ErrEmpty   = errors.New("the file is empty")
	ErrFormat  = errors.New("not a format that can be read")
)
