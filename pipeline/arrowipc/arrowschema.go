package arrowipc

import "github.com/apache/arrow/go/v17/arrow"

// Schema reads the schema of a message, verified; nothing else of the message is looked at. Columns of types that this package does not decode are
// listed as structs without fields.
func Schema(message []byte, limits Limits) (*arrow.Schema, error) {
	if err := limits.admit(message); err != nil {
		return nil, err
	}
	var f frame
	if err := f.readSchema(message); err != nil {
		return nil, err
	}
	fields, custom, err := readSchema(&f, limits)
	if err != nil {
		return nil, err
	}
	return arrowSchema(fields, custom), nil
}

// NumericColumns lists the columns of a message's schema that hold numbers by type: integers, floats, decimals, booleans and dictionaries of those.
// Dates, times and durations decode to numbers too, but only by name: a model is seldom meant to take them as features.
func NumericColumns(message []byte, limits Limits) ([]string, error) {
	schema, err := Schema(message, limits)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, f := range schema.Fields() {
		if Numeric(f.Type) {
			names = append(names, f.Name)
		}
	}
	return names, nil
}

// Numeric tells whether NumericColumns lists a column of this type.
func Numeric(t arrow.DataType) bool {
	switch t.ID() {
	case arrow.BOOL, arrow.FLOAT16, arrow.FLOAT32, arrow.FLOAT64, arrow.DECIMAL128, arrow.DECIMAL256:
		return true
	case arrow.DICTIONARY:
		return Numeric(t.(*arrow.DictionaryType).ValueType)
	default:
		return arrow.IsInteger(t.ID())
	}
}

func arrowSchema(fields []field, custom [][2]string) *arrow.Schema {
	out := make([]arrow.Field, len(fields))
	for i := range fields {
		f := &fields[i]
		out[i] = arrow.Field{Name: f.name, Nullable: f.nullable, Type: f.arrowType(), Metadata: arrowMetadata(f.pairs)}
		if out[i].Type == nil {
			out[i].Type = arrow.StructOf()
		}
	}
	metadata := arrowMetadata(custom)
	return arrow.NewSchema(out, &metadata)
}

func arrowMetadata(pairs [][2]string) arrow.Metadata {
	var keys, values []string
	for _, p := range pairs {
		keys, values = append(keys, p[0]), append(values, p[1])
	}
	return arrow.NewMetadata(keys, values)
}

// arrowType of a field that holds numbers or texts; nil for others.
func (f *field) arrowType() arrow.DataType {
	value := f.valueType()
	if value == nil || !f.encoded {
		return value
	}
	return &arrow.DictionaryType{IndexType: intArrow(f.indexBits, f.indexSign), ValueType: value, Ordered: f.ordered}
}

func (f *field) valueType() arrow.DataType {
	if !convertible(f) && !textual(f) {
		return nil
	}
	switch f.kind {
	case typeNull:
		return arrow.Null
	case typeBool:
		return arrow.FixedWidthTypes.Boolean
	case typeInt:
		return intArrow(f.bits, f.signed)
	case typeFloat:
		return map[int32]arrow.DataType{16: arrow.FixedWidthTypes.Float16, 32: arrow.PrimitiveTypes.Float32, 64: arrow.PrimitiveTypes.Float64}[f.bits]
	case typeUtf8:
		return arrow.BinaryTypes.String
	case typeLargeUtf8:
		return arrow.BinaryTypes.LargeString
	case typeBinary:
		return arrow.BinaryTypes.Binary
	case typeLargeBinary:
		return arrow.BinaryTypes.LargeBinary
	case typeUtf8View:
		return arrow.BinaryTypes.StringView
	case typeBinaryView:
		return arrow.BinaryTypes.BinaryView
	case typeDecimal:
		return f.decimalArrow()
	default:
		return f.timeArrow()
	}
}

// decimalArrow: arrow-go v17 knows decimals of 128 and 256 bits, and its arrays panic when they show values of a scale beyond their digits.
func (f *field) decimalArrow() arrow.DataType {
	inside := func(digits int32) bool {
		return f.precision > 0 && f.precision <= digits && -digits <= f.scale && f.scale <= digits
	}
	switch {
	case f.bits == 128 && inside(38):
		return &arrow.Decimal128Type{Precision: f.precision, Scale: f.scale}
	case f.bits == 256 && inside(76):
		return &arrow.Decimal256Type{Precision: f.precision, Scale: f.scale}
	}
	return nil
}

func (f *field) timeArrow() arrow.DataType {
	unit := arrow.TimeUnit(f.unit)
	switch f.kind {
	case typeDate:
		if f.unit == 0 {
			return arrow.FixedWidthTypes.Date32
		}
		return arrow.FixedWidthTypes.Date64
	case typeTime:
		if f.bits == 32 {
			return &arrow.Time32Type{Unit: unit}
		}
		return &arrow.Time64Type{Unit: unit}
	case typeTimestamp:
		t := &arrow.TimestampType{Unit: unit, TimeZone: f.zone}
		if _, err := t.GetZone(); err != nil { // of a zone that this machine does not know, arrow's arrays panic when they show a value; the instant is the same
			t = &arrow.TimestampType{Unit: unit, TimeZone: "UTC"}
		}
		return t
	default:
		return &arrow.DurationType{Unit: unit}
	}
}

func intArrow(bits int32, signed bool) arrow.DataType {
	types := map[int32][2]arrow.DataType{
		8: {arrow.PrimitiveTypes.Uint8, arrow.PrimitiveTypes.Int8}, 16: {arrow.PrimitiveTypes.Uint16, arrow.PrimitiveTypes.Int16},
		32: {arrow.PrimitiveTypes.Uint32, arrow.PrimitiveTypes.Int32}, 64: {arrow.PrimitiveTypes.Uint64, arrow.PrimitiveTypes.Int64},
	}[bits]
	if signed {
		return types[1]
	}
	return types[0]
}
