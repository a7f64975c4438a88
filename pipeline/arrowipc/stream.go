package arrowipc

import (
	"encoding/binary"
	"errors"
	"io"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
)

// StreamReader reads an Arrow IPC stream, or an Arrow IPC file from front to back, batch by batch, never whole; every byte is verified before it
// is believed. A file is a stream between a magic number and a footer, and the footer is not needed to read it in order. A column of a type that this
// package does not decode is a struct without fields: it can be there, so that the others can be read.
type StreamReader struct {
	in      io.Reader
	limits  Limits
	records *recordReader
	buffer  []byte // the frame at hand
	begin   int64  // of the frame in the stream
	file    bool   // it has a footer, too
	err     error
}

const fileMagic = "ARROW1\x00\x00"

// NewStreamReader reads the schema. limits.MessageBytes bounds one batch.
func NewStreamReader(in io.Reader, limits Limits) (*StreamReader, error) {
	r := &StreamReader{in: in, limits: limits, records: newRecordReader(limits)}
	var f frame
	if err := r.first(); err != nil {
		return nil, err
	}
	if err := r.frame(&f); err != nil {
		return nil, err
	}
	if f.finished || f.kind != kindSchema || len(f.body) > 0 {
		return nil, r.located(fault(reasonFraming, 0, "the stream does not begin with a schema"))
	}
	if fault := r.records.begin(&f); fault != nil {
		return nil, r.located(fault)
	}
	return r, nil
}

// Schema of the stream.
func (r *StreamReader) Schema() *arrow.Schema { return r.records.schema }

// Next batch, or io.EOF. The record refers to a buffer that the next call overwrites.
func (r *StreamReader) Next() (rec arrow.Record, err error) {
	defer func() {
		if p := recover(); p != nil { // arrow's constructors panic on what they do not like
			rec, r.err = nil, failed(p)
			err = r.err
		}
	}()
	for r.err == nil && rec == nil {
		rec, r.err = r.next()
	}
	return rec, r.err
}

// next batch; nil for a dictionary.
func (r *StreamReader) next() (arrow.Record, error) {
	r.begin += int64(len(r.buffer))
	r.buffer = r.buffer[:0]
	if err := r.read(prefixBytes); errors.Is(err, io.EOF) && !r.file {
		return nil, io.EOF // a stream may end without saying so
	} else if err != nil {
		return nil, r.cut(err)
	}
	var f frame
	if err := r.frame(&f); err != nil {
		return nil, err
	}
	if f.finished {
		return nil, io.EOF
	}
	decoder := r.records.decoder
	decoder.reset()
	rec, fault := r.records.frame(&f)
	if fault != nil {
		return nil, r.located(fault)
	}
	if f.kind == kindDictionary { // all batches after it refer to its bytes
		r.begin += int64(len(r.buffer))
		r.buffer, decoder.bytes = nil, arena[byte]{}
	}
	return rec, nil
}

// first prefix of the stream, after the magic number if it is a file.
func (r *StreamReader) first() error {
	if err := r.read(prefixBytes); err != nil {
		return r.cut(err)
	}
	if string(r.buffer[:6]) != fileMagic[:6] {
		return nil
	}
	r.file, r.begin, r.buffer = true, int64(len(fileMagic)), r.buffer[:0]
	return r.cut(r.read(prefixBytes))
}

// frame whose prefix is in the buffer.
func (r *StreamReader) frame(f *frame) error {
	length := int64(int32(binary.LittleEndian.Uint32(r.buffer[4:])))
	switch marked := binary.LittleEndian.Uint32(r.buffer) == continuation; {
	case r.file && !marked: // some writers of files do not mark the end of the stream
		f.finished = true
		return r.footer(prefixBytes)
	case r.file && length == 0:
		f.finished = true
		return r.footer(0)
	case !marked:
		return r.located(fault(reasonFraming, 0, "no Arrow IPC stream: it begins with % x%s", r.buffer[:4], resembles(r.buffer)))
	case length == 0:
		f.finished = true
		return r.nothing()
	case length < 0 || length%8 != 0:
		return r.located(fault(reasonFraming, 0, "metadata of %d bytes", length))
	case length > r.limits.MessageBytes:
		return r.located(fault(reasonLimit, 0, "metadata of %d bytes; the limit is %d", length, r.limits.MessageBytes))
	}
	if err := r.read(int(length)); err != nil {
		return r.cut(err)
	}
	return r.body(f)
}

// nothing may follow the end of a stream.
func (r *StreamReader) nothing() error {
	switch err := r.read(1); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	}
	return r.located(fault(reasonFraming, prefixBytes, "something follows the end of the stream"))
}

// footer of a file, of which so many bytes are in the buffer. It is not needed, but that it is there, whole, shows that nothing is missing:
//
//	footer  int32 length of the footer  ARROW1
func (r *StreamReader) footer(have int) error {
	const trailer = 4 + len("ARROW1")
	tail := slices.Clone(r.buffer[len(r.buffer)-have:])
	length := int64(have)
	chunk := make([]byte, 32<<10)
	for {
		n, err := r.in.Read(chunk)
		length += int64(n)
		tail = append(tail, chunk[:n]...)
		tail = append(tail[:0], tail[max(0, len(tail)-trailer):]...)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	if len(tail) < trailer || string(tail[4:]) != "ARROW1" || int64(binary.LittleEndian.Uint32(tail)) != length-int64(trailer) {
		return r.located(fault(reasonFraming, 0, "neither a record batch nor the footer of an Arrow file: the file is cut off or damaged"))
	}
	return nil
}

// body of the frame whose metadata are in the buffer.
func (r *StreamReader) body(f *frame) error {
	head := len(r.buffer)
	meta := metadata{bytes: r.buffer[prefixBytes:], base: prefixBytes}
	root, fault := meta.root()
	if fault != nil {
		return r.located(fault)
	}
	length, fault := root.int64(slotBodyLength)
	if fault != nil {
		return r.located(fault)
	}
	if length < 0 || length > r.limits.MessageBytes-int64(head) {
		return r.located(tooLong(length, r.limits.MessageBytes))
	}
	if err := r.read(int(length)); err != nil {
		return r.cut(err)
	}
	if fault := f.read(r.buffer, 0); fault != nil {
		return r.located(fault)
	}
	return nil
}

func tooLong(length, limit int64) *Error {
	return fault(reasonLimit, 0, "a record batch of %d bytes; the limit is %d", length, limit)
}

const readStep = 1 << 20

// read n bytes more into the buffer, which grows only as they come: what a length claims is not what is allocated. io.EOF: there was none.
func (r *StreamReader) read(n int) error {
	for read := 0; read < n; {
		begin := len(r.buffer)
		step := min(n-read, max(readStep, begin))
		r.buffer = slices.Grow(r.buffer, step)[:begin+step]
		got, err := io.ReadFull(r.in, r.buffer[begin:])
		r.buffer = r.buffer[:begin+got]
		read += got
		if errors.Is(err, io.EOF) && read > 0 {
			return io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// cut tells that the stream ends within a frame.
func (r *StreamReader) cut(err error) error {
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	return r.located(fault(reasonFraming, len(r.buffer), "it is cut off: %w", io.ErrUnexpectedEOF))
}

// located in the stream instead of in the frame.
func (r *StreamReader) located(e *Error) *Error {
	if e.Byte >= 0 {
		e.Byte += r.begin
	}
	return e
}
