package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The fields of struct Residuals, in numbers.
const (
	residualCentre = iota
	residualPerUnit
	residualUnit
	residualIntercept
	residualMedian
	residualKnee
	residualKneeSquare
	residualPerRow
	residualRounding
	residualLargest
	residualLargestSquare
)

// Comparisons: none of them signals, and those that are negated are true of NaN.
const (
	lessOrEqual = 0x12
	notLess     = 0x15
	greater     = 0x1e
	unordered   = 0x03
)

func residuals() {
	one := everyLane("residualOne", 1)
	TEXT("residualsAVX2", NOSPLIT, "func(constants *float64, y, prediction, raw, product, square []float64) (beyond, inside, outside uint64)")
	Pragma("noescape")
	constants, n := Load(Param("constants"), GP64()), Load(Param("y").Len(), GP64())
	pointers := make([]Register, 5)
	for i, name := range []string{"y", "prediction", "raw", "product", "square"} {
		pointers[i] = Load(Param(name).Base(), GP64())
	}
	constant := func(field int) VecVirtual {
		v := YMM()
		VBROADCASTSD(Mem{Base: constants, Disp: 8 * field}, v)
		return v
	}
	centre, magnitude := constant(residualCentre), magnitudeMask()
	bits := newSides(3)
	loop("residuals", n, lanes, func() {
		y, m, p, r, h, t, u := YMM(), YMM(), YMM(), YMM(), YMM(), YMM(), YMM()
		VMOVUPD(at(pointers[2], 0), y)
		VSUBPD(centre, y, y)
		VMULPD(constant(residualPerUnit), y, y)
		VMOVUPD(y, at(pointers[0], 0))
		VADDPD(at(pointers[3], 0), constant(residualIntercept), m)
		VMULPD(constant(residualUnit), m, p)
		VADDPD(p, centre, p)
		VMOVUPD(p, at(pointers[1], 0))
		VSUBPD(m, y, r)
		VANDPD(magnitude, r, r)
		VANDPD(magnitude, y, y)
		VCMPPD(Imm(greater), constant(residualMedian), r, t)
		bits.add(0, t)

		VMOVUPD(at(pointers[4], 0), h)
		VADDPD(one, h, h)
		VMULPD(constant(residualPerRow), h, h)
		VADDPD(one, h, h)
		VMULPD(constant(residualKneeSquare), h, h)
		VMULPD(r, r, u)
		VCMPPD(Imm(lessOrEqual), h, u, t)
		VCMPPD(Imm(lessOrEqual), constant(residualKnee), r, u)
		VORPD(u, t, t)
		VMULPD(constant(residualRounding), y, u)
		VCMPPD(Imm(lessOrEqual), u, r, u)
		VORPD(u, t, t)
		bits.add(1, t)

		VSUBPD(p, p, p)
		VCMPPD(Imm(unordered), p, p, t)
		VCMPPD(Imm(notLess), constant(residualLargest), y, u)
		VORPD(u, t, t)
		VMOVUPD(at(pointers[4], 0), h)
		VCMPPD(Imm(notLess), constant(residualLargestSquare), h, u)
		VORPD(u, t, t)
		bits.add(2, t)
		bits.next()
		for _, p := range pointers {
			ADDQ(Imm(bytesAVector), p)
		}
	})
	for i := range bits.of {
		Store(bits.of[i], ReturnIndex(i))
	}
	VZEROUPPER()
	RET()
}

// sides are collected four bits at a time.
type sides struct{ of []GPVirtual }

func newSides(count int) sides {
	XORL(ECX, ECX)
	s := sides{make([]GPVirtual, count)}
	for i := range s.of {
		s.of[i] = GP64()
		XORQ(s.of[i], s.of[i])
	}
	return s
}

func (s sides) add(which int, mask VecVirtual) {
	four := GP64()
	VMOVMSKPD(mask, four.As32())
	SHLQ(CL, four)
	ORQ(four, s.of[which])
}

func (s sides) next() { ADDL(Imm(lanes), ECX) }

func proximal() {
	one, largest := everyLane("proximalOne", 1), everyLane("proximalLargest", math.MaxFloat64)
	TEXT("proximalAVX2", NOSPLIT, "func(gain, limit, square, v, weight []float64, gamma, knee, most float64) uint64")
	Pragma("noescape")
	n := Load(Param("gain").Len(), GP64())
	pointers := make([]Register, 5)
	for i, name := range []string{"gain", "limit", "square", "v", "weight"} {
		pointers[i] = Load(Param(name).Base(), GP64())
	}
	gamma, knee, most := broadcastParam("gamma"), broadcastParam("knee"), broadcastParam("most")
	bits := newSides(1)
	loop("proximal", n, lanes, func() {
		c, q, t := YMM(), YMM(), YMM()
		VMULPD(at(pointers[3], 0), gamma, c)
		VMULPD(at(pointers[4], 0), c, c)
		VMOVUPD(at(pointers[2], 0), q)
		VADDPD(one, q, q)
		VMULPD(c, q, q)
		VADDPD(one, q, q)
		VDIVPD(q, c, t)
		VMOVUPD(t, at(pointers[0], 0))
		VMULPD(knee, q, t)
		VMINPD(most, t, t)
		VMOVUPD(t, at(pointers[1], 0))
		VCMPPD(Imm(greater), largest, q, t)
		bits.add(0, t)
		bits.next()
		for _, p := range pointers {
			ADDQ(Imm(bytesAVector), p)
		}
	})
	Store(bits.of[0], ReturnIndex(0))
	VZEROUPPER()
	RET()
}
