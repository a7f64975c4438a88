package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const (
	bytesAHeader = 24  // of a slice
	bytesAhead   = 256 // of four columns that are gathered alone

	largest = 1e60 // kernel.Largest
	notUpTo = 6    // the comparison "not less or equal", which NaN passes
)

// values that are checked: which of them are out of range, in all lanes so far, and what it takes to see it.
type values struct{ bad, magnitude, largest VecVirtual }

// gather transposes blocks of four rows of four columns in registers. Whether a value's magnitude is no number up to 10⁶⁰, all ones or 0, is
// or-ed together.
//
// Eight columns are gathered together, eight rows after eight: that is a line of the cache of each column, and one of each row, so that no line is written
// twice. The processor does not see by itself that so many columns are read along, so the same rows of the eight columns after them are asked for
// meanwhile; beside the last eight, the first ones' rows after these.
func gather() {
	TEXT("gatherAVX2", NOSPLIT, "func(dst *float64, stride int, columns [][]float64, from, n int) bool")
	Pragma("noescape")
	Doc("gatherAVX2 gathers n rows, a multiple of four, of columns, a multiple of four too.")
	dst := Load(Param("dst"), GP64())
	stride := Load(Param("stride"), GP64())
	SHLQ(Imm(3), stride)
	columns, left := Load(Param("columns").Base(), GP64()), Load(Param("columns").Len(), GP64())
	check := values{bad: zeros(1)[0], magnitude: magnitudeMask(), largest: YMM()}
	VBROADCASTSD(ConstData("range", F64(largest)), check.largest)
	loop("gather_columns", left, 2*lanes, func() { gatherEight(columns, left, dst, stride, check) })
	TESTQ(left, left)
	JE(LabelRef("gather_done"))
	gatherFour(columns, dst, stride, check)
	Label("gather_done")
	VPTEST(check.bad, check.bad)
	SETEQ(address(ReturnIndex(0)))
	VZEROUPPER()
	RET()
}

// gatherEight columns, and go on to the next.
func gatherEight(columns, left, dst, stride Register, check values) {
	at, next, ahead := Load(Param("from"), GP64()), GP64(), GP64()
	rows, to := Load(Param("n"), GP64()), GP64()
	SHLQ(Imm(3), at)
	MOVQ(dst, to)
	MOVQ(columns, next)
	ADDQ(Imm(2*lanes*bytesAHeader), next)
	MOVQ(at, ahead)
	CMPQ(left, Imm(4*lanes))
	JGE(LabelRef("gather_rows"))
	Load(Param("columns").Base(), next)
	LEAQ(Mem{Base: ahead, Index: rows, Scale: 8}, ahead)
	half := func(first int, block func(c [lanes]GPVirtual, to Register)) {
		c := columnsAt(columns, at, first)
		back := GP64()
		MOVQ(to, back)
		block(c, back)
	}
	Label("gather_rows")
	loop("gather_eight", rows, 2*lanes, func() {
		for j := range 2 * lanes {
			line := GP64()
			MOVQ(Mem{Base: next, Disp: bytesAHeader * j}, line)
			PREFETCHT0(Mem{Base: line, Index: ahead, Scale: 1})
		}
		for first := range 2 {
			half(first, func(c [lanes]GPVirtual, back Register) {
				ADDQ(Imm(uint64(bytesAVector*first)), back)
				gatherBlock(c, back, stride, check)
				gatherBlock(c, back, stride, check)
			})
		}
		LEAQ(Mem{Base: to, Index: stride, Scale: 8}, to)
		ADDQ(Imm(2*bytesAVector), at)
		ADDQ(Imm(2*bytesAVector), ahead)
	})
	TESTQ(rows, rows)
	JE(LabelRef("gather_next"))
	for first := range 2 {
		half(first, func(c [lanes]GPVirtual, back Register) {
			ADDQ(Imm(uint64(bytesAVector*first)), back)
			gatherBlock(c, back, stride, check)
		})
	}
	Label("gather_next")
	ADDQ(Imm(2*lanes*bytesAHeader), columns)
	ADDQ(Imm(2*bytesAVector), dst)
}

// columnsAt are pointers to a row of four columns, the first or the second four.
func columnsAt(columns, at Register, which int) (c [lanes]GPVirtual) {
	for j := range c {
		c[j] = GP64()
		MOVQ(Mem{Base: columns, Disp: bytesAHeader * (lanes*which + j)}, c[j])
		ADDQ(at, c[j])
	}
	return c
}

// gatherFour columns, all there are or the last.
func gatherFour(columns, to, stride Register, check values) {
	at, rows := Load(Param("from"), GP64()), Load(Param("n"), GP64())
	SHLQ(Imm(3), at)
	c := columnsAt(columns, at, 0)
	loop("gather_four_eight", rows, 2*lanes, func() {
		for j := range c {
			PREFETCHT0(Mem{Base: c[j], Disp: bytesAhead})
		}
		gatherBlock(c, to, stride, check)
		gatherBlock(c, to, stride, check)
	})
	loop("gather_four", rows, lanes, func() { gatherBlock(c, to, stride, check) })
}

func gatherBlock(c [lanes]GPVirtual, to, stride Register, check values) {
	var v [lanes]VecVirtual
	for j := range v {
		v[j] = YMM()
		VMOVUPD(Mem{Base: c[j]}, v[j])
		ADDQ(Imm(bytesAVector), c[j])
		t := YMM()
		VANDPD(check.magnitude, v[j], t)
		VCMPPD(Imm(notUpTo), check.largest, t, t)
		VORPD(t, check.bad, check.bad)
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
