package arrowipc

import "fmt"

// The types, as Schema.fbs numbers the union.
const (
	typeNull, typeInt, typeFloat, typeBinary, typeUtf8, typeBool, typeDecimal, typeDate, typeTime, typeTimestamp = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
	typeInterval, typeList, typeStruct, typeUnion, typeFixedBinary, typeFixedList, typeMap, typeDuration         = 11, 12, 13, 14, 15, 16, 17, 18
	typeLargeBinary, typeLargeUtf8, typeLargeList, typeRunEnd, typeBinaryView, typeUtf8View                      = 19, 20, 21, 22, 23, 24
	typeListView, typeLargeListView                                                                              = 25, 26
)

const deepest = 8 // levels of nesting that a schema may have

// field of a schema, verified.
type field struct {
	name      string
	nullable  bool
	kind      uint8 // type
	bits      int32 // of ints, floats (16, 32, 64), decimals, times; bytes of fixed-size binaries; length of fixed-size lists
	signed    bool
	unit      int16 // of dates, times, timestamps, durations; precision of floats; mode of unions
	precision int32
	scale     int32
	zone      string
	children  []field
	encoded   bool // by a dictionary
	id        int64
	indexBits int32
	indexSign bool
	ordered   bool
	pairs     [][2]string // custom metadata
}

// schemaReader reads the fields of a schema within a budget.
type schemaReader struct {
	budget int // fields left
	pairs  int // of custom metadata, left
}

// The slots of Schema, Field and DictionaryEncoding.
const (
	slotEndianness, slotFields, slotSchemaCustom                                             = 0, 1, 2
	slotName, slotNullable, slotTypeKind, slotType, slotDictionary, slotChildren, slotCustom = 0, 1, 2, 3, 4, 5, 6
	slotID, slotIndexType, slotOrdered                                                       = 0, 1, 2
)

// pairsPerField of custom metadata is what writers of Parquet and pandas need at most, many times over.
const pairsPerField = 4

// readSchema of a frame: its fields, and its custom metadata.
func readSchema(f *frame, limits Limits) ([]field, [][2]string, *Error) {
	endianness, err := f.header.int16(slotEndianness, 0)
	if err != nil {
		return nil, nil, err
	}
	if endianness != 0 {
		return nil, nil, fault(reasonSchema, f.begin, "big-endian data are not supported")
	}
	r := schemaReader{budget: limits.Fields, pairs: pairsPerField * limits.Fields}
	fields, err := r.fields(f.header, slotFields, 0)
	if err != nil {
		return nil, nil, err
	}
	custom, err := r.custom(f.header, slotSchemaCustom)
	return fields, custom, err
}

