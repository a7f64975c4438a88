package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const mostCoefficients = 5 // vectors of them that newton's kernels keep in registers

// regard multiplies by P first: z is read lane by lane for that, which need not wait until what has just been written arrives in the cache.
func regard(vectors int) {
	name := fmt.Sprintf("regard%dAVX2", vectors)
	TEXT(name, NOSPLIT, "func(z, x *float64, centre, perScale []float64, beta, p, pz *float64, rows int) (far, product, h float64)")
	Pragma("noescape")
	z, x, left := Load(Param("z"), GP64()), Load(Param("x"), GP64()), Load(Param("centre").Len(), GP64())
	centre, perScale := Load(Param("centre").Base(), GP64()), Load(Param("perScale").Base(), GP64())
	magnitude, largest, to := magnitudeMask(), zeros(1)[0], GP64()
	MOVQ(z, to)
	loop(name+"_features", left, lanes, func() {
		v := YMM()
		VMOVUPD(at(x, 0), v)
		VSUBPD(at(centre, 0), v, v)
		VMULPD(at(perScale, 0), v, v)
		VMOVUPD(v, Mem{Base: to, Disp: 8})
		VANDPD(v, magnitude, v)
		VMAXPD(v, largest, largest)
		for _, p := range []Register{x, centre, perScale, to} {
			ADDQ(Imm(bytesAVector), p)
		}
	})
	high := XMM()
	VEXTRACTF128(Imm(1), largest, high)
	VMAXPD(high, largest.AsX(), largest.AsX())
	VUNPCKHPD(largest.AsX(), largest.AsX(), high)
	VMAXSD(high, largest.AsX(), largest.AsX())
	VMOVSD(largest.AsX(), address(ReturnIndex(0)))

	rows, row, of := Load(Param("rows"), GP64()), Load(Param("p"), GP64()), GP64()
	MOVQ(z, of)
	sums, zj, t := zeros(vectors), YMM(), YMM()
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
	products, squares := zeros(accumulators), zeros(accumulators)
	for v := range vectors {
		VMOVUPD(sums[v], at(pz, v))
		VMOVUPD(at(z, v), zj)
		VMULPD(sums[v], zj, t)
		VADDPD(t, squares[v%accumulators], squares[v%accumulators])
		VMULPD(at(beta, v), zj, t)
		VADDPD(t, products[v%accumulators], products[v%accumulators])
	}
	VMOVSD(sumOfLanes(sumOf(products)), address(ReturnIndex(1)))
	VMOVSD(sumOfLanes(sumOf(squares)), address(ReturnIndex(2)))
	VZEROUPPER()
	RET()
}

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
	qi := YMM()
	loop(name+"_rows", rows, 1, func() {
		VBROADCASTSD(Mem{Base: pz}, qi)
		for v := range vectors {
			u := YMM()
			VMULPD(q[v], qi, t)
			VMOVUPD(at(p, v), u)
			VSUBPD(t, u, u)
			VMULPD(factor, u, u)
			VMOVUPD(u, at(p, v))
		}
		ADDQ(Imm(8), pz)
		ADDQ(Imm(uint64(bytesAVector*vectors)), p)
	})
	VZEROUPPER()
	RET()
}
