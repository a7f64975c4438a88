package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/gotypes"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const (
	lanes        = 4
	bytesAVector = 32
	accumulators = 4
)

// at vector v behind a pointer.
func at(base Register, v int) Mem { return Mem{Base: base, Disp: bytesAVector * v} }

// zeros in count vector registers.
func zeros(count int) []VecVirtual {
	r := make([]VecVirtual, count)
	for i := range r {
		r[i] = YMM()
		VXORPD(r[i], r[i], r[i])
	}
	return r
}

// sumOf vectors is (a₀+a₁)+(a₂+a₃), in a₀.
func sumOf(a []VecVirtual) VecVirtual {
	if len(a) > 1 {
		VADDPD(a[1], a[0], a[0])
	}
	switch len(a) {
	case 3:
		VADDPD(a[2], a[0], a[0])
	case 4:
		VADDPD(a[3], a[2], a[2])
		VADDPD(a[2], a[0], a[0])
	}
	return a[0]
}

// sumOfLanes is (l₀+l₂)+(l₁+l₃).
func sumOfLanes(a VecVirtual) VecVirtual {
	sum, high := XMM(), XMM()
	VEXTRACTF128(Imm(1), a, high)
	VADDPD(high, a.AsX(), sum)
	VUNPCKHPD(sum, sum, high)
	VADDSD(high, sum, sum)
	return sum
}

// largestOfLanes, in the first lane of a, which is spent.
func largestOfLanes(a VecVirtual) Register {
	high := XMM()
	VEXTRACTF128(Imm(1), a, high)
	VMAXPD(high, a.AsX(), a.AsX())
	VUNPCKHPD(a.AsX(), a.AsX(), high)
	VMAXSD(high, a.AsX(), a.AsX())
	return a.AsX()
}

// loop body runs while count, going down by step, is step or more.
func loop(name string, count Register, step int, body func()) {
	Label(name)
	CMPQ(count, Imm(uint64(step)))
	JL(LabelRef(name + "_end"))
	body()
	SUBQ(Imm(uint64(step)), count)
	JMP(LabelRef(name))
	Label(name + "_end")
}

// signBits is a mask of everything but the sign.
func magnitudeMask() VecVirtual {
	mask := YMM()
	VPCMPEQD(mask, mask, mask)
	VPSRLQ(Imm(1), mask, mask)
	return mask
}

func dot() {
	TEXT("dotAVX2", NOSPLIT, "func(a, b []float64) float64")
	Pragma("noescape")
	a, b := Load(Param("a").Base(), GP64()), Load(Param("b").Base(), GP64())
	n := Load(Param("a").Len(), GP64())
	sums, t := zeros(accumulators), YMM()
	loop("dot_four", n, accumulators*lanes, func() {
		for v := range accumulators {
			t := YMM()
			VMOVUPD(at(a, v), t)
			VMULPD(at(b, v), t, t)
			VADDPD(t, sums[v], sums[v])
		}
		ADDQ(Imm(accumulators*bytesAVector), a)
		ADDQ(Imm(accumulators*bytesAVector), b)
	})
	for v := range accumulators - 1 {
		CMPQ(n, Imm(lanes))
		JL(LabelRef("dot_sum"))
		VMOVUPD(at(a, v), t)
		VMULPD(at(b, v), t, t)
		VADDPD(t, sums[v], sums[v])
		SUBQ(Imm(lanes), n)
	}
	Label("dot_sum")
	VMOVSD(sumOfLanes(sumOf(sums)), address(ReturnIndex(0)))
	VZEROUPPER()
	RET()
}

func addScaled() {
	TEXT("addScaledAVX2", NOSPLIT, "func(dst []float64, u float64, x []float64)")
	Pragma("noescape")
	dst, x := Load(Param("dst").Base(), GP64()), Load(Param("x").Base(), GP64())
	n := Load(Param("dst").Len(), GP64())
	u, t := broadcastParam("u"), YMM()
	one := func(v int) {
		VMULPD(at(x, v), u, t)
		VADDPD(at(dst, v), t, t)
		VMOVUPD(t, at(dst, v))
	}
	loop("add_two", n, 2*lanes, func() {
		one(0)
		one(1)
		ADDQ(Imm(2*bytesAVector), x)
		ADDQ(Imm(2*bytesAVector), dst)
	})
	CMPQ(n, Imm(lanes))
	JL(LabelRef("add_end"))
	one(0)
	Label("add_end")
	VZEROUPPER()
	RET()
}

// address of a parameter or result. Numbers are moved by VMOVSD: an instruction from before AVX would have to keep the upper halves of the registers.
func address(c gotypes.Component) Mem {
	basic, err := c.Resolve()
	if err != nil {
		panic(err)
	}
	return basic.Addr
}

func broadcastParam(name string) VecVirtual {
	v := YMM()
	VBROADCASTSD(address(Param(name)), v)
	return v
}

func standardise() {
	TEXT("standardiseAVX2", NOSPLIT, "func(dst, x, centre, perScale []float64)")
	Pragma("noescape")
	dst, x := Load(Param("dst").Base(), GP64()), Load(Param("x").Base(), GP64())
	c, s := Load(Param("centre").Base(), GP64()), Load(Param("perScale").Base(), GP64())
	n := Load(Param("dst").Len(), GP64())
	loop("standardise", n, lanes, func() {
		t := YMM()
		VMOVUPD(at(x, 0), t)
		VSUBPD(at(c, 0), t, t)
		VMULPD(at(s, 0), t, t)
		VMOVUPD(t, at(dst, 0))
		for _, p := range []Register{x, c, s, dst} {
			ADDQ(Imm(bytesAVector), p)
		}
	})
	VZEROUPPER()
	RET()
}

func maxAbs() {
	TEXT("maxAbsAVX2", NOSPLIT, "func(x []float64) float64")
	Pragma("noescape")
	x, n := Load(Param("x").Base(), GP64()), Load(Param("x").Len(), GP64())
	mask, largest := magnitudeMask(), zeros(1)[0]
	loop("largest", n, lanes, func() {
		t := YMM()
		VANDPD(at(x, 0), mask, t)
		VMAXPD(t, largest, largest)
		ADDQ(Imm(bytesAVector), x)
	})
	VMOVSD(largestOfLanes(largest), address(ReturnIndex(0)))
	VZEROUPPER()
	RET()
}

func squareRoots() {
	TEXT("squareRootsAVX2", NOSPLIT, "func(x []float64)")
	Pragma("noescape")
	x, n := Load(Param("x").Base(), GP64()), Load(Param("x").Len(), GP64())
	loop("roots", n, lanes, func() {
		t := YMM()
		VSQRTPD(at(x, 0), t)
		VMOVUPD(t, at(x, 0))
		ADDQ(Imm(bytesAVector), x)
	})
	VZEROUPPER()
	RET()
}

// finite tells whether all differences v − v, 0 or NaN, are 0 in all their bits.
func finite() {
	TEXT("finiteAVX2", NOSPLIT, "func(x []float64) bool")
	Pragma("noescape")
	x, n := Load(Param("x").Base(), GP64()), Load(Param("x").Len(), GP64())
	bad := zeros(1)[0]
	loop("finite", n, lanes, func() {
		t := YMM()
		VMOVUPD(at(x, 0), t)
		VSUBPD(t, t, t)
		VORPD(t, bad, bad)
		ADDQ(Imm(bytesAVector), x)
	})
	VPTEST(bad, bad)
	SETEQ(address(ReturnIndex(0)))
	VZEROUPPER()
	RET()
}