func (r *schemaReader) fields(parent table, slot, depth int) ([]field, *Error) {
	v, err := parent.vector(slot, 4)
	if err != nil || v.n == 0 {
		return nil, err
	}
	at := v.m.base + v.at
	if depth == deepest {
		return nil, fault(reasonSchema, at, "columns nested more than %d deep", deepest)
	}
	if r.budget -= v.n; r.budget < 0 {
		return nil, fault(reasonLimit, at, "more fields than the limit allows")
	}
	out := make([]field, v.n)
	for i := range out {
		t, err := v.table(i)
		if err != nil {
			return nil, err
		}
		if err := r.field(&out[i], t, depth); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (r *schemaReader) field(f *field, t table, depth int) (err *Error) {
	if f.name, err = t.text(slotName); err != nil {
		return err
	}
	nullable, err := t.uint8(slotNullable, 0)
	if err != nil {
		return err
	}
	f.nullable = nullable != 0
	if f.kind, err = t.uint8(slotTypeKind, 0); err != nil {
		return err
	}
	parameters, err := t.child(slotType)
	if err != nil {
		return err
	}
	if err := f.parameters(parameters, t.position()); err != nil {
		return err
	}
	if f.pairs, err = r.custom(t, slotCustom); err != nil {
		return err
	}
	if err := f.dictionary(t); err != nil {
		return err
	}
	f.children, err = r.fields(t, slotChildren, depth+1)
	return err
}

// parameters of a type. Absent fields have the defaults of Schema.fbs. A type that is not known here cannot be passed over either: how many buffers its
// columns have is not known.
func (f *field) parameters(t table, at int) (err *Error) {
	switch f.kind {
	case typeInt:
		f.bits, f.signed, err = intType(t)
	case typeFloat:
		if f.unit, err = t.int16(0, 0); err == nil && (f.unit < 0 || f.unit > 2) {
			return f.impossible(at, "a precision of %d", f.unit)
		}
		f.bits = 16 << f.unit
	case typeDecimal:
		err = f.decimal(t)
	case typeDate, typeDuration:
		f.unit, err = t.int16(0, 1)
	case typeTime:
		if f.unit, err = t.int16(0, 1); err == nil {
			f.bits, err = t.int32(1, 32)
		}
	case typeTimestamp:
		if f.unit, err = t.int16(0, 0); err == nil {
			f.zone, err = t.text(1)
		}
	case typeUnion:
		if f.unit, err = t.int16(0, 0); err == nil && f.unit != 0 && f.unit != 1 {
			return f.impossible(at, "a mode of %d", f.unit)
		}
	case typeFixedBinary, typeFixedList:
		f.bits, err = t.int32(0, 0)
	default:
		if f.kind == 0 || f.kind > typeLargeListView {
			return fault(reasonSchema, at, "column %.100q is %s", f.name, f.describe())
		}
	}
	return err
}

func (f *field) impossible(at int, format string, args ...any) *Error {
	return fault(reasonSchema, at, "column %.100q is %s with %s", f.name, f.describe(), fmt.Sprintf(format, args...))
}

func (f *field) decimal(t table) (err *Error) {
	if f.precision, err = t.int32(0, 0); err != nil {
		return err
	}
	if f.scale, err = t.int32(1, 0); err != nil {
		return err
	}
	f.bits, err = t.int32(2, 128)
	return err
}

func intType(t table) (bits int32, signed bool, err *Error) {
	if bits, err = t.int32(0, 0); err != nil {
		return 0, false, err
	}
	sign, err := t.uint8(1, 0)
	return bits, sign != 0, err
}

// dictionary encoding of a field, if it has one. Without an index type it is int32.
func (f *field) dictionary(t table) *Error {
	d, err := t.child(slotDictionary)
	if err != nil || d.m == nil {
		return err
	}
	f.encoded, f.indexBits, f.indexSign = true, 32, true
	if f.id, err = d.int64(slotID); err != nil {
		return err
	}
	index, err := d.child(slotIndexType)
	if err != nil {
		return err
	}
	if index.m != nil {
		if f.indexBits, f.indexSign, err = intType(index); err != nil {
			return err
		}
	}
	if !wholeBytes(f.indexBits) {
		return fault(reasonSchema, d.m.base+d.at, "dictionary indices of %d bits", f.indexBits)
	}
	ordered, err := d.uint8(slotOrdered, 0)
	f.ordered = ordered != 0
	return err
}

func wholeBytes(bits int32) bool { return bits == 8 || bits == 16 || bits == 32 || bits == 64 }

// custom metadata: pairs of key and value.
func (r *schemaReader) custom(t table, slot int) ([][2]string, *Error) {
	v, err := t.vector(slot, 4)
	if err != nil || v.n == 0 {
		return nil, err
	}
	if r.pairs -= v.n; r.pairs < 0 {
		return nil, fault(reasonLimit, v.m.base+v.at, "more pairs of custom metadata than the limit allows")
	}
	out := make([][2]string, v.n)
	for i := range out {
		pair, err := v.table(i)
		if err != nil {
			return nil, err
		}
		for k := range 2 {
			if out[i][k], err = pair.text(k); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// shape is how many field nodes, buffers and variadic counts a column takes in a record batch, its children included.
type shape struct{ nodes, buffers, variadics int }

func (f *field) shape(version int16) (s shape) {
	s.nodes = 1
	if f.encoded {
		s.buffers = 2
		return s
	}
	switch f.kind {
	case typeNull, typeRunEnd:
	case typeStruct, typeFixedList:
		s.buffers = 1
	case typeBinary, typeUtf8, typeLargeBinary, typeLargeUtf8, typeListView, typeLargeListView:
		s.buffers = 3
	case typeUnion:
		s.buffers = 1 + int(f.unit) // types, and offsets in a dense union
		if version == versionV4 {
			s.buffers++ // validity
		}
	case typeBinaryView, typeUtf8View:
		s.buffers, s.variadics = 2, 1
	default:
		s.buffers = 2
	}
	for i := range f.children {
		s.add(f.children[i].shape(version))
	}
	return s
}

func (s *shape) add(o shape) {
	s.nodes += o.nodes
	s.buffers += o.buffers
	s.variadics += o.variadics
}

var kindNames = [...]string{
	typeNull: "null", typeInt: "int", typeFloat: "float", typeBinary: "binary", typeUtf8: "utf8", typeBool: "bool", typeDecimal: "decimal",
	typeDate: "date", typeTime: "time", typeTimestamp: "timestamp", typeInterval: "interval", typeList: "list", typeStruct: "struct",
	typeUnion: "union", typeFixedBinary: "fixed-size binary", typeFixedList: "fixed-size list", typeMap: "map", typeDuration: "duration",
	typeLargeBinary: "large binary", typeLargeUtf8: "large utf8", typeLargeList: "large list", typeRunEnd: "run-end encoded",
	typeBinaryView: "binary view", typeUtf8View: "utf8 view", typeListView: "list view", typeLargeListView: "large list view",
}

// describe the type in words.
func (f *field) describe() string {
	name := fmt.Sprintf("of unknown type %d", f.kind)
	if int(f.kind) < len(kindNames) && kindNames[f.kind] != "" {
		name = "of type " + kindNames[f.kind]
		switch f.kind {
		case typeInt, typeFloat, typeDecimal, typeTime:
			name = fmt.Sprintf("%s (%d bits)", name, f.bits)
		}
	}
	if f.encoded {
		name += " in a dictionary"
	}
	return name
}
