package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// standardiseRows does all that is asked of a row in one sweep.
func standardiseRows() {
	TEXT("standardiseRowsAVX2", NOSPLIT, "func(z *float64, square, far, product []float64, x *float64, stride int, centre, perScale, mean []float64)")
	Pragma("noescape")
	z, x, stride := Load(Param("z"), GP64()), Load(Param("x"), GP64()), Load(Param("stride"), GP64())
	square, far, product := Load(Param("square").Base(), GP64()), Load(Param("far").Base(), GP64()), Load(Param("product").Base(), GP64())
	rows := Load(Param("square").Len(), GP64())
	SHLQ(Imm(3), stride)
	magnitude, largest := magnitudeMask(), YMM()
	squares, products := zeros(accumulators), zeros(accumulators)
	loop("standardise_rows", rows, 1, func() {
		from, left := GP64(), Load(Param("centre").Len(), GP64())
		c, s, m := Load(Param("centre").Base(), GP64()), Load(Param("perScale").Base(), GP64()), Load(Param("mean").Base(), GP64())
		MOVQ(x, from)
		for _, register := range append(append([]VecVirtual{largest}, squares...), products...) {
			VXORPD(register, register, register)
		}
		v, t := YMM(), YMM()
		vector := func(k, offset int) {
			VMOVUPD(at(from, offset), v)
			VSUBPD(at(c, offset), v, v)
			VMULPD(at(s, offset), v, v)
			VMOVUPD(v, at(z, offset))
			VANDPD(v, magnitude, t)
			VMAXPD(t, largest, largest)
			VMULPD(at(m, offset), v, t)
			VADDPD(t, products[k], products[k])
			VMULPD(v, v, t)
			VADDPD(t, squares[k], squares[k])
		}
		advance := func(vectors uint64) {
			for _, p := range []Register{from, c, s, m, z} {
				ADDQ(Imm(bytesAVector*vectors), p)
			}
		}
		loop("standardise_four", left, accumulators*lanes, func() {
			for k := range accumulators {
				vector(k, k)
			}
			advance(accumulators)
		})
		for k := range accumulators - 1 {
			CMPQ(left, Imm(lanes))
			JL(LabelRef("standardise_sum"))
			vector(k, 0)
			advance(1)
			SUBQ(Imm(lanes), left)
		}
		Label("standardise_sum")
		VMOVSD(sumOfLanes(sumOf(squares)), Mem{Base: square})
		VMOVSD(sumOfLanes(sumOf(products)), Mem{Base: product})
		high := XMM()
		VEXTRACTF128(Imm(1), largest, high)
		VMAXPD(high, largest.AsX(), largest.AsX())
		VUNPCKHPD(largest.AsX(), largest.AsX(), high)
		VMAXSD(high, largest.AsX(), largest.AsX())
		VMOVSD(largest.AsX(), Mem{Base: far})
		for _, p := range []Register{square, far, product} {
			ADDQ(Imm(8), p)
		}
		ADDQ(stride, x)
	})
	VZEROUPPER()
	RET()
}
