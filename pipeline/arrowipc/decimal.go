package arrowipc

import (
	"encoding/binary"
	"math/big"
	"slices"
	"strconv"
)

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
