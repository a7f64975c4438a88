package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The fields of struct Progress, by their offsets in vectors; the two after them are numbers.
const (
	progressLoss = iota
	progressAbsolute
	progressSquare
	progressWindow
	progressBaseline
	progressInside
	progressPull
	progressConstant
)

const (
	progressSums       = progressPull // that stay in registers
	progressGainOffset = bytesAVector*progressConstant + 8
	progressRowsOffset = bytesAVector*progressConstant + 16
)

// everyLane of a constant in memory.
func everyLane(name string, value float64) Mem { return everyLaneOf(name, F64(value)) }

func everyLaneOf(name string, value Constant) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for lane := range lanes {
		DATA(8*lane, value)
	}
	return m
}

// progress works on four rows at a time, each in its lane, and moves the constant after twice as many. The rows so far are a multiple of eight, and so are these.
func progress() {
	half, one := everyLane("half", 0.5), everyLane("one", 1)
	largest, prior := everyLane("largest", math.MaxFloat64), everyLane("four", lanes)
	pull, least := everyLane("largestPull", math.MaxFloat64/16), everyLane("least", -math.MaxFloat64)
	magnitude := everyLaneOf("magnitude", U64(math.MaxInt64))
	TEXT("progressAVX2", NOSPLIT, "func(sums *[4]float64, prediction, y, knee []float64, keep4 float64) uint64")
	Pragma("noescape")
	state, n := Load(Param("sums"), GP64()), Load(Param("prediction").Len(), GP64())
	prediction, y, knee := Load(Param("prediction").Base(), GP64()), Load(Param("y").Base(), GP64()), Load(Param("knee").Base(), GP64())
	ADDQ(n, Mem{Base: state, Disp: progressRowsOffset})
	var f [progressSums]VecVirtual
	for i := range f {
		f[i] = YMM()
		VMOVUPD(at(state, i), f[i])
	}
	constant, gain := YMM(), XMM()
	VBROADCASTSD(at(state, progressConstant), constant)
	VMOVSD(Mem{Base: state, Disp: progressGainOffset}, gain)
	keep := broadcastParam("keep4")
	outliers, beyond := GP64(), GP64()
	XORQ(outliers, outliers)
	four := func(v int) (pulled VecVirtual) {
		r, loss, t := YMM(), YMM(), YMM()
		VMOVUPD(at(prediction, v), r)
		VSUBPD(at(y, v), r, r)
		VANDPD(magnitude, r, r)
		VMINPD(largest, r, r)
		VCMPPD(Imm(0x1e), at(knee, v), r, t) // r > δ
		VMOVMSKPD(t, beyond.As32())
		POPCNTQ(beyond, beyond)
		ADDQ(beyond, outliers)
		VMINPD(at(knee, v), r, t)
		huberOf(r, t, loss, half)
		VADDPD(loss, f[progressLoss], f[progressLoss])
		VADDPD(r, f[progressAbsolute], f[progressAbsolute])
		VMULPD(r, r, r)
		VADDPD(r, f[progressSquare], f[progressSquare])
		VMULPD(keep, f[progressWindow], f[progressWindow])
		VADDPD(loss, f[progressWindow], f[progressWindow])
		VMINPD(largest, f[progressWindow], f[progressWindow])

		signed, bound := YMM(), YMM()
		VMOVUPD(at(knee, v), bound)
		VMINPD(pull, bound, bound)
		VMOVUPD(at(y, v), signed)
		VSUBPD(constant, signed, signed)
		size := r
		VANDPD(magnitude, signed, size)
		VMINPD(largest, size, size)
		VCMPPD(Imm(0x12), bound, size, t) // |s| ≤ bound
		VANDPD(one, t, t)
		VADDPD(t, f[progressInside], f[progressInside])
		VMINPD(bound, size, t)
		huberOf(size, t, loss, half)
		VADDPD(loss, f[progressBaseline], f[progressBaseline])
		VMINPD(bound, signed, signed)
		VXORPD(t, t, t)
		VSUBPD(bound, t, t)
		VMAXPD(t, signed, signed)
		return signed
	}
	loop("progress_blocks", n, 2*lanes, func() {
		first, second := four(0), four(1)
		VADDPD(second, first, first)
		VMOVUPD(first, at(state, progressPull))
		move := sumOfLanes(first)
		VMULSD(gain, move, move)
		VADDSD(move, constant.AsX(), move)
		VMINSD(largest, move, move)
		VMAXSD(least, move, move)
		VBROADCASTSD(move, constant)
		inside := sumOfLanes(f[progressInside])
		VADDSD(prior, inside, inside)
		VMOVSD(one, gain)
		VDIVSD(inside, gain, gain)
		for _, p := range []Register{prediction, y, knee} {
			ADDQ(Imm(2*bytesAVector), p)
		}
	})
	for i := range f {
		VMOVUPD(f[i], at(state, i))
	}
	VMOVSD(constant.AsX(), at(state, progressConstant))
	VMOVSD(gain, Mem{Base: state, Disp: progressGainOffset})
	Store(outliers, ReturnIndex(0))
	VZEROUPPER()
	RET()
}

// huberOf residuals of size r: a·(r − ½a).
func huberOf(r, a, dst VecVirtual, half Mem) {
	VMULPD(half, a, dst)
	VSUBPD(dst, r, dst)
	VMULPD(a, dst, dst)
}
