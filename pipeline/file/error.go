package file

import (
	"errors"
	"fmt"
	"strings"

	"github.com/streamfit/streamfit/pipeline/file/internal/table"
	"github.com/streamfit/streamfit/pipeline/file/internal/text"
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

// named says of an error from below which file it is about.
func named(err error, file string, format Format) error {
	e := &Error{File: file, Format: format, Err: err}
	var fault *text.Fault
	if errors.As(err, &fault) {
		e.Line, e.Column, e.Err = fault.Line, fault.Column, fault.Err
	}
	return e
}

// UnknownColumnError names a column that the file does not have, and lists those that it has.
type UnknownColumnError = table.UnknownColumnError

// damaged is the reason when a reader fails in the middle of a binary file.
func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %w; write or fetch it anew", ErrDamaged, fmt.Errorf(format, args...))
}

// Reasons that callers may want to tell apart.
var (
	ErrDamaged = errors.New("the file seems damaged")
	ErrEmpty   = table.ErrEmpty
	ErrFormat  = errors.New("not a format that can be read")
)
