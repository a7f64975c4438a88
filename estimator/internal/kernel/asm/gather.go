package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// bytesAhead of the rows that are gathered.
const bytesAhead = 256

// gather transposes blocks of four rows of four columns in registers. The differences v − v, 0 or NaN, are or-ed together.
func gather() {
	TEXT("gatherAVX2", NOSPLIT, "func(dst *float64, stride int, columns [][]float64, from, n int) bool")
	Pragma("noescape")
	Doc("gatherAVX2 gathers n rows, a multiple of four, of columns, a multiple of four too.")
	dst := Load(Param("dst"), GP64())
	stride := Load(Param("stride"), GP64())
	SHLQ(Imm(3), stride)
	from, n := Load(Param("from"), GP64()), Load(Param("n"), GP64())
	SHLQ(Imm(3), from)
	bad := zeros(1)[0]
	rows := func(name string, rows int) func() {
		return func() {
			columns, left := Load(Param("columns").Base(), GP64()), Load(Param("columns").Len(), GP64())
			to := GP64()
			MOVQ(dst, to)
			loop(name+"_columns", left, lanes, func() {
				gatherColumns(columns, from, to, stride, bad, rows)
				ADDQ(Imm(24*lanes), columns)
				ADDQ(Imm(bytesAVector), to)
			})
			ADDQ(Imm(uint64(8*rows)), from)
			for range rows {
				ADDQ(stride, dst)
			}
		}
	}
	loop("gather_eight", n, 2*lanes, rows("gather_eight", 2*lanes))
	loop("gather_four", n, lanes, rows("gather_four", lanes))
	VPTEST(bad, bad)
	SETEQ(address(ReturnIndex(0)))
	VZEROUPPER()
	RET()
}

// gatherColumns writes a few rows of four columns. The lines of the cache after them are asked for: they come while these are learned from.
func gatherColumns(columns, from, dst, stride Register, bad VecVirtual, rows int) {
	var c [lanes]GPVirtual
	for j := range c {
		c[j] = GP64()
		MOVQ(Mem{Base: columns, Disp: 24 * j}, c[j])
		ADDQ(from, c[j])
		PREFETCHT0(Mem{Base: c[j], Disp: bytesAhead})
	}
	to := GP64()
	MOVQ(dst, to)
	for block := range rows / lanes {
		gatherBlock(c, bytesAVector*block, to, stride, bad)
	}
}

func gatherBlock(c [lanes]GPVirtual, offset int, to, stride Register, bad VecVirtual) {
	var v [lanes]VecVirtual
	for j := range v {
		v[j] = YMM()
		VMOVUPD(Mem{Base: c[j], Disp: offset}, v[j])
		t := YMM()
		VSUBPD(v[j], v[j], t)
		VORPD(t, bad, bad)
	}
	var t [lanes]VecVirtual
	for j := range t {
		t[j] = YMM()
	}
	VUNPCKLPD(v[1], v[0], t[0])
	VUNPCKHPD(v[1], v[0], t[1])
	VUNPCKLPD(v[3], v[2], t[2])
	VUNPCKHPD(v[3], v[2], t[3])
	row := YMM()
	for i, pair := range [][2]VecVirtual{{t[0], t[2]}, {t[1], t[3]}, {t[0], t[2]}, {t[1], t[3]}} {
		half := uint64(0x20)
		if i >= 2 {
			half = 0x31
		}
		VPERM2F128(Imm(half), pair[1], pair[0], row)
		VMOVUPD(row, Mem{Base: to})
		ADDQ(stride, to)
	}
}
