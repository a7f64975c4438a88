package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// progressFields in their order in struct Progress.
const (
	progressLoss = iota
	progressAbsolute
	progressSquare
	progressWindow
	progressBaseline
	progressConstant
	progressRows
	progressFields
)

// progress works on one row at a time, for the sums are in the order of the rows; several rows are on the way at once in the processor.
func progress() {
	TEXT("progressAVX2", NOSPLIT, "func(sums *float64, prediction, y, knee []float64, keep float64) uint64")
	Pragma("noescape")
	state, n := Load(Param("sums"), GP64()), Load(Param("prediction").Len(), GP64())
	prediction, y, knee := Load(Param("prediction").Base(), GP64()), Load(Param("y").Base(), GP64()), Load(Param("knee").Base(), GP64())
	var f [progressFields]VecVirtual
	for i := range f {
		f[i] = XMM()
		VMOVSD(Mem{Base: state, Disp: 8 * i}, f[i])
	}
	outliers := GP64()
	XORQ(outliers, outliers)
	keep, half, one, largest, magnitude := XMM(), XMM(), XMM(), XMM(), XMM()
	VMOVSD(address(Param("keep")), keep)
	constant := func(bits uint64, to VecVirtual) {
		t := GP64()
		MOVQ(Imm(bits), t)
		MOVQ(t, to)
	}
	constant(0x3fe0000000000000, half)
	constant(0x3ff0000000000000, one)
	constant(0x7fefffffffffffff, largest)
	constant(0x7fffffffffffffff, magnitude)
	loop("progress_rows", n, 1, func() {
		target, r, a, t := XMM(), XMM(), XMM(), XMM()
		VMOVSD(Mem{Base: y}, target)
		VMOVSD(Mem{Base: prediction}, r)
		VSUBSD(target, r, r)
		VANDPD(magnitude, r, r)
		VMINSD(largest, r, r)
		beyond := GP64()
		VMOVSD(Mem{Base: knee}, a)
		XORQ(beyond, beyond)
		VUCOMISD(a, r)
		SETHI(beyond.As8())
		ADDQ(beyond, outliers)
		loss := huberOf(r, a, half)
		VADDSD(loss, f[progressLoss], f[progressLoss])
		VADDSD(r, f[progressAbsolute], f[progressAbsolute])
		VMULSD(r, r, t)
		VADDSD(t, f[progressSquare], f[progressSquare])
		VMULSD(keep, f[progressWindow], f[progressWindow])
		VADDSD(loss, f[progressWindow], f[progressWindow])
		VMINSD(largest, f[progressWindow], f[progressWindow])
		progressBaselineRow(f, target, a, half, one, largest, magnitude)
		for _, p := range []Register{prediction, y, knee} {
			ADDQ(Imm(8), p)
		}
	})
	for i := range f {
		VMOVSD(f[i], Mem{Base: state, Disp: 8 * i})
	}
	Store(outliers, ReturnIndex(0))
	RET()
}

// huberOf a residual of size r: a·(r − ½a), a = min(r, δ).
func huberOf(r, delta, half VecVirtual) VecVirtual {
	a, t := XMM(), XMM()
	VMINSD(delta, r, a)
	VMULSD(half, a, t)
	VSUBSD(t, r, t)
	VMULSD(a, t, t)
	return t
}

// progressBaselineRow scores and moves the constant.
func progressBaselineRow(f [progressFields]VecVirtual, target, delta, half, one, largest, magnitude VecVirtual) {
	bound, negative, signed, size, t := XMM(), XMM(), XMM(), XMM(), XMM()
	VADDSD(one, f[progressRows], f[progressRows])
	VDIVSD(f[progressRows], one, t)
	VMINSD(largest, delta, bound)
	VXORPD(negative, negative, negative)
	VSUBSD(bound, negative, negative)
	VSUBSD(f[progressConstant], target, signed)
	VANDPD(magnitude, signed, size)
	VMINSD(largest, size, size)
	loss := huberOf(size, bound, half)
	VADDSD(loss, f[progressBaseline], f[progressBaseline])
	VMINSD(bound, signed, signed)
	VMAXSD(negative, signed, signed)
	VMULSD(t, signed, signed)
	VADDSD(signed, f[progressConstant], f[progressConstant])
}
