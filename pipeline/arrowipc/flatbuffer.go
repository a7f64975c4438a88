package arrowipc

import "encoding/binary"

// A reader of flatbuffers that believes nothing. Every table, vector and string is checked to lie within the metadata before it is looked at; there are
// no pointers to follow but forward ones, which the format demands and which end recursion through cycles.
// (Flatbuffers: uoffsets are unsigned and count from where they stand, so a cycle needs a wrap-around, which in ints cannot happen.)
type metadata struct {
	bytes []byte
	base  int // of the metadata within the message, for errors
	texts int // bytes of strings read so far
}

func (m *metadata) fault(at int, format string, args ...any) *Error {
	return fault(reasonFlatbuffer, m.base+at, format, args...)
}

// table with its vtable, which is checked to lie within the metadata. The zero table is one that is absent: all its fields have their defaults.
type table struct {
	m         *metadata
	at        int
	vtable    int
	vtableEnd int
}

func (m *metadata) root() (table, *Error) {
	if len(m.bytes) < 4 {
		return table{}, m.fault(0, "%d bytes are no metadata", len(m.bytes))
	}
	return m.table(int(binary.LittleEndian.Uint32(m.bytes)))
}

func (m *metadata) table(at int) (table, *Error) {
	if at < 0 || at > len(m.bytes)-4 {
		return table{}, m.fault(0, "a table at %d, beyond the %d bytes of metadata", at, len(m.bytes))
	}
	vtable := at - int(int32(binary.LittleEndian.Uint32(m.bytes[at:])))
	if vtable < 0 || vtable > len(m.bytes)-4 {
		return table{}, m.fault(at, "the table's vtable lies outside the metadata")
	}
	// The vtable tells the table's own size, too; but flatbuffers' builder for Go lets tables of other sizes share a vtable.
	size := int(binary.LittleEndian.Uint16(m.bytes[vtable:]))
	if size < 4 || size%2 != 0 || vtable+size > len(m.bytes) {
		return table{}, m.fault(at, "a vtable of %d bytes does not fit", size)
	}
	return table{m: m, at: at, vtable: vtable, vtableEnd: vtable + size}, nil
}

// position in the message, for errors.
func (t table) position() int { return t.m.base + t.at }

// field position of a slot; 0: it is absent. width is what the field takes inline.
func (t table) field(slot, width int) (int, *Error) {
	entry := t.vtable + 4 + 2*slot
	if t.m == nil || entry+2 > t.vtableEnd {
		return 0, nil
	}
	offset := int(binary.LittleEndian.Uint16(t.m.bytes[entry:]))
	if offset == 0 {
		return 0, nil
	}
	if offset < 4 || t.at+offset+width > len(t.m.bytes) {
		return 0, t.m.fault(t.at, "field %d lies outside the metadata", slot)
	}
	return t.at + offset, nil
}

func (t table) uint8(slot int, otherwise uint8) (uint8, *Error) {
	at, err := t.field(slot, 1)
	if at == 0 || err != nil {
		return otherwise, err
	}
	return t.m.bytes[at], nil
}

func (t table) int16(slot int, otherwise int16) (int16, *Error) {
	at, err := t.field(slot, 2)
	if at == 0 || err != nil {
		return otherwise, err
	}
	return int16(binary.LittleEndian.Uint16(t.m.bytes[at:])), nil
}

func (t table) int32(slot int, otherwise int32) (int32, *Error) {
	at, err := t.field(slot, 4)
	if at == 0 || err != nil {
		return otherwise, err
	}
	return int32(binary.LittleEndian.Uint32(t.m.bytes[at:])), nil
}

func (t table) int64(slot int) (int64, *Error) {
	at, err := t.field(slot, 8)
	if at == 0 || err != nil {
		return 0, err
	}
	return int64(binary.LittleEndian.Uint64(t.m.bytes[at:])), nil
}

// pointer follows the offset in a slot; 0: it is absent.
func (t table) pointer(slot int) (int, *Error) {
	at, err := t.field(slot, 4)
	if at == 0 || err != nil {
		return 0, err
	}
	return t.m.follow(at)
}

// follow the offset that stands at a place. Zero would point at itself.
func (m *metadata) follow(at int) (int, *Error) {
	offset := binary.LittleEndian.Uint32(m.bytes[at:])
	if offset == 0 || int64(offset) > int64(len(m.bytes)-4-at) {
		return 0, m.fault(at, "an offset of %d leads out of the metadata", offset)
	}
	return at + int(offset), nil
}

// child table of a slot; absent: the zero table.
func (t table) child(slot int) (table, *Error) {
	at, err := t.pointer(slot)
	if at == 0 || err != nil {
		return table{}, err
	}
	return t.m.table(at)
}

// vector of n elements that begin at a place.
type vector struct {
	m     *metadata
	at, n int
}

func (t table) vector(slot, width int) (vector, *Error) {
	at, err := t.pointer(slot)
	if at == 0 || err != nil {
		return vector{}, err
	}
	n := binary.LittleEndian.Uint32(t.m.bytes[at:])
	if int64(n)*int64(width) > int64(len(t.m.bytes)-at-4) {
		return vector{}, t.m.fault(at, "a vector of %d elements does not fit the metadata", n)
	}
	return vector{t.m, at + 4, int(n)}, nil
}

// table i of a vector of tables.
func (v vector) table(i int) (table, *Error) {
	at, err := v.m.follow(v.at + 4*i)
	if err != nil {
		return table{}, err
	}
	return v.m.table(at)
}

// pair i of a vector of structs of two int64: field nodes and buffers.
func (v vector) pair(i int) (a, b int64) {
	p := v.m.bytes[v.at+16*i : v.at+16*i+16]
	return int64(binary.LittleEndian.Uint64(p)), int64(binary.LittleEndian.Uint64(p[8:]))
}

func (v vector) int64(i int) int64 {
	return int64(binary.LittleEndian.Uint64(v.m.bytes[v.at+8*i:]))
}

// sharedTexts is how many bytes longer than the metadata its strings may be together. Writers may let equal strings share their bytes; but many fields
// that share one long string must not become much memory.
const sharedTexts = 64 << 10

// text of a slot; absent: empty.
func (t table) text(slot int) (string, *Error) {
	v, err := t.vector(slot, 1)
	if err != nil || v.n == 0 {
		return "", err
	}
	if t.m.texts += v.n; t.m.texts > len(t.m.bytes)+sharedTexts {
		return "", t.m.fault(v.at, "the strings are longer together than the metadata")
	}
	return string(v.m.bytes[v.at : v.at+v.n]), nil
}
