package arrowipc

import "fmt"

// The reasons of an Error: words fit for a metric label.
const (
	reasonFraming     = "framing"     // the message is cut, too long, or no Arrow IPC stream
	reasonFlatbuffer  = "flatbuffer"  // the metadata's offsets do not hold
	reasonSchema      = "schema"      // the metadata holds, but says something impossible or unsupported
	reasonColumn      = "column"      // a column asked for is not there
	reasonType        = "type"        // a column asked for is not of a usable type
	reasonBody        = "body"        // lengths, offsets or values of the body do not hold
	reasonCompression = "compression" // a body does not decompress to what it must
	reasonDictionary  = "dictionary"  // a dictionary is missing, or an index points beyond it
	reasonLimit       = "limit"       // more than Limits allow
)

// Reasons are all that an Error can have.
func Reasons() []string {
	return []string{reasonFraming, reasonFlatbuffer, reasonSchema, reasonColumn, reasonType, reasonBody, reasonCompression, reasonDictionary, reasonLimit}
}

// Error says what is wrong with a message and where.
type Error struct {
	Reason string // a word: framing, flatbuffer, schema, column, type, body, compression, dictionary, limit
	Byte   int64  // offset in the message; -1: not of one place
	Err    error
}

func (e *Error) Error() string {
	if e.Byte < 0 {
		return fmt.Sprintf("%s: %v", e.Reason, e.Err)
	}
	return fmt.Sprintf("%s at byte %d: %v", e.Reason, e.Byte, e.Err)
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

func fault(reason string, at int, format string, args ...any) *Error {
	return &Error{Reason: reason, Byte: int64(at), Err: fmt.Errorf(format, args...)}
}
