package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const mostCoefficients = 5 // vectors of them that newton's kernels keep in registers

// regard shifts the features by a lane in registers, to make room for the intercept: to read them back so soon after they were written would take longer.
func regard(vectors int) {
	name := fmt.Sprintf("regard%dAVX2", vectors)
	TEXT(name, NOSPLIT, "func(z, x *float64, centre, perScale []float64, beta, p, pz *float64, rows int) (far, product, h float64)")
	Pragma("noescape")
	z, x, width := Load(Param("z"), GP64()), Load(Param("x"), GP64()), Load(Param("centre").Len(), GP64())
	centre, perScale := Load(Param("centre").Base(), GP64()), Load(Param("perScale").Base(), GP64())
	magnitude, largest, before, t := magnitudeMask(), zeros(1)[0], YMM(), YMM()
	VMOVSD(Mem{Base: z}, before.AsX())
	shifted := make([]VecVirtual, vectors)
	for v := range vectors {
		shifted[v] = YMM()
		feature := YMM()
		VXORPD(feature, feature, feature)
		if v == vectors-1 { // there may be one vector of features less
			CMPQ(width, Imm(uint64(lanes*vectors)))
			JL(LabelRef(name + "_last"))
		}
		VMOVUPD(at(x, v), feature)
		VSUBPD(at(centre, v), feature, feature)
		VMULPD(at(perScale, v), feature, feature)
		VANDPD(feature, magnitude, t)
		VMAXPD(t, largest, largest)
		if v == vectors-1 {
			Label(name + "_last")
		}
		VPERMPD(Imm(0x93), feature, feature) // the last lane first
		VBLENDPD(Imm(1), before, feature, shifted[v])
		VMOVUPD(shifted[v], at(z, v))
		before = feature
	}
	high := XMM()
	VEXTRACTF128(Imm(1), largest, high)
	VMAXPD(high, largest.AsX(), largest.AsX())
	VUNPCKHPD(largest.AsX(), largest.AsX(), high)
	VMAXSD(high, largest.AsX(), largest.AsX())
	VMOVSD(largest.AsX(), address(ReturnIndex(0)))

	rows, row, of := Load(Param("rows"), GP64()), Load(Param("p"), GP64()), GP64()
	MOVQ(z, of)
	sums, zj := zeros(vectors), YMM()
	loop(name+"_rows", rows, 1, func() {
		VBROADCASTSD(Mem{Base: of}, zj)
		for v := range vectors {
			VMULPD(at(row, v), zj, t)
			VADDPD(t, sums[v], sums[v])
		}
		ADDQ(Imm(8), of)
		ADDQ(Imm(uint64(bytesAVector*vectors)), row)
	})
	beta, pz := Load(Param("beta"), GP64()), Load(Param("pz"), GP64())
	products := zeros(accumulators)
	for v := range vectors {
		VMOVUPD(sums[v], at(pz, v))
		VMULPD(at(beta, v), shifted[v], t)
		VADDPD(t, products[v%accumulators], products[v%accumulators])
	}
	VMOVSD(sumOfLanes(sumOf(products)), address(ReturnIndex(1)))
	products = zeros(accumulators)
	for v := range vectors {
		VMULPD(sums[v], shifted[v], t)
		VADDPD(t, products[v%accumulators], products[v%accumulators])
	}
	VMOVSD(sumOfLanes(sumOf(products)), address(ReturnIndex(2)))
	VZEROUPPER()
	RET()
}

// advance does not multiply by a factor of 1.
func advance(vectors int) {
	name := fmt.Sprintf("advance%dAVX2", vectors)
	TEXT(name, NOSPLIT, "func(beta, score, p, pz, z *float64, rows int, gain, scored, root, factor float64)")
	Pragma("noescape")
	beta, score, p := Load(Param("beta"), GP64()), Load(Param("score"), GP64()), Load(Param("p"), GP64())
	pz, z, rows := Load(Param("pz"), GP64()), Load(Param("z"), GP64()), Load(Param("rows"), GP64())
	gain, scored, root, factor := broadcastParam("gain"), broadcastParam("scored"), broadcastParam("root"), broadcastParam("factor")
	q, t := make([]VecVirtual, vectors), YMM()
	for v := range vectors {
		q[v] = YMM()
		VMOVUPD(at(pz, v), q[v])
		VMULPD(gain, q[v], t)
		VADDPD(at(beta, v), t, t)
		VMOVUPD(t, at(beta, v))
		VMULPD(at(z, v), scored, t)
		VADDPD(at(score, v), t, t)
		VMOVUPD(t, at(score, v))
		VMULPD(root, q[v], q[v])
		VMOVUPD(q[v], at(pz, v))
	}
	one := GP64()
	MOVQ(Imm(0x3ff0000000000000), one)
	CMPQ(one, address(Param("factor")))
	JE(LabelRef(name + "_plain"))
	downdate := func(name string, scale bool) {
		qi := YMM()
		loop(name, rows, 1, func() {
			VBROADCASTSD(Mem{Base: pz}, qi)
			for v := range vectors {
				u := YMM()
				VMULPD(q[v], qi, t)
				VMOVUPD(at(p, v), u)
				VSUBPD(t, u, u)
				if scale {
					VMULPD(factor, u, u)
				}
				VMOVUPD(u, at(p, v))
			}
			ADDQ(Imm(8), pz)
			ADDQ(Imm(uint64(bytesAVector*vectors)), p)
		})
		VZEROUPPER()
		RET()
	}
	downdate(name+"_scaled", true)
	Label(name + "_plain")
	downdate(name+"_rows", false)
}
