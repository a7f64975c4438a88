package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// descent keeps both parts of the weights in registers. What a row waits for from the one before is its scale alone: one product, three sums, a clip.
func descent(vectors int) {
	name := fmt.Sprintf("descent%dAVX2", vectors)
	TEXT(name, NOSPLIT, "func(kept, step, x *float64, stride int, y, gain, shrink, bound, prediction []float64, scaleAndIntercept *[2]float64, learnIntercept float64)")
	Pragma("noescape")
	kept, step := Load(Param("kept"), GP64()), Load(Param("step"), GP64())
	x, stride, n := Load(Param("x"), GP64()), Load(Param("stride"), GP64()), Load(Param("y").Len(), GP64())
	SHLQ(Imm(3), stride)
	var pointers []Register
	load := func(parameter string) Register {
		pointers = append(pointers, Load(Param(parameter).Base(), GP64()))
		return pointers[len(pointers)-1]
	}
	y, gain, shrink, bound, prediction := load("y"), load("gain"), load("shrink"), load("bound"), load("prediction")
	state := Load(Param("scaleAndIntercept"), GP64())
	scale, b, learn := YMM(), XMM(), XMM()
	VBROADCASTSD(Mem{Base: state}, scale)
	VMOVSD(Mem{Base: state, Disp: 8}, b)
	VMOVSD(address(Param("learnIntercept")), learn)
	k, s := make([]VecVirtual, vectors), make([]VecVirtual, vectors)
	for v := range vectors {
		k[v], s[v] = YMM(), YMM()
		VMOVUPD(at(kept, v), k[v])
		VMOVUPD(at(step, v), s[v])
	}
	loop(name+"_rows", n, 1, func() {
		sum, part := productsWith(x, k), productsWith(x, s)
		VMULSD(scale.AsX(), part, part)
		VADDSD(part, sum, sum)
		t, factor := YMM(), YMM()
		VBROADCASTSD(Mem{Base: shrink}, factor)
		for v := range vectors {
			VMULPD(scale, s[v], t)
			VADDPD(t, k[v], k[v])
			VMULPD(factor, k[v], k[v])
		}
		VBROADCASTSD(Mem{Base: gain}, factor)
		for v := range vectors {
			VMULPD(at(x, v), factor, s[v])
		}
		r, least := XMM(), XMM()
		VADDSD(b, sum, r)
		VMOVSD(r, Mem{Base: prediction})
		VMOVSD(Mem{Base: y}, r)
		VSUBSD(b, r, r)
		VSUBSD(sum, r, r)
		VXORPD(least, least, least)
		VSUBSD(Mem{Base: bound}, least, least)
		VMOVSD(Mem{Base: bound}, sum)
		VMINSD(r, sum, sum) // NaN stays NaN
		VMAXSD(sum, least, sum)
		VBROADCASTSD(sum, scale)
		VMULSD(Mem{Base: gain}, learn, r)
		VMULSD(sum, r, r)
		VADDSD(r, b, b)
		ADDQ(stride, x)
		for _, p := range pointers {
			ADDQ(Imm(8), p)
		}
	})
	for v := range vectors {
		VMOVUPD(k[v], at(kept, v))
		VMOVUPD(s[v], at(step, v))
	}
	VMOVSD(scale.AsX(), Mem{Base: state})
	VMOVSD(b, Mem{Base: state, Disp: 8})
	VZEROUPPER()
	RET()
}

// productsWith a row, summed as sumOf and sumOfLanes do.
func productsWith(x Register, w []VecVirtual) VecVirtual {
	products := make([]VecVirtual, len(w))
	for v := range w {
		products[v] = YMM()
		VMULPD(at(x, v), w[v], products[v])
	}
	return sumOfLanes(sumOf(products))
}
