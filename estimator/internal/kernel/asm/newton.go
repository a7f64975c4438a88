package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const mostCoefficients = 5 // vectors of them that newton's kernels keep in registers

// standardiseShifted standardises the features of a row behind the intercept, which is before's first lane: they are shifted by a lane in registers, as to read them back so soon after
// they were written would take longer. There may be one vector of features less. It returns the vectors, and the largest magnitude in each lane.
func standardiseShifted(name string, vectors int, z, x, width, centre, perScale Register, before VecVirtual) (shifted []VecVirtual, largest VecVirtual) {
	magnitude, t := magnitudeMask(), YMM()
	largest, shifted = zeros(1)[0], make([]VecVirtual, vectors)
	for v := range vectors {
		shifted[v] = YMM()
		feature := YMM()
		VXORPD(feature, feature, feature)
		last := v == vectors-1
		if last {
			CMPQ(width, Imm(uint64(lanes*vectors)))
			JL(LabelRef(name + "_last"))
		}
		VMOVUPD(at(x, v), feature)
		VSUBPD(at(centre, v), feature, feature)
		VMULPD(at(perScale, v), feature, feature)
		VANDPD(feature, magnitude, t)
		VMAXPD(t, largest, largest)
		if last {
			Label(name + "_last")
		}
		VPERMPD(Imm(0x93), feature, feature) // the last lane first
		VBLENDPD(Imm(1), before, feature, shifted[v])
		VMOVUPD(shifted[v], at(z, v))
		before = feature
	}
	return shifted, largest
}

// timesRows sums zⱼ times row j of P over so many rows. The pointers and the count are spent.
func timesRows(name string, vectors int, rows, p, z Register) (sums []VecVirtual) {
	zj, t := YMM(), YMM()
	sums = zeros(vectors)
	loop(name, rows, 1, func() {
		VBROADCASTSD(Mem{Base: z}, zj)
		for v := range vectors {
			VMULPD(at(p, v), zj, t)
			VADDPD(t, sums[v], sums[v])
		}
		ADDQ(Imm(8), z)
		ADDQ(Imm(uint64(bytesAVector*vectors)), p)
	})
	return sums
}

// dotOf vectors in registers with others.
func dotOf(a []VecVirtual, with func(v int) Op) VecVirtual {
	products, t := zeros(accumulators), YMM()
	for v := range a {
		VMULPD(with(v), a[v], t)
		VADDPD(t, products[v%accumulators], products[v%accumulators])
	}
	return sumOfLanes(sumOf(products))
}

// moveBy moves β by gain·Pz and the score by scored·z, and leaves root·Pz in q, which Pz was in, and behind pz.
func moveBy(q []VecVirtual, z func(v int) Op, beta, score, pz Register, gain, scored, root VecVirtual) {
	t := YMM()
	for v := range q {
		VMULPD(gain, q[v], t)
		VADDPD(at(beta, v), t, t)
		VMOVUPD(t, at(beta, v))
		VMULPD(z(v), scored, t)
		VADDPD(at(score, v), t, t)
		VMOVUPD(t, at(score, v))
		VMULPD(root, q[v], q[v])
		VMOVUPD(q[v], at(pz, v))
	}
}

// downdateRows subtracts qqᵀ from so many rows of P, and multiplies them by a factor; nil: not. The pointers and the count are spent.
func downdateRows(name string, q []VecVirtual, rows, p, pz Register, factor VecVirtual) {
	qi, t := YMM(), YMM()
	loop(name, rows, 1, func() {
		VBROADCASTSD(Mem{Base: pz}, qi)
		for v := range q {
			u := YMM()
			VMULPD(q[v], qi, t)
			VMOVUPD(at(p, v), u)
			VSUBPD(t, u, u)
			if factor != nil {
				VMULPD(factor, u, u)
			}
			VMOVUPD(u, at(p, v))
		}
		ADDQ(Imm(8), pz)
		ADDQ(Imm(uint64(bytesAVector*len(q))), p)
	})
}

func regard(vectors int) {
	name := fmt.Sprintf("regard%dAVX2", vectors)
	TEXT(name, NOSPLIT, "func(z, x *float64, centre, perScale []float64, beta, p, pz *float64, rows int) (far, product, h float64)")
	Pragma("noescape")
	z, x, width := Load(Param("z"), GP64()), Load(Param("x"), GP64()), Load(Param("centre").Len(), GP64())
	centre, perScale, before := Load(Param("centre").Base(), GP64()), Load(Param("perScale").Base(), GP64()), YMM()
	VMOVSD(Mem{Base: z}, before.AsX())
	shifted, largest := standardiseShifted(name, vectors, z, x, width, centre, perScale, before)
	VMOVSD(largestOfLanes(largest), address(ReturnIndex(0)))
	product := timesRows(name+"_rows", vectors, Load(Param("rows"), GP64()), Load(Param("p"), GP64()), z)
	beta, pz := Load(Param("beta"), GP64()), Load(Param("pz"), GP64())
	for v := range vectors {
		VMOVUPD(product[v], at(pz, v))
	}
	VMOVSD(dotOf(shifted, func(v int) Op { return at(beta, v) }), address(ReturnIndex(1)))
	VMOVSD(dotOf(shifted, func(v int) Op { return product[v] }), address(ReturnIndex(2)))
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
	q := make([]VecVirtual, vectors)
	for v := range q {
		q[v] = YMM()
		VMOVUPD(at(pz, v), q[v])
	}
	moveBy(q, func(v int) Op { return at(z, v) }, beta, score, pz, gain, scored, root)
	one := GP64()
	MOVQ(Imm(0x3ff0000000000000), one)
	CMPQ(one, address(Param("factor")))
	JE(LabelRef(name + "_plain"))
	downdateRows(name+"_scaled", q, rows, p, pz, factor)
	JMP(LabelRef(name + "_end"))
	Label(name + "_plain")
	downdateRows(name+"_rows", q, rows, p, pz, nil)
	Label(name + "_end")
	VZEROUPPER()
	RET()
}
