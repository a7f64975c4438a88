package file

import (
	"encoding/binary"
	"fmt"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// parquetKind is the Arrow type that a Parquet type is read as, and how.
type parquetKind struct {
	arrow  arrow.DataType
	append func(array.Builder, []parquet.Value) error
}

// typedBuilder is what Arrow's builders have in common.
type typedBuilder[T any] interface {
	Append(T)
	AppendNull()
}

// with makes a parquetKind of a builder B of values T.
func with[B typedBuilder[T], T any](t arrow.DataType, of func(parquet.Value) T) (parquetKind, bool) {
	return parquetKind{t, func(build array.Builder, values []parquet.Value) error {
		b := build.(B)
		for i := range values {
			if values[i].IsNull() {
				b.AppendNull()
			} else {
				b.Append(of(values[i]))
			}
		}
		return nil
	}}, true
}

// parquetKindOf is false for types that are no number, time or text.
func parquetKindOf(t parquet.Type) (parquetKind, bool) {
	if logical := t.LogicalType(); logical != nil && logical.Value != nil {
		return logicalKind(t, logical)
	}
	switch t.Kind() {
	case parquet.Boolean:
		return with[*array.BooleanBuilder](arrow.FixedWidthTypes.Boolean, parquet.Value.Boolean)
	case parquet.Int32:
		return with[*array.Int32Builder](arrow.PrimitiveTypes.Int32, parquet.Value.Int32)
	case parquet.Int64:
		return with[*array.Int64Builder](arrow.PrimitiveTypes.Int64, parquet.Value.Int64)
	case parquet.Int96:
		return with[*array.TimestampBuilder](arrow.FixedWidthTypes.Timestamp_us, int96Time)
	case parquet.Float:
		return with[*array.Float32Builder](arrow.PrimitiveTypes.Float32, parquet.Value.Float)
	case parquet.Double:
		return with[*array.Float64Builder](arrow.PrimitiveTypes.Float64, parquet.Value.Double)
	case parquet.ByteArray: // without an annotation, as Impala and old Hive write text
		return parquetKind{arrow.BinaryTypes.String, appendStrings}, true
	}
	return parquetKind{}, false
}

func logicalKind(t parquet.Type, logical *format.LogicalType) (parquetKind, bool) {
	switch l := logical.Value.(type) {
	case *format.IntType:
		return integerKind(l)
	case *format.DecimalType:
		return decimalKind(t, l)
	case *format.DateType:
		return with[*array.Date32Builder](arrow.FixedWidthTypes.Date32, func(v parquet.Value) arrow.Date32 { return arrow.Date32(v.Int32()) })
	case *format.TimeType:
		return timeKind(t, unitOf(l.Unit))
	case *format.TimestampType:
		zone := ""
		if l.IsAdjustedToUTC {
			zone = "UTC"
		}
		stamp := &arrow.TimestampType{Unit: unitOf(l.Unit), TimeZone: zone}
		return with[*array.TimestampBuilder](stamp, func(v parquet.Value) arrow.Timestamp { return arrow.Timestamp(v.Int64()) })
	case *format.StringType, *format.EnumType, *format.JsonType:
		return parquetKind{arrow.BinaryTypes.String, appendStrings}, t.Kind() == parquet.ByteArray
	}
	return parquetKind{}, false
}

func integerKind(l *format.IntType) (parquetKind, bool) {
	switch {
	case l.IsSigned && l.BitWidth == 8:
		return with[*array.Int8Builder](arrow.PrimitiveTypes.Int8, func(v parquet.Value) int8 { return int8(v.Int32()) })
	case l.IsSigned && l.BitWidth == 16:
		return with[*array.Int16Builder](arrow.PrimitiveTypes.Int16, func(v parquet.Value) int16 { return int16(v.Int32()) })
	case l.IsSigned && l.BitWidth == 32:
		return with[*array.Int32Builder](arrow.PrimitiveTypes.Int32, parquet.Value.Int32)
	case l.IsSigned:
		return with[*array.Int64Builder](arrow.PrimitiveTypes.Int64, parquet.Value.Int64)
	case l.BitWidth == 8:
		return with[*array.Uint8Builder](arrow.PrimitiveTypes.Uint8, func(v parquet.Value) uint8 { return uint8(v.Uint32()) })
	case l.BitWidth == 16:
		return with[*array.Uint16Builder](arrow.PrimitiveTypes.Uint16, func(v parquet.Value) uint16 { return uint16(v.Uint32()) })
	case l.BitWidth == 32:
		return with[*array.Uint32Builder](arrow.PrimitiveTypes.Uint32, parquet.Value.Uint32)
	default:
		return with[*array.Uint64Builder](arrow.PrimitiveTypes.Uint64, parquet.Value.Uint64)
	}
}

func timeKind(t parquet.Type, unit arrow.TimeUnit) (parquetKind, bool) {
	if t.Kind() == parquet.Int32 {
		return with[*array.Time32Builder](&arrow.Time32Type{Unit: unit}, func(v parquet.Value) arrow.Time32 { return arrow.Time32(v.Int32()) })
	}
	return with[*array.Time64Builder](&arrow.Time64Type{Unit: unit}, func(v parquet.Value) arrow.Time64 { return arrow.Time64(v.Int64()) })
}

func unitOf(u format.TimeUnit) arrow.TimeUnit {
	switch u.Value.(type) {
	case *format.MilliSeconds:
		return arrow.Millisecond
	case *format.MicroSeconds:
		return arrow.Microsecond
	default:
		return arrow.Nanosecond
	}
}

// decimalKind reads decimals of up to 38 digits.
func decimalKind(t parquet.Type, l *format.DecimalType) (parquetKind, bool) {
	if l.Precision < 1 || l.Precision > 38 || l.Scale < 0 || l.Scale > l.Precision {
		return parquetKind{}, false
	}
	decimal := &arrow.Decimal128Type{Precision: l.Precision, Scale: l.Scale}
	switch t.Kind() {
	case parquet.Int32:
		return with[*array.Decimal128Builder](decimal, func(v parquet.Value) decimal128.Num { return decimal128.FromI64(int64(v.Int32())) })
	case parquet.Int64:
		return with[*array.Decimal128Builder](decimal, func(v parquet.Value) decimal128.Num { return decimal128.FromI64(v.Int64()) })
	case parquet.ByteArray, parquet.FixedLenByteArray:
		return with[*array.Decimal128Builder](decimal, func(v parquet.Value) decimal128.Num { return bigEndian(v.ByteArray()) })
	}
	return parquetKind{}, false
}

// bigEndian reads two's complement of any length. Bytes beyond the sixteenth from the end repeat the sign, as 38 digits fit 128 bits.
func bigEndian(b []byte) decimal128.Num {
	var wide [16]byte
	if len(b) > 0 && b[0]&0x80 != 0 {
		for i := range wide {
			wide[i] = 0xff
		}
	}
	b = b[max(0, len(b)-len(wide)):]
	copy(wide[len(wide)-len(b):], b)
	return decimal128.New(int64(binary.BigEndian.Uint64(wide[:8])), binary.BigEndian.Uint64(wide[8:]))
}

// int96Time is the nanosecond of the day and the Julian day, as Impala and Spark once wrote times; microseconds hold all days that can be meant.
func int96Time(v parquet.Value) arrow.Timestamp {
	const epoch, day = 2440588, 86_400_000_000
	n := v.Int96()
	nanosecond := int64(n[1])<<32 | int64(n[0])
	return arrow.Timestamp((int64(n[2])-epoch)*day + nanosecond/1000)
}

func appendStrings(build array.Builder, values []parquet.Value) error {
	b := build.(*array.StringBuilder)
	for i := range values {
		if values[i].IsNull() {
			b.AppendNull()
			continue
		}
		s := values[i].ByteArray()
		if !utf8.Valid(s) {
			return fmt.Errorf("text that is not UTF-8: %q", s[:min(len(s), 64)])
		}
		b.BinaryBuilder.Append(s)
	}
	return nil
}
