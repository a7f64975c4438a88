package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// mostInRegisters vectors of weights stay in registers over all rows.
const mostInRegisters = 4

// huber is what all forms of the loop over rows share: its pointers, and what does not depend on the weights.
type huber struct {
	x, y, gain, shrink, bound, prediction Register
	n                                     Register
	b, learnIntercept                     VecVirtual
}

func newHuber() *huber {
	h := &huber{}
	h.x, h.n = Load(Param("x").Base(), GP64()), Load(Param("y").Len(), GP64())
	h.y, h.gain = Load(Param("y").Base(), GP64()), Load(Param("gain").Base(), GP64())
	h.shrink, h.prediction = Load(Param("shrink").Base(), GP64()), Load(Param("prediction").Base(), GP64())
	h.bound = Load(Param("bound").Base(), GP64())
	h.b, h.learnIntercept = XMM(), XMM()
	VMOVSD(address(Param("b")), h.b)
	VMOVSD(address(Param("learnIntercept")), h.learnIntercept)
	return h
}

const huberSignature = "func(w, x []float64, stride int, y, gain, shrink, bound, prediction []float64, b, learnIntercept float64) float64"

// derivative from the sum over features: clip((y − b) − sum, ±bound); the row's prediction on the way. y − b does not wait for the sum.
func (h *huber) derivative(sum VecVirtual) (c VecVirtual) {
	p, r, least := XMM(), XMM(), XMM()
	c = XMM()
	VXORPD(least, least, least)
	VSUBSD(Mem{Base: h.bound}, least, least)
	VMOVSD(Mem{Base: h.y}, r)
	VSUBSD(h.b, r, r)
	VADDSD(h.b, sum, p)
	VMOVSD(p, Mem{Base: h.prediction})
	VSUBSD(sum, r, r)
	VMOVSD(Mem{Base: h.bound}, c)
	VMINSD(r, c, c) // NaN stays NaN
	VMAXSD(c, least, c)
	return c
}

// moveIntercept by c·(gain·learnIntercept).
func (h *huber) moveIntercept(c VecVirtual) {
	t := XMM()
	VMULSD(Mem{Base: h.gain}, h.learnIntercept, t)
	VMULSD(c, t, t)
	VADDSD(t, h.b, h.b)
}

func (h *huber) next(rowBytes Op) {
	ADDQ(rowBytes, h.x)
	for _, p := range []Register{h.y, h.gain, h.shrink, h.bound, h.prediction} {
		ADDQ(Imm(8), p)
	}
}

func (h *huber) end() {
	VMOVSD(h.b, address(ReturnIndex(0)))
	VZEROUPPER()
	RET()
}

// huberOneVector keeps the four weights in two halves: what crosses halves takes three times as long, and every row waits for the one before.
func huberOneVector() {
	TEXT("huber1AVX2", NOSPLIT, huberSignature)
	Pragma("noescape")
	w, stride := Load(Param("w").Base(), GP64()), Load(Param("stride"), GP64())
	SHLQ(Imm(3), stride)
	h := newHuber()
	var weights [2]VecVirtual
	for half := range weights {
		weights[half] = XMM()
		VMOVUPD(Mem{Base: w, Disp: 16 * half}, weights[half])
	}
	loop("one_rows", h.n, 1, func() {
		var products [2]VecVirtual
		for half := range products {
			products[half] = XMM()
			VMULPD(Mem{Base: h.x, Disp: 16 * half}, weights[half], products[half])
		}
		sum, high := XMM(), XMM()
		VADDPD(products[1], products[0], sum)
		VUNPCKHPD(sum, sum, high)
		VADDSD(high, sum, sum)
		shrink, gain, c := XMM(), XMM(), XMM()
		VMOVDDUP(Mem{Base: h.shrink}, shrink)
		VMOVDDUP(Mem{Base: h.gain}, gain)
		derivative := h.derivative(sum)
		VMOVDDUP(derivative, c)
		for half := range weights {
			t := XMM()
			VMULPD(shrink, weights[half], weights[half])
			VMULPD(Mem{Base: h.x, Disp: 16 * half}, gain, t)
			VMULPD(c, t, t)
			VADDPD(t, weights[half], weights[half])
		}
		h.moveIntercept(derivative)
		h.next(stride)
	})
	for half := range weights {
		VMOVUPD(weights[half], Mem{Base: w, Disp: 16 * half})
	}
	h.end()
}

