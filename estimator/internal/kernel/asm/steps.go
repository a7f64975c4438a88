package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// steps keeps both parts of the weights in registers.
func steps(vectors int) {
	name := fmt.Sprintf("steps%dAVX2", vectors)
	TEXT(name, NOSPLIT, "func(kept, step, z *float64, y, gain, limit []float64, state *[3]float64)")
	Pragma("noescape")
	kept, step, z := Load(Param("kept"), GP64()), Load(Param("step"), GP64()), Load(Param("z"), GP64())
	n := Load(Param("y").Len(), GP64())
	y, gain, limit := Load(Param("y").Base(), GP64()), Load(Param("gain").Base(), GP64()), Load(Param("limit").Base(), GP64())
	state := Load(Param("state"), GP64())
	keptB, stepB, scale := XMM(), XMM(), YMM()
	VMOVSD(Mem{Base: state}, keptB)
	VMOVSD(Mem{Base: state, Disp: 8}, stepB)
	VBROADCASTSD(Mem{Base: state, Disp: 16}, scale)
	k, s := make([]VecVirtual, vectors), make([]VecVirtual, vectors)
	for v := range vectors {
		k[v], s[v] = YMM(), YMM()
		VMOVUPD(at(kept, v), k[v])
		VMOVUPD(at(step, v), s[v])
	}
	loop(name+"_rows", n, 1, func() {
		e := productsWith(z, k).AsX()
		VADDSD(keptB, e, e)
		f := productsWith(z, s).AsX()
		VADDSD(stepB, f, f)
		r := XMM()
		VMOVSD(Mem{Base: y}, r)
		VSUBSD(e, r, r)
		VMULSD(scale.AsX(), f, f)
		VSUBSD(f, r, r)
		t := YMM()
		for v := range vectors {
			VMULPD(scale, s[v], t)
			VADDPD(t, k[v], k[v])
		}
		VMULSD(scale.AsX(), stepB, stepB)
		VADDSD(stepB, keptB, keptB)
		VMOVSD(Mem{Base: gain}, stepB)
		VBROADCASTSD(Mem{Base: gain}, t)
		for v := range vectors {
			VMULPD(at(z, v), t, s[v])
		}
		least := t.AsX()
		VXORPD(least, least, least)
		VSUBSD(Mem{Base: limit}, least, least)
		VMOVSD(Mem{Base: limit}, e)
		VMINSD(r, e, e) // NaN stays NaN
		VMAXSD(e, least, e)
		VBROADCASTSD(e, scale)
		ADDQ(Imm(uint64(bytesAVector*vectors)), z)
		for _, p := range []Register{y, gain, limit} {
			ADDQ(Imm(8), p)
		}
	})
	for v := range vectors {
		VMOVUPD(k[v], at(kept, v))
		VMOVUPD(s[v], at(step, v))
	}
	VMOVSD(keptB, Mem{Base: state})
	VMOVSD(stepB, Mem{Base: state, Disp: 8})
	VMOVSD(scale.AsX(), Mem{Base: state, Disp: 16})
	VZEROUPPER()
	RET()
}
