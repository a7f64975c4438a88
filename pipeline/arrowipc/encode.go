package arrowipc

import (
	"io"

	"github.com/apache/arrow/go/v17/arrow"
)

// Compression of an IPC stream's bodies.
type Compression uint8

// The codecs of Arrow IPC.
const (
	Uncompressed Compression = iota
	LZ4
	ZSTD
)

// Encode appends to dst the self-contained IPC stream (schema, one batch, EOS) of a record, which may be a slice of a larger one.
func Encode(dst []byte, rec arrow.Record, c Compression) ([]byte, error) { return dst, errTODO }

// Records decodes a message, verified, to arrow.Records over its bytes: for users of the library and for files that are cut anew.
func Records(message []byte, limits Limits) ([]arrow.Record, error) { return nil, errTODO }

// StreamReader reads an Arrow IPC stream, or an Arrow IPC file from front to back, batch by batch, never whole; every byte is verified before it
// is believed.
type StreamReader struct{}

// NewStreamReader reads the schema. limits.MessageBytes bounds one batch.
func NewStreamReader(r io.Reader, limits Limits) (*StreamReader, error) { return nil, errTODO }

// Schema of the stream.
func (r *StreamReader) Schema() *arrow.Schema { return nil }

// Next batch, or io.EOF. The record refers to a buffer that the next call overwrites.
func (r *StreamReader) Next() (arrow.Record, error) { return nil, errTODO }
