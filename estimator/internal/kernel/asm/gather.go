package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// bytesAhead of a column are asked for while its rows are gathered: the processor does not see by itself that so many columns are read along.
const bytesAhead = 256

// gather transposes blocks of four rows of four columns in registers, four columns after four. The differences v − v, 0 or NaN, are or-ed together.
func gather() {
	TEXT("gatherAVX2", NOSPLIT, "func(dst *float64, stride int, columns [][]float64, from, n int) bool")
	Pragma("noescape")
	Doc("gatherAVX2 gathers n rows, a multiple of four, of columns, a multiple of four too.")
	dst := Load(Param("dst"), GP64())
	stride := Load(Param("stride"), GP64())
	SHLQ(Imm(3), stride)
	columns, left := Load(Param("columns").Base(), GP64()), Load(Param("columns").Len(), GP64())
	from := Load(Param("from"), GP64())
	SHLQ(Imm(3), from)
	bad := zeros(1)[0]
	loop("gather_columns", left, lanes, func() {
		var c [lanes]GPVirtual
		for j := range c {
			c[j] = GP64()
			MOVQ(Mem{Base: columns, Disp: 24 * j}, c[j])
			ADDQ(from, c[j])
		}
		rows, to := Load(Param("n"), GP64()), GP64()
		MOVQ(dst, to)
		loop("gather_eight", rows, 2*lanes, func() {
			for j := range c {
				PREFETCHT0(Mem{Base: c[j], Disp: bytesAhead})
			}
			gatherBlock(c, to, stride, bad)
			gatherBlock(c, to, stride, bad)
		})
		loop("gather_four", rows, lanes, func() { gatherBlock(c, to, stride, bad) })
		ADDQ(Imm(24*lanes), columns)
		ADDQ(Imm(bytesAVector), dst)
	})
	VPTEST(bad, bad)
	SETEQ(address(ReturnIndex(0)))
	VZEROUPPER()
	RET()
}

func gatherBlock(c [lanes]GPVirtual, to, stride Register, bad VecVirtual) {
	var v [lanes]VecVirtual
	for j := range v {
		v[j] = YMM()
		VMOVUPD(Mem{Base: c[j]}, v[j])
		ADDQ(Imm(bytesAVector), c[j])
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
