package arrowipc

import (
	"errors"

	"github.com/apache/arrow/go/v17/arrow"
)

// Limits bound what one message may make the decoder do.
type Limits struct {
	MessageBytes int64 // longest message
	DecodedBytes int64 // most bytes that its bodies may decompress or convert to
	Rows         int64 // most rows in one message, over all its batches
	Fields       int   // most fields in a schema, nested ones included
	Batches      int   // most record batches in one message
}

// DefaultLimits are safe for a process of 64 MiB.
func DefaultLimits() Limits {
	return Limits{MessageBytes: 64 << 20, DecodedBytes: 64 << 20, Rows: 1 << 20, Fields: 4096, Batches: 1024}
}

// Projection names the columns to decode; all others are verified as far as safety needs, and never decoded.
type Projection struct {
	Numbers []string // decoded to float64
	Texts   []string // decoded to text (strings, dictionaries of strings, integers): key columns
}

// Batch is one record batch, decoded. Its slices refer to the message or to the decoder's buffers and are valid until the next Decode.
type Batch struct {
	Rows    int
	Numbers []Column     // in the order of Projection.Numbers
	Texts   []TextColumn // in the order of Projection.Texts
}

// Column of numbers. A null's value is unspecified.
type Column struct {
	Values []float64
	Valid  []byte // Arrow bitmap; nil: no nulls. A bitmap with no zero bit among the rows is never handed out
}

// TextColumn of a key.
type TextColumn struct{}

// At is the text of row i; ok is false for a null.
func (c TextColumn) At(i int) (text []byte, ok bool) { return nil, false }

// A Decoder decodes messages, one at a time. It keeps accepted schemas and its buffers; it is not for concurrent use.
type Decoder struct{}

// NewDecoder for the columns of p.
func NewDecoder(p Projection, limits Limits) *Decoder { return &Decoder{} }

// Decode verifies the whole message first, then hands out all its batches: a message is decoded whole or not at all.
// The error is always an *Error.
func (d *Decoder) Decode(message []byte) ([]Batch, error) { return nil, errTODO }

// Error says what is wrong with a message and where.
type Error struct {
	Reason string // short, fixed, fit for a metric label: "framing", "schema", "column", "type", "body", "compression", "limit", "dictionary"
	Byte   int64  // offset in the message; -1: not of one place
	Err    error
}

func (e *Error) Error() string { return "" }
func (e *Error) Unwrap() error { return e.Err }

// Schema reads the schema of a message, verified; nothing else of the message is looked at.
func Schema(message []byte, limits Limits) (*arrow.Schema, error) { return nil, errTODO }

var errTODO = errors.New("arrowipc: not written yet")
