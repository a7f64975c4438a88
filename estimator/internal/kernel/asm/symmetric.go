package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// blockVectors of a row's columns are worked on at a time, over all rows.
const blockVectors = 4

// symmetricTimes sums zⱼ times row j, which for a symmetric matrix is the product, without a sum over lanes for every row.
func symmetricTimes() {
	TEXT("symmetricTimesAVX2", NOSPLIT, "func(dst, p, z []float64)")
	Pragma("noescape")
	dst, p := Load(Param("dst").Base(), GP64()), Load(Param("p").Base(), GP64())
	left := Load(Param("dst").Len(), GP64())
	stride := GP64()
	MOVQ(left, stride)
	SHLQ(Imm(3), stride)
	columns := func(name string, vectors int) {
		z, rows, row := Load(Param("z").Base(), GP64()), Load(Param("z").Len(), GP64()), GP64()
		MOVQ(p, row)
		sums, zj := zeros(vectors), YMM()
		loop(name+"_rows", rows, 1, func() {
			VBROADCASTSD(Mem{Base: z}, zj)
			for v := range vectors {
				t := YMM()
				VMULPD(at(row, v), zj, t)
				VADDPD(t, sums[v], sums[v])
			}
			ADDQ(Imm(8), z)
			ADDQ(stride, row)
		})
		for v := range vectors {
			VMOVUPD(sums[v], at(dst, v))
		}
		ADDQ(Imm(uint64(bytesAVector*vectors)), p)
		ADDQ(Imm(uint64(bytesAVector*vectors)), dst)
	}
	loop("times_block", left, blockVectors*lanes, func() { columns("times_block", blockVectors) })
	loop("times_two", left, 2*lanes, func() { columns("times_two", 2) })
	loop("times_one", left, lanes, func() { columns("times_one", 1) })
	VZEROUPPER()
	RET()
}

// symmetricDowndate subtracts qqᵀ and multiplies by a factor.
func symmetricDowndate() {
	TEXT("symmetricDowndateAVX2", NOSPLIT, "func(p, q []float64, rows int, factor float64)")
	Pragma("noescape")
	p, q := Load(Param("p").Base(), GP64()), Load(Param("q").Base(), GP64())
	rows, width := Load(Param("rows"), GP64()), Load(Param("q").Len(), GP64())
	factor, qi, of := broadcastParam("factor"), YMM(), GP64()
	MOVQ(q, of)
	loop("downdate_rows", rows, 1, func() {
		VBROADCASTSD(Mem{Base: of}, qi)
		from, left := GP64(), GP64()
		MOVQ(q, from)
		MOVQ(width, left)
		one := func(v int) {
			t, sum := YMM(), YMM()
			VMULPD(at(from, v), qi, t)
			VMOVUPD(at(p, v), sum)
			VSUBPD(t, sum, sum)
			VMULPD(factor, sum, sum)
			VMOVUPD(sum, at(p, v))
		}
		step := func(vectors int) func() {
			return func() {
				for v := range vectors {
					one(v)
				}
				ADDQ(Imm(uint64(bytesAVector*vectors)), from)
				ADDQ(Imm(uint64(bytesAVector*vectors)), p)
			}
		}
		loop("downdate_two", left, 2*lanes, step(2))
		loop("downdate_one", left, lanes, step(1))
		ADDQ(Imm(8), of)
	})
	VZEROUPPER()
	RET()
}

var _ Register // registers are named by their interface only
