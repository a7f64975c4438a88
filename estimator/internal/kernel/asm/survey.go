package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The slices at the head of struct Survey, and the numbers after them.
const (
	surveyCentre = iota
	surveyPerScale
	surveyMean
	surveyZ
	surveyY
	surveySquare
	surveyFar
	surveyGain
	surveyLimit
	surveySlices
)

const (
	surveyLocation = iota
	surveyPerUnit
	surveyUnit
	surveyIntercept
	surveyMedian
	surveyKnee
	surveyKneeSquare
	surveyPerRow
	surveyRounding
	surveyLargest
	surveyLargestSquare
	surveyNearest
	surveyGamma
	surveyStepKnee
	surveyMost
)

// Comparisons: none of them signals, and those that are negated are true of NaN.
const (
	lessOrEqual = 0x12
	notLess     = 0x15
	greater     = 0x1e
	unordered   = 0x03
)

// The bits that survey returns.
const (
	sidesBeyond = iota
	sidesInside
	sidesOutside
	sidesDistant
	sidesInfinite
	sidesCount
)

type surveyor struct {
	state, n, x, stride, stride3, z, width, width3 Register
	magnitude                                      VecVirtual
	one, largest                                   Mem
}

// survey takes four rows at a time along the columns, then what is theirs in four lanes; rows that are left over one by one.
func survey() {
	s := &surveyor{one: everyLane("surveyOne", 1), largest: everyLane("surveyLargest", math.MaxFloat64)}
	TEXT("surveyAVX2", NOSPLIT, "func(s *[]float64, x *float64, stride int, raw, weight, prediction []float64) (beyond, inside, outside, distant, infinite uint64)")
	Pragma("noescape")
	s.state, s.x, s.stride = Load(Param("s"), GP64()), Load(Param("x"), GP64()), Load(Param("stride"), GP64())
	s.n = Load(Param("prediction").Len(), GP64())
	s.stride3, s.z, s.width, s.width3 = GP64(), GP64(), GP64(), GP64()
	SHLQ(Imm(3), s.stride)
	LEAQ(Mem{Base: s.stride, Index: s.stride, Scale: 2}, s.stride3)
	MOVQ(s.slice(surveyZ), s.z)
	MOVQ(Mem{Base: s.state, Disp: bytesAHeader*surveyCentre + 8}, s.width)
	SHLQ(Imm(3), s.width)
	LEAQ(Mem{Base: s.width, Index: s.width, Scale: 2}, s.width3)
	none := GP64()
	XORQ(none, none)
	for i := range sidesCount {
		MOVQ(none, address(ReturnIndex(i)))
	}
	XORL(ECX, ECX)
	s.magnitude = magnitudeMask()
	loop("survey_four", s.n, lanes, func() { s.rows(lanes) })
	loop("survey_one", s.n, 1, func() { s.rows(1) })
	VZEROUPPER()
	RET()
}

// slice behind the state, by the pointer in its header.
func (s *surveyor) slice(which int) Mem { return Mem{Base: s.state, Disp: bytesAHeader * which} }

func (s *surveyor) pointer(which int) Register {
	p := GP64()
	MOVQ(s.slice(which), p)
	return p
}

func (s *surveyor) constant(field int) VecVirtual {
	v := YMM()
	VBROADCASTSD(Mem{Base: s.state, Disp: bytesAHeader*surveySlices + 8*field}, v)
	return v
}

// rows, four or one.
func (s *surveyor) rows(count int) {
	square, product, far := s.alongColumns(count)
	s.beside(square, product, far, count)
	ADDL(Imm(uint64(count)), ECX)
	onward := GP64() // x has gone along one row
	MOVQ(s.stride, onward)
	SUBQ(s.width, onward)
	ADDQ(onward, s.x)
	if count > 1 {
		ADDQ(s.stride3, s.x)
		ADDQ(s.width3, s.z)
	}
}

func (s *surveyor) alongColumns(count int) (square, product, far VecVirtual) {
	centre, perScale, mean, left := s.pointer(surveyCentre), s.pointer(surveyPerScale), s.pointer(surveyMean), GP64()
	MOVQ(Mem{Base: s.state, Disp: bytesAHeader*surveyCentre + 8}, left)
	squares, products, largest := zeros(count), zeros(count), zeros(count)
	row := func(base, stride, stride3 Register, k int) Mem {
		return [...]Mem{{Base: base}, {Base: base, Index: stride, Scale: 1}, {Base: base, Index: stride, Scale: 2}, {Base: base, Index: stride3, Scale: 1}}[k]
	}
	loop(fmt.Sprintf("survey_columns_%d", count), left, lanes, func() {
		m := YMM()
		VMOVUPD(at(mean, 0), m)
		for k := range count {
			v, t := YMM(), YMM()
			VMOVUPD(row(s.x, s.stride, s.stride3, k), v)
			VSUBPD(at(centre, 0), v, v)
			VMULPD(at(perScale, 0), v, v)
			VMOVUPD(v, row(s.z, s.width, s.width3, k))
			VANDPD(v, s.magnitude, t)
			VMAXPD(t, largest[k], largest[k])
			VMULPD(m, v, t)
			VADDPD(t, products[k], products[k])
			VMULPD(v, v, t)
			VADDPD(t, squares[k], squares[k])
		}
		for _, p := range []Register{s.x, s.z, centre, perScale, mean} {
			ADDQ(Imm(bytesAVector), p)
		}
	})
	sum := func(b, a, dst VecVirtual) { VADDPD(b, a, dst) }
	return acrossLanes(squares, sum), acrossLanes(products, sum), acrossLanes(largest, func(b, a, dst VecVirtual) { VMAXPD(b, a, dst) })
}

