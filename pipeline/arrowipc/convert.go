package arrowipc

import (
	"encoding/binary"
	"math"
	"math/big"
	"slices"
	"strconv"
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

// integers in a loop for each type: a switch within the loop costs three times as much.
func integers(dst []float64, b []byte, bits int32, signed bool) {
	switch {
	case bits == 8 && signed:
		for i := range dst {
			dst[i] = float64(int8(b[i]))
		}
	case bits == 8:
		for i := range dst {
			dst[i] = float64(b[i])
		}
	case bits == 16 && signed:
		for i := range dst {
			dst[i] = float64(int16(binary.LittleEndian.Uint16(b[2*i:])))
		}
	case bits == 16:
		for i := range dst {
			dst[i] = float64(binary.LittleEndian.Uint16(b[2*i:]))
		}
	case bits == 32 && signed:
		for i := range dst {
			dst[i] = float64(int32(binary.LittleEndian.Uint32(b[4*i:])))
		}
	case bits == 32:
		for i := range dst {
			dst[i] = float64(binary.LittleEndian.Uint32(b[4*i:]))
		}
	case signed:
		for i := range dst {
			dst[i] = float64(int64(binary.LittleEndian.Uint64(b[8*i:])))
		}
	default:
		for i := range dst {
			dst[i] = float64(binary.LittleEndian.Uint64(b[8*i:]))
		}
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
		v := binary.LittleEndian.Uint16(b[2*i:])
		if signed {
			return int64(int16(v))
		}
		return int64(v)
	case 32:
		v := binary.LittleEndian.Uint32(b[4*i:])
		if signed {
			return int64(int32(v))
		}
		return int64(v)
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

// half precision (IEEE 754 binary16) to float64, which holds every one of them: its bits are shifted to where a float32 has them, and the exponent is
// mended by a multiplication, which is exact.
func half(v uint16) float64 {
	f := float64(math.Float32frombits(uint32(v&0x7FFF)<<13)) * 0x1p112
	if v&0x7C00 == 0x7C00 {
		if f = math.Inf(1); v&0x03FF != 0 {
			f = math.NaN()
		}
	}
	if v>>15 == 1 {
		return -f
	}
	return f
}

// seconds from units of which so many make one, to the nearest float64 up to 2⁵³ units. Beyond, whole seconds and the rest are divided apart: nanoseconds
// of this century come to within a quarter of a microsecond, which is as close as float64 is there.
func seconds(dst []float64, b []byte, bits int32, units int64) {
	for i := range dst {
		v := integerAt(b, i, bits, true)
		if -1<<53 <= v && v <= 1<<53 {
			dst[i] = float64(v) / float64(units)
			continue
		}
		dst[i] = float64(v/units) + float64(v%units)/float64(units)
	}
}

func scale(dst []float64, by float64) {
	for i := range dst {
		dst[i] *= by
	}
}

// decimals to the nearest float64.
func decimals(dst []float64, b []byte, bits, scale int32) {
	width := int(bits / 8)
	var c decimalConverter
	for i := range dst {
		dst[i] = c.convert(b[i*width:(i+1)*width], scale)
	}
}

// exactPowers of ten are those that float64 holds.
var exactPowers = func() (p [23]float64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = p[i-1] * 10
	}
	return p
}()

// decimalConverter holds what one conversion leaves for the next to use.
type decimalConverter struct {
	value, modulus big.Int
	bytes          []byte
	text           []byte
}

// convert a little-endian two's complement number of so many bytes, over 10^scale. Division of two exact numbers rounds once; what is larger goes
// through its decimal digits, which strconv rounds correctly.
func (c *decimalConverter) convert(b []byte, scale int32) float64 {
	if v, small := fits(b); small && scale >= 0 && int(scale) < len(exactPowers) {
		return float64(v) / exactPowers[scale]
	}
	c.bytes = append(c.bytes[:0], b...)
	slices.Reverse(c.bytes)
	c.value.SetBytes(c.bytes)
	if b[len(b)-1]>>7 == 1 {
		c.modulus.SetUint64(1)
		c.modulus.Lsh(&c.modulus, uint(8*len(b)))
		c.value.Sub(&c.value, &c.modulus)
	}
	c.text = append(c.value.Append(c.text[:0], 10), 'e')
	c.text = strconv.AppendInt(c.text, -int64(scale), 10)
	f, _ := strconv.ParseFloat(string(c.text), 64) // beyond the range it is ±Inf, which the model counts as not finite
	return f
}

// fits tells whether a number is below 2⁵³ in size, and gives it.
func fits(b []byte) (v int64, ok bool) {
	if len(b) == 4 {
		return int64(int32(binary.LittleEndian.Uint32(b))), true
	}
	v = int64(binary.LittleEndian.Uint64(b))
	sign := byte(v >> 63)
	for _, high := range b[8:] {
		if high != sign {
			return 0, false
		}
	}
	return v, v > -1<<53 && v < 1<<53
}
