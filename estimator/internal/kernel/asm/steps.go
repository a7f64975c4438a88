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
		r := XMM()
		VMOVSD(Mem{Base: y}, r)
		VSUBSD(keptB, r, r)
		e := productsWith(z, k).AsX()
		VSUBSD(e, r, r)
		f := productsWith(z, s).AsX()
		VADDSD(stepB, f, f)
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

// stepsOneVector keeps four weights in two halves: what crosses halves takes three times as long, and rows wait for those before.
func stepsOneVector() {
	TEXT("steps1AVX2", NOSPLIT, "func(kept, step, z *float64, y, gain, limit []float64, state *[3]float64)")
	Pragma("noescape")
	kept, step, z := Load(Param("kept"), GP64()), Load(Param("step"), GP64()), Load(Param("z"), GP64())
	n := Load(Param("y").Len(), GP64())
	y, gain, limit := Load(Param("y").Base(), GP64()), Load(Param("gain").Base(), GP64()), Load(Param("limit").Base(), GP64())
	state := Load(Param("state"), GP64())
	keptB, stepB, scale := XMM(), XMM(), XMM()
	VMOVSD(Mem{Base: state}, keptB)
	VMOVSD(Mem{Base: state, Disp: 8}, stepB)
	VMOVSD(Mem{Base: state, Disp: 16}, scale)
	half := func(base Register, h int) Mem { return Mem{Base: base, Disp: 16 * h} }
	var k, s [2]VecVirtual
	for h := range k {
		k[h], s[h] = XMM(), XMM()
		VMOVUPD(half(kept, h), k[h])
		VMOVUPD(half(step, h), s[h])
	}
	products := func(w [2]VecVirtual) VecVirtual {
		a, b := XMM(), XMM()
		VMULPD(half(z, 0), w[0], a)
		VMULPD(half(z, 1), w[1], b)
		VADDPD(b, a, a)
		VUNPCKHPD(a, a, b)
		VADDSD(b, a, a)
		return a
	}
	loop("steps1AVX2_rows", n, 1, func() {
		r, t := XMM(), XMM()
		VMOVSD(Mem{Base: y}, r)
		VSUBSD(keptB, r, r)
		VSUBSD(products(k), r, r)
		f := products(s)
		VADDSD(stepB, f, f)
		VMULSD(scale, f, f)
		VSUBSD(f, r, r)
		both := XMM()
		VMOVDDUP(scale, both)
		for h := range k {
			VMULPD(both, s[h], t)
			VADDPD(t, k[h], k[h])
		}
		VMULSD(scale, stepB, stepB)
		VADDSD(stepB, keptB, keptB)
		VMOVSD(Mem{Base: gain}, stepB)
		VMOVDDUP(Mem{Base: gain}, t)
		for h := range s {
			VMULPD(half(z, h), t, s[h])
		}
		VXORPD(t, t, t)
		VSUBSD(Mem{Base: limit}, t, t)
		VMOVSD(Mem{Base: limit}, scale)
		VMINSD(r, scale, scale) // NaN stays NaN
		VMAXSD(scale, t, scale)
		ADDQ(Imm(bytesAVector), z)
		for _, p := range []Register{y, gain, limit} {
			ADDQ(Imm(8), p)
		}
	})
	for h := range k {
		VMOVUPD(k[h], half(kept, h))
		VMOVUPD(s[h], half(step, h))
	}
	VMOVSD(keptB, Mem{Base: state})
	VMOVSD(stepB, Mem{Base: state, Disp: 8})
	VMOVSD(scale, Mem{Base: state, Disp: 16})
	VZEROUPPER()
	RET()
}
