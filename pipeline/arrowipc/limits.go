package arrowipc

// Limits bound what one message may make the decoder do.
type Limits struct {
	MessageBytes int64 // longest message
	DecodedBytes int64 // most bytes that its columns may decompress or convert to
	Rows         int64 // most rows in one message, over all its batches
	Fields       int   // most fields in a schema, nested ones included
	Batches      int   // most record batches, and most dictionary batches, in one message
}

// DefaultLimits keep a process within 64 MiB above its idle memory.
func DefaultLimits() Limits {
	return Limits{MessageBytes: 16 << 20, DecodedBytes: 16 << 20, Rows: 1 << 20, Fields: 4096, Batches: 1024}
}

// admit a message of not too many bytes.
func (l Limits) admit(message []byte) *Error {
	if n := int64(len(message)); n > l.MessageBytes {
		return fault(reasonLimit, -1, "a message of %d bytes; the limit is %d", n, l.MessageBytes)
	}
	return nil
}
