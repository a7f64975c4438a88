package arrowipc

import (
	"encoding/binary"
	"errors"
	"io"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
)

// StreamReader reads an Arrow IPC stream, or an Arrow IPC file from front to back, batch by batch, never whole; every byte is verified before it
// is believed. A file is a stream between a magic number and a footer, and the footer is not needed to read it in order.
type StreamReader struct {
	in      io.Reader
	limits  Limits
	records *recordReader
	buffer  []byte // the frame at hand
	at      int64  // of the frame in the stream
	file    bool   // it has a footer, too
	err     error
}

const fileMagic = "ARROW1\x00\x00"

// NewStreamReader reads the schema. limits.MessageBytes bounds one batch.
func NewStreamReader(r io.Reader, limits Limits) (*StreamReader, error) {
	s := &StreamReader{in: r, limits: limits, records: newRecordReader(limits)}
	if err := s.skipMagic(); err != nil {
		return nil, err
	}
	f, err := s.frame()
	if err != nil {
		return nil, err
	}
	if fault := s.records.begin(f); fault != nil {
		return nil, s.located(fault)
	}
	return s, nil
}

// Schema of the stream.
func (r *StreamReader) Schema() *arrow.Schema { return r.records.schema }

// Next batch, or io.EOF. The record refers to a buffer that the next call overwrites.
func (r *StreamReader) Next() (arrow.Record, error) {
	for r.err == nil {
		var f *frame
		if f, r.err = r.frame(); r.err != nil {
			break
		}
		if f.finished {
			r.err = io.EOF
			break
		}
		if f.kind == kindDictionary { // its bytes are referred to by all batches after it
			r.buffer = nil
		}
		r.records.decoder.reset()
		rec, fault := r.records.frame(f)
		if fault != nil {
			r.err = r.located(fault)
			break
		}
		if rec != nil {
			return rec, nil
		}
		r.records.decoder.bytes = arena[byte]{}
	}
	return nil, r.err
}

// skipMagic of a file; a stream begins with a frame.
func (r *StreamReader) skipMagic() error {
	if err := r.read(len(fileMagic)); err != nil {
		return err
	}
	if string(r.buffer[:6]) == fileMagic[:6] {
		r.file, r.at, r.buffer = true, int64(len(fileMagic)), r.buffer[:0]
	}
	return nil
}

// frame reads the next frame whole. The buffer may hold its first 8 bytes already.
func (r *StreamReader) frame() (*frame, error) {
	if len(r.buffer) != 8 || r.at != 0 {
		r.buffer = r.buffer[:0]
		if err := r.read(8); err == io.EOF && !r.file {
			return &frame{finished: true}, nil // a stream may end without saying so
		} else if err != nil {
			return nil, r.cut(err)
		}
	}
	if binary.LittleEndian.Uint32(r.buffer) != continuation && r.file {
		return r.footer() // some writers of files do not mark the end of the stream
	}
	if binary.LittleEndian.Uint32(r.buffer) != continuation {
		return nil, r.located(fault(reasonFraming, 0, "no Arrow IPC stream: it begins with % x%s", r.buffer[:4], resembles(r.buffer)))
	}
	length := int64(int32(binary.LittleEndian.Uint32(r.buffer[4:])))
	if length == 0 && r.file {
		r.buffer = r.buffer[:0]
		return r.footer()
	}
	if length == 0 {
		return &frame{finished: true}, nil
	}
	if length < 0 || length%8 != 0 || length > r.limits.MessageBytes {
		return nil, r.located(fault(reasonFraming, 0, "metadata of %d bytes", length))
	}
	if err := r.read(int(length)); err != nil {
		return nil, r.cut(err)
	}
	return r.body()
}

const largestFooter = 64 << 20

// footer of a file, of which the buffer may hold the beginning. It is not needed, but that it is there, whole, shows that nothing is missing:
//
//	footer  int32 length of the footer  ARROW1
func (r *StreamReader) footer() (*frame, error) {
	rest, err := io.ReadAll(io.LimitReader(r.in, largestFooter))
	if err != nil {
		return nil, err
	}
	all := append(r.buffer, rest...)
	end := len(all) - len("ARROW1") - 4
	if end < 0 || string(all[end+4:]) != "ARROW1" || int64(binary.LittleEndian.Uint32(all[end:])) != int64(end) {
		return nil, r.located(fault(reasonFraming, 0, "neither a record batch nor the footer of an Arrow file: the file is cut off or damaged"))
	}
	return &frame{finished: true}, nil
}

// body of the frame whose metadata are in the buffer.
func (r *StreamReader) body() (*frame, error) {
	head := len(r.buffer)
	meta := metadata{bytes: r.buffer[8:], base: 8}
	root, fault := meta.root()
	if fault != nil {
		return nil, r.located(fault)
	}
	length, fault := root.int64(slotBodyLength)
	if fault != nil {
		return nil, r.located(fault)
	}
	if length < 0 || length > r.limits.MessageBytes {
		return nil, r.located(limitFault(length, r.limits.MessageBytes))
	}
	if err := r.read(int(length)); err != nil {
		return nil, r.cut(err)
	}
	f := new(frame)
	if fault := readFrame(r.buffer[:head+int(length)], 0, f); fault != nil {
		return nil, r.located(fault)
	}
	r.at += int64(len(r.buffer))
	return f, nil
}

func limitFault(length, limit int64) *Error {
	return fault(reasonLimit, 0, "a record batch of %d bytes; the limit is %d", length, limit)
}

const readStep = 1 << 20

// read n bytes more into the buffer, which grows only as they come: what a length claims is not what is allocated. io.EOF: there was none.
func (r *StreamReader) read(n int) error {
	for read := 0; read < n; {
		step := min(n-read, max(readStep, len(r.buffer)))
		begin := len(r.buffer)
		r.buffer = slices.Grow(r.buffer, step)[:begin+step]
		got, err := io.ReadFull(r.in, r.buffer[begin:])
		read += got
		if err == io.EOF && read > 0 {
			err = io.ErrUnexpectedEOF
		}
		if err == io.ErrUnexpectedEOF {
			return r.cut(err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// cut tells that the stream ends within a frame.
func (r *StreamReader) cut(err error) error {
	if e := (*Error)(nil); errors.As(err, &e) || !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	return r.located(fault(reasonFraming, 0, "it is cut off: %w", io.ErrUnexpectedEOF))
}

// located in the stream instead of in the frame.
func (r *StreamReader) located(e *Error) *Error {
	if e.Byte >= 0 {
		e.Byte += r.at
	}
	return e
}