func huberInRegisters(vectors int) {
	name := fmt.Sprintf("huber%dAVX2", vectors)
	TEXT(name, NOSPLIT, huberSignature)
	Pragma("noescape")
	w, stride := Load(Param("w").Base(), GP64()), Load(Param("stride"), GP64())
	SHLQ(Imm(3), stride)
	h := newHuber()
	weights := make([]VecVirtual, vectors)
	for v := range weights {
		weights[v] = YMM()
		VMOVUPD(at(w, v), weights[v])
	}
	loop(name+"_rows", h.n, 1, func() {
		products := make([]VecVirtual, vectors)
		for v := range products {
			products[v] = YMM()
			VMULPD(at(h.x, v), weights[v], products[v])
		}
		shrink, gain, c := YMM(), YMM(), YMM()
		VBROADCASTSD(Mem{Base: h.shrink}, shrink)
		VBROADCASTSD(Mem{Base: h.gain}, gain)
		derivative := h.derivative(sumOfLanes(sumOf(products)))
		VBROADCASTSD(derivative, c)
		for v := range weights {
			t := YMM()
			VMULPD(shrink, weights[v], weights[v])
			VMULPD(at(h.x, v), gain, t)
			VMULPD(c, t, t)
			VADDPD(t, weights[v], weights[v])
		}
		h.moveIntercept(derivative)
		h.next(stride)
	})
	for v := range weights {
		VMOVUPD(weights[v], at(w, v))
	}
	h.end()
}

// huberInMemory moves the weights by a row and sums their products with the next one in one sweep: the next row's dot product, in Dot's order.
func huberInMemory() {
	TEXT("huberManyAVX2", NOSPLIT, huberSignature)
	Pragma("noescape")
	h := newHuber()
	width, stride := Load(Param("w").Len(), GP64()), Load(Param("stride"), GP64())
	SHLQ(Imm(3), stride)
	sums := []VecVirtual{YMM(), YMM(), YMM(), YMM()}
	x, w, left := GP64(), GP64(), GP64()
	sweep := func(name string, row func(v int)) {
		Load(Param("w").Base(), w)
		MOVQ(h.x, x)
		MOVQ(width, left)
		for _, sum := range sums {
			VXORPD(sum, sum, sum)
		}
		loop(name, left, accumulators*lanes, func() {
			for v := range accumulators {
				row(v)
			}
			ADDQ(Imm(accumulators*bytesAVector), x)
			ADDQ(Imm(accumulators*bytesAVector), w)
		})
		for v := range accumulators - 1 {
			CMPQ(left, Imm(lanes))
			JL(LabelRef(name + "_sum"))
			row(v)
			SUBQ(Imm(lanes), left)
		}
		Label(name + "_sum")
	}
	t, next, u, shrink := YMM(), YMM(), YMM(), YMM()
	TESTQ(h.n, h.n)
	JE(LabelRef("many_end"))
	sweep("many_first", func(v int) {
		VMOVUPD(at(w, v), next)
		VMULPD(at(x, v), next, t)
		VADDPD(t, sums[v], sums[v])
	})
	Label("many_rows")
	derivative := h.derivative(sumOfLanes(sumOf(sums)))
	h.moveIntercept(derivative)
	VMULSD(Mem{Base: h.gain}, derivative, derivative)
	VBROADCASTSD(derivative, u)
	VBROADCASTSD(Mem{Base: h.shrink}, shrink)
	move := func(v int) {
		VMULPD(at(w, v), shrink, next)
		VMULPD(at(x, v), u, t)
		VADDPD(t, next, next)
		VMOVUPD(next, at(w, v))
	}
	DECQ(h.n)
	JE(LabelRef("many_last"))
	sweep("many_move", func(v int) {
		move(v)
		VMULPD(Mem{Base: x, Index: stride, Scale: 1, Disp: bytesAVector * v}, next, t)
		VADDPD(t, sums[v], sums[v])
	})
	h.next(stride)
	JMP(LabelRef("many_rows"))
	Label("many_last")
	sweep("many_move_last", move)
	Label("many_end")
	h.end()
}

func gains() {
	TEXT("gainsAVX2", NOSPLIT, "func(gain, shrink, divisor, weight []float64, numerator, alpha float64)")
	Pragma("noescape")
	gain, shrink := Load(Param("gain").Base(), GP64()), Load(Param("shrink").Base(), GP64())
	divisor, weight := Load(Param("divisor").Base(), GP64()), Load(Param("weight").Base(), GP64())
	n := Load(Param("gain").Len(), GP64())
	numerator, alpha := broadcastParam("numerator"), broadcastParam("alpha")
	zero, one := zeros(1)[0], YMM()
	bits := GP64()
	MOVQ(Imm(0x3ff0000000000000), bits)
	VMOVQ(bits, one.AsX())
	VBROADCASTSD(one.AsX(), one)
	loop("gains", n, lanes, func() {
		rate, keep := YMM(), YMM()
		VDIVPD(at(divisor, 0), numerator, rate)
		VMULPD(alpha, rate, keep)
		VSUBPD(keep, one, keep)
		VMAXPD(keep, zero, keep)
		VMOVUPD(keep, at(shrink, 0))
		VMULPD(at(weight, 0), rate, rate)
		VMOVUPD(rate, at(gain, 0))
		for _, p := range []Register{gain, shrink, divisor, weight} {
			ADDQ(Imm(bytesAVector), p)
		}
	})
	VZEROUPPER()
	RET()
}
