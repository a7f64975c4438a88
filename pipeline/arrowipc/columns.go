package arrowipc

import (
	"encoding/binary"
	"fmt"
	"math"
	"unsafe"
)

// numberProblem says why a column cannot be decoded to numbers; empty: it can.
func numberProblem(f *field) string {
	if convertible(f) {
		return ""
	}
	return f.describe() + ", which is no number: a feature, target, weight or time is a column of integers, floats, booleans, decimals, dates, times or durations"
}

func convertible(f *field) bool {
	switch f.kind {
	case typeNull, typeBool:
		return true
	case typeInt:
		return wholeBytes(f.bits)
	case typeFloat:
		return f.bits <= 64
	case typeDecimal:
		return (f.bits == 32 || f.bits == 64 || f.bits == 128 || f.bits == 256) && f.scale >= -400 && f.scale <= 400
	case typeDate:
		return f.unit == 0 || f.unit == 1
	case typeTime:
		return f.unit >= 0 && f.unit <= 3 && (f.bits == 32) == (f.unit <= 1) && (f.bits == 32 || f.bits == 64)
	case typeTimestamp, typeDuration:
		return f.unit >= 0 && f.unit <= 3
	}
	return false
}

// width of a convertible type in bits.
func (f *field) width() int64 {
	switch f.kind {
	case typeNull:
		return 0
	case typeBool:
		return 1
	case typeInt, typeFloat, typeDecimal, typeTime:
		return int64(f.bits)
	case typeDate:
		return 32 << f.unit
	default:
		return 64
	}
}

// bytesFor n values of so many bits. n is at most mostRows, so nothing overflows.
func bytesFor(n, bits int64) int64 { return (n*bits + 7) / 8 }

func (d *Decoder) numberColumn(b *recordBatch, s source) (c Column, err *Error) {
	f := s.field
	if f.encoded {
		return d.encodedNumbers(b, s)
	}
	if f.kind == typeNull {
		return d.nullColumn(b)
	}
	if c.Valid, err = d.validity(b, s); err != nil {
		return c, err
	}
	values, err := d.buffer(b, b.bufferIndex(s, 1), bytesFor(b.rows, f.width()))
	if err != nil {
		return c, err
	}
	c.Values, err = d.values(f, values, int(b.rows), b.frame.bodyAt)
	return c, err
}

// values as float64: the very bytes where they are float64 already, else converted.
func (d *Decoder) values(f *field, values []byte, n, at int) ([]float64, *Error) {
	if f.kind == typeFloat && f.bits == 64 && littleEndian {
		return float64s(values, n), nil
	}
	if err := d.spend(int64(n)*8, at); err != nil {
		return nil, err
	}
	dst := d.numbers.take(n)
	convert(dst, f, values)
	return dst, nil
}

// nullColumn of a column of type null: no values, all of them null.
func (d *Decoder) nullColumn(b *recordBatch) (c Column, err *Error) {
	if err := d.spend(b.rows*8+(b.rows+7)/8, b.frame.bodyAt); err != nil {
		return c, err
	}
	c.Values = d.numbers.take(int(b.rows))
	clear(c.Values)
	if b.rows > 0 {
		c.Valid = d.bytes.take(int(b.rows+7) / 8)
		clear(c.Valid)
	}
	return c, nil
}

// littleEndian machines can look at the message's numbers where they stand.
var littleEndian = func() bool {
	var word uint16 = 1
	return *(*byte)(unsafe.Pointer(&word)) == 1
}()

// float64s looks at n numbers where they stand. The length has been checked; the machines that Go runs on bear any alignment of them.
func float64s(b []byte, n int) []float64 {
	if n == 0 {
		return []float64{}
	}
	_ = b[8*n-1]
	return unsafe.Slice((*float64)(unsafe.Pointer(unsafe.SliceData(b))), n)
}

// convert values of a type to float64. An integer beyond 2⁵³ rounds to the nearest; dates, times, timestamps and durations become seconds.
func convert(dst []float64, f *field, b []byte) {
	switch f.kind {
	case typeBool:
		for i := range dst {
			dst[i] = float64(b[i/8] >> (i % 8) & 1)
		}
	case typeInt:
		integers(dst, b, f.bits, f.signed)
	case typeFloat:
		floats(dst, b, f.bits)
	case typeDecimal:
		decimals(dst, b, f.bits, f.scale)
	case typeDate:
		if f.unit == 0 {
			integers(dst, b, 32, true)
			scale(dst, 86400)
			return
		}
		seconds(dst, b, 64, 1e3)
	default:
		seconds(dst, b, int32(f.width()), [...]int64{1, 1e3, 1e6, 1e9}[f.unit])
	}
}

func integers(dst []float64, b []byte, bits int32, signed bool) {
	for i := range dst {
		dst[i] = integer(b, i, bits, signed)
	}
}

func integer(b []byte, i int, bits int32, signed bool) float64 {
	if v := integerAt(b, i, bits, signed); signed || bits < 64 {
		return float64(v)
	} else {
		return float64(uint64(v))
	}
}

// integerAt position i; a uint64 keeps its bits.
func integerAt(b []byte, i int, bits int32, signed bool) int64 {
	switch bits {
	case 8:
		if signed {
			return int64(int8(b[i]))
		}
		return int64(b[i])
	case 16:
		if v := binary.LittleEndian.Uint16(b[2*i:]); signed {
			return int64(int16(v))
		} else {
			return int64(v)
		}
	case 32:
		if v := binary.LittleEndian.Uint32(b[4*i:]); signed {
			return int64(int32(v))
		} else {
			return int64(v)
		}
	default:
		return int64(binary.LittleEndian.Uint64(b[8*i:]))
	}
}

func floats(dst []float64, b []byte, bits int32) {
	switch bits {
	case 16:
		for i := range dst {
			dst[i] = half(binary.LittleEndian.Uint16(b[2*i:]))
		}
	case 32:
		for i := range dst {
			dst[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:])))
		}
	default:
		for i := range dst {
			dst[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
		}
	}
}

// half precision (IEEE 754 binary16) to float64, which holds every one of them.
func half(v uint16) float64 {
	exponent, fraction := int(v>>10&31), float64(v&1023)
	value := 0.0
	switch exponent {
	case 0:
		value = math.Ldexp(fraction, -24)
	case 31:
		value = math.Inf(1)
		if fraction != 0 {
			value = math.NaN()
		}
	default:
		value = math.Ldexp(1024+fraction, exponent-25)
	}
	if v>>15 == 1 {
		return -value
	}
	return value
}

// seconds from units of which so many make one. Whole seconds and the rest are divided apart, which keeps nanoseconds of this century to a quarter
// of a microsecond, as close as float64 can be.
func seconds(dst []float64, b []byte, bits int32, units int64) {
	for i := range dst {
		v := integerAt(b, i, bits, true)
		dst[i] = float64(v/units) + float64(v%units)/float64(units)
	}
}

func scale(dst []float64, by float64) {
	for i := range dst {
		dst[i] *= by
	}
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
