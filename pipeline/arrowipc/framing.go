package arrowipc

import "encoding/binary"

// The framing of an IPC stream (Arrow columnar format, "Encapsulated message format"):
//
//	FFFFFFFF  int32 length of the metadata  metadata, padded to 8  body
//
// and FFFFFFFF 00000000 at the end, which may be missing.

const (
	continuation = 0xFFFFFFFF
	prefixBytes  = 8 // the continuation and the length
)

// The kinds of message, as Message.fbs numbers the union.
const (
	kindSchema     = 1
	kindDictionary = 2
	kindBatch      = 3
)

// The slots of Message.
const (
	slotVersion, slotHeaderType, slotHeader, slotBodyLength = 0, 1, 2, 3
)

const (
	versionV4, versionV5 = 3, 4
)

// frame is one encapsulated message.
type frame struct {
	begin    int // of the frame within the message
	kind     uint8
	version  int16
	header   table
	meta     metadata
	raw      []byte // metadata
	body     []byte
	bodyAt   int
	end      int  // of the frame within the message
	finished bool // the stream ends here, marked or not
}

// read the frame at a place of the message.
func (f *frame) read(message []byte, at int) *Error {
	*f = frame{begin: at, end: at}
	rest := message[at:]
	if len(rest) == 0 {
		f.finished = true
		return nil
	}
	if len(rest) < prefixBytes {
		return fault(reasonFraming, at, "%d bytes where a message of the stream should begin: it is cut off, or something follows it", len(rest))
	}
	if binary.LittleEndian.Uint32(rest) != continuation {
		return fault(reasonFraming, at, "no Arrow IPC stream: it begins with % x%s", rest[:4], resembles(rest))
	}
	length := int64(int32(binary.LittleEndian.Uint32(rest[4:])))
	if length == 0 {
		if len(rest) > prefixBytes {
			return fault(reasonFraming, at+prefixBytes, "%d bytes after the end of the stream", len(rest)-prefixBytes)
		}
		f.finished, f.end = true, at+prefixBytes
		return nil
	}
	if length < 0 || length > int64(len(rest)-prefixBytes) {
		return fault(reasonFraming, at, "metadata of %d bytes where %d are left: the message is cut off", length, len(rest)-prefixBytes)
	}
	if length%8 != 0 {
		return fault(reasonFraming, at, "metadata of %d bytes, which is no multiple of 8", length)
	}
	f.raw = rest[prefixBytes : prefixBytes+length]
	f.bodyAt = at + prefixBytes + int(length)
	return f.parse(message)
}

// readSchema frame, with which a message begins.
func (f *frame) readSchema(message []byte) *Error {
	if err := f.read(message, 0); err != nil {
		return err
	}
	if f.finished || f.kind != kindSchema {
		return fault(reasonFraming, 0, "the stream does not begin with a schema")
	}
	if len(f.body) > 0 {
		return fault(reasonFraming, f.bodyAt, "a schema with a body")
	}
	return nil
}

// parse the Message table and find the body.
func (f *frame) parse(message []byte) *Error {
	f.meta = metadata{bytes: f.raw, base: f.begin + prefixBytes}
	root, err := f.meta.root()
	if err != nil {
		return err
	}
	if f.version, err = root.int16(slotVersion, 0); err != nil {
		return err
	}
	if f.version != versionV4 && f.version != versionV5 {
		return fault(reasonSchema, f.begin, "metadata version %d is none of V4 and V5", f.version+1)
	}
	if f.kind, err = root.uint8(slotHeaderType, 0); err != nil {
		return err
	}
	if f.header, err = root.child(slotHeader); err != nil {
		return err
	}
	if f.header.m == nil {
		return fault(reasonSchema, f.begin, "a message without a header")
	}
	length, err := root.int64(slotBodyLength)
	if err != nil {
		return err
	}
	if length < 0 || length > int64(len(message)-f.bodyAt) {
		return fault(reasonFraming, f.begin, "a body of %d bytes where %d are left: the message is cut off", length, len(message)-f.bodyAt)
	}
	f.end = f.bodyAt + int(length)
	f.body = message[f.bodyAt:f.end:f.end]
	return nil
}

// resembles tells what other format the first bytes are of.
func resembles(b []byte) string {
	switch {
	case len(b) >= 6 && string(b[:6]) == "ARROW1":
		return " (an Arrow file; a message holds a stream)"
	case b[0] == '{' || b[0] == '[':
		return " (it looks like JSON)"
	case b[0] == 0:
		return " (it looks like Confluent's framing, or Protobuf)"
	case string(b[:4]) == "PAR1":
		return " (a Parquet file)"
	case string(b[:4]) == "Obj\x01":
		return " (an Avro file)"
	}
	return ""
}