// acrossLanes of four vectors, (l₀ + l₂) + (l₁ + l₃) of each in a lane, by whatever takes the place of the sum. Of one vector alone only the first lane is of use.
func acrossLanes(a []VecVirtual, add func(b, a, dst VecVirtual)) VecVirtual {
	halves := func(a, b VecVirtual) VecVirtual {
		low, high := YMM(), YMM()
		VPERM2F128(Imm(0x20), b, a, low)
		VPERM2F128(Imm(0x31), b, a, high)
		add(high, low, low)
		return low
	}
	first := halves(a[0], a[len(a)/2])
	second := first
	if len(a) > 1 {
		second = halves(a[1], a[3])
	}
	low, high := YMM(), YMM()
	VUNPCKLPD(second, first, low)
	VUNPCKHPD(second, first, high)
	add(high, low, low)
	return low
}

// beside the model and for the step, rows from CX on.
func (s *surveyor) beside(square, product, far VecVirtual, count int) {
	at := func(base Register) Mem { return Mem{Base: base, Index: RCX, Scale: 8} }
	of := func(parameter string) Mem { return at(Load(Param(parameter).Base(), GP64())) }
	location, y, m, p, r, t, u := s.constant(surveyLocation), YMM(), YMM(), YMM(), YMM(), YMM(), YMM()
	VMOVUPD(square, at(s.pointer(surveySquare)))
	VMOVUPD(far, at(s.pointer(surveyFar)))
	VMOVUPD(of("raw"), y)
	VSUBPD(location, y, y)
	VMULPD(s.constant(surveyPerUnit), y, y)
	VMOVUPD(y, at(s.pointer(surveyY)))
	VADDPD(s.constant(surveyIntercept), product, m)
	VMULPD(s.constant(surveyUnit), m, p)
	VADDPD(p, location, p)
	VMOVUPD(p, of("prediction"))
	VSUBPD(m, y, r)
	VANDPD(s.magnitude, r, r)
	VANDPD(s.magnitude, y, y)
	VCMPPD(Imm(greater), s.constant(surveyMedian), r, t)
	s.note(sidesBeyond, t, count)

	VSUBPD(p, p, p)
	VCMPPD(Imm(unordered), p, p, t)
	VCMPPD(Imm(notLess), s.constant(surveyLargest), y, u)
	VORPD(u, t, t)
	VCMPPD(Imm(notLess), s.constant(surveyLargestSquare), square, u)
	VORPD(u, t, t)
	s.note(sidesOutside, t, count)
	VCMPPD(Imm(greater), s.constant(surveyNearest), far, t)
	s.note(sidesDistant, t, count)

	h := square
	VADDPD(s.one, h, h)
	VMULPD(s.constant(surveyPerRow), h, t)
	VADDPD(s.one, t, t)
	VMULPD(s.constant(surveyKneeSquare), t, t)
	VMULPD(r, r, u)
	VCMPPD(Imm(lessOrEqual), t, u, t)
	VCMPPD(Imm(lessOrEqual), s.constant(surveyKnee), r, u)
	VORPD(u, t, t)
	VMULPD(s.constant(surveyRounding), y, u)
	VCMPPD(Imm(lessOrEqual), u, r, u)
	VORPD(u, t, t)
	s.note(sidesInside, t, count)

	c, q := s.constant(surveyGamma), h
	VMULPD(of("weight"), c, c)
	VMULPD(c, h, q)
	VADDPD(s.one, q, q)
	VDIVPD(q, c, c)
	VMOVUPD(c, at(s.pointer(surveyGain)))
	VMULPD(s.constant(surveyStepKnee), q, t)
	VMINPD(s.constant(surveyMost), t, t)
	VMOVUPD(t, at(s.pointer(surveyLimit)))
	VCMPPD(Imm(greater), s.largest, q, t)
	s.note(sidesInfinite, t, count)
}

// note the bits of a mask, for the rows from CX on.
func (s *surveyor) note(which int, mask VecVirtual, count int) {
	bits := GP64()
	VMOVMSKPD(mask, bits.As32())
	if count == 1 {
		ANDQ(Imm(1), bits)
	}
	SHLQ(CL, bits)
	ORQ(bits, address(ReturnIndex(which)))
}
