package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Where kernel.Watch and kernel.Scores have their fields, in bytes.
const (
	watchedBytes = 16 * 8

	watchWeight  = watchedBytes
	watchLevel   = 2 * watchedBytes
	watchSpread  = watchLevel + scoresBytes
	watchWeights = watchSpread + scoresBytes
	watchCusum   = watchWeights + 8
	watchDrag    = watchCusum + bytesAVector
	watchMost    = watchDrag + bytesAVector

	scoresCenter   = 32
	scoresRho      = 40
	scoresPerScale = 48
	scoresMost     = 56
	scoresX        = 64
	scoresWeighted = scoresX + bytesAVector + watchedBytes
	scoresSquare   = scoresWeighted + watchedBytes
	scoresProduct  = scoresSquare + watchedBytes
	scoresE        = scoresProduct + watchedBytes
	scoresBytes    = scoresE + watchedBytes
)

// watch first makes all that a row does not wait for, four rows at a time; then it adds up, row by row.
func watch() {
	TEXT("watchAVX2", NOSPLIT, "func(w *float64, n int)")
	Pragma("noescape")
	w, n := Load(Param("w"), GP64()), Load(Param("n"), GP64())
	scoresOf("level", w, n, watchLevel, false)
	scoresOf("spread", w, n, watchSpread, true)
	field := func(offset int) Mem { return Mem{Base: w, Disp: offset} }
	type sum struct {
		in   VecVirtual
		at   int
		rows int
	}
	sums := []*sum{{at: watchWeights, rows: watchWeight}}
	for _, s := range []int{watchLevel, watchSpread} {
		for i, rows := range []int{scoresWeighted, scoresSquare, scoresProduct, scoresE} {
			sums = append(sums, &sum{at: s + 8*i, rows: s + rows})
		}
	}
	for _, s := range sums {
		s.in = XMM()
		VMOVSD(field(s.at), s.in)
	}
	cusum, most, sign, zero := YMM(), YMM(), YMM(), zeros(1)[0]
	VMOVUPD(field(watchCusum), cusum)
	VMOVUPD(field(watchMost), most)
	VPCMPEQQ(sign, sign, sign)
	VPSLLQ(Imm(63), sign, sign)
	VBLENDPD(Imm(0b1100), sign, zero, sign)
	row := GP64()
	MOVQ(w, row)
	loop("watch_rows", n, 1, func() {
		e := YMM()
		VBROADCASTSD(Mem{Base: row, Disp: watchLevel + scoresE}, e)
		VXORPD(sign, e, e)
		VADDPD(e, cusum, cusum)
		VSUBPD(field(watchDrag), cusum, cusum)
		VMAXPD(zero, cusum, cusum)
		VMAXPD(cusum, most, most)
		for _, s := range sums {
			VADDSD(Mem{Base: row, Disp: s.rows}, s.in, s.in)
		}
		ADDQ(Imm(8), row)
	})
	VMOVUPD(cusum, field(watchCusum))
	VMOVUPD(most, field(watchMost))
	for _, s := range sums {
		VMOVSD(s.in, field(s.at))
	}
	VZEROUPPER()
	RET()
}

// scoresOf the level, and after it those of the spread, which look at its x.
func scoresOf(name string, w, n Register, scores int, surprise bool) {
	constant := func(offset int) VecVirtual {
		v := YMM()
		VBROADCASTSD(Mem{Base: w, Disp: scores + offset}, v)
		return v
	}
	level, levelRho := YMM(), YMM()
	if surprise {
		VBROADCASTSD(Mem{Base: w, Disp: watchLevel + scoresCenter}, level)
		VBROADCASTSD(Mem{Base: w, Disp: watchLevel + scoresRho}, levelRho)
	}
	center, rho, perScale, most := constant(scoresCenter), constant(scoresRho), constant(scoresPerScale), constant(scoresMost)
	least := zeros(1)[0]
	VSUBPD(most, least, least)
	last, row, left := constant(scoresX+bytesAVector-8), GP64(), GP64()
	MOVQ(w, row)
	MOVQ(n, left)
	ADDQ(Imm(lanes-1), left)
	field := func(offset int) Mem { return Mem{Base: row, Disp: scores + offset} }
	loop("watch_"+name, left, lanes, func() {
		x, weight, before, t := YMM(), YMM(), YMM(), YMM()
		VMOVUPD(Mem{Base: row}, x)
		if surprise {
			VMOVUPD(Mem{Base: row, Disp: watchLevel + scoresX + bytesAVector - 8}, before)
			VSUBPD(level, before, before)
			VMULPD(before, levelRho, before)
			VSUBPD(level, x, x)
			VSUBPD(before, x, x)
			VMULPD(x, x, x)
		}
		VMINPD(x, most, x)
		VMAXPD(x, least, x)
		VMOVUPD(x, field(scoresX+bytesAVector))
		VMOVUPD(Mem{Base: row, Disp: watchWeight}, weight)
		VPERM2F128(Imm(0x21), x, last, before) // the last two, and the first two of these
		VSHUFPD(Imm(0b0101), x, before, before)
		VMOVAPD(x, last)
		VMULPD(x, weight, t)
		VMOVUPD(t, field(scoresWeighted))
		VMULPD(x, x, t)
		VMULPD(t, weight, t)
		VMOVUPD(t, field(scoresSquare))
		VMULPD(before, x, t)
		VMULPD(t, weight, t)
		VMOVUPD(t, field(scoresProduct))
		VSUBPD(center, before, before)
		VMULPD(before, rho, before)
		VSUBPD(center, x, x)
		VSUBPD(before, x, x)
		VMULPD(perScale, x, x)
		VMULPD(weight, x, x)
		VMOVUPD(x, field(scoresE))
		ADDQ(Imm(bytesAVector), row)
	})
}

// addScoresOf keeps the sums of four coefficients in registers over all rows.
func addScoresOf() {
	TEXT("addScoresOfAVX2", NOSPLIT, "func(sum, squares []float64, x *float64, stride int, centre, perScale, e []float64, clip float64)")
	Pragma("noescape")
	sum, squares := Load(Param("sum").Base(), GP64()), Load(Param("squares").Base(), GP64())
	x, stride := Load(Param("x"), GP64()), Load(Param("stride"), GP64())
	SHLQ(Imm(3), stride)
	c, s := Load(Param("centre").Base(), GP64()), Load(Param("perScale").Base(), GP64())
	width := Load(Param("sum").Len(), GP64())
	most, least := broadcastParam("clip"), zeros(1)[0]
	VSUBPD(most, least, least)
	e, row, left := GP64(), GP64(), GP64()
	loop("scores_of", width, lanes, func() {
		total, square, center, scale := YMM(), YMM(), YMM(), YMM()
		VMOVUPD(at(sum, 0), total)
		VMOVUPD(at(squares, 0), square)
		VMOVUPD(at(c, 0), center)
		VMOVUPD(at(s, 0), scale)
		Load(Param("e").Base(), e)
		Load(Param("e").Len(), left)
		MOVQ(x, row)
		loop("scores_of_row", left, 1, func() {
			t, weight := YMM(), YMM()
			VMOVUPD(at(row, 0), t)
			VBROADCASTSD(Mem{Base: e}, weight)
			VSUBPD(center, t, t)
			VMULPD(scale, t, t)
			VMINPD(t, most, t)
			VMAXPD(t, least, t)
			VMULPD(weight, t, t)
			VADDPD(t, total, total)
			VMULPD(t, t, t)
			VADDPD(t, square, square)
			ADDQ(stride, row)
			ADDQ(Imm(8), e)
		})
		VMOVUPD(total, at(sum, 0))
		VMOVUPD(square, at(squares, 0))
		for _, p := range []Register{sum, squares, x, c, s} {
			ADDQ(Imm(bytesAVector), p)
		}
	})
	VZEROUPPER()
	RET()
}

// endBlock of kernel.Evidence, four coefficients at a time.
func endBlock() {
	TEXT("endBlockAVX2", NOSPLIT, "func(sum, squares, mean, recent, up, down, up2, down2 *float64, width int, drag, drag2, n float64) (most, most2 float64)")
	Pragma("noescape")
	var columns []Register
	for _, name := range []string{"sum", "squares", "mean", "recent", "up", "down", "up2", "down2"} {
		columns = append(columns, Load(Param(name), GP64()))
	}
	sum, squares, mean, recent := columns[0], columns[1], columns[2], columns[3]
	width := Load(Param("width"), GP64())
	drag, drag2, n := broadcastParam("drag"), broadcastParam("drag2"), broadcastParam("n")
	r := zeros(3)
	zero, most, most2 := r[0], r[1], r[2]
	quarter := YMM()
	bits := GP64()
	MOVQ(Imm(0x3fd0000000000000), bits)
	VMOVQ(bits, quarter.AsX())
	VBROADCASTSD(quarter.AsX(), quarter)
	loop("end_block", width, lanes, func() {
		more, t, average := YMM(), YMM(), YMM()
		VSQRTPD(at(squares, 0), t)
		VMOVUPD(at(sum, 0), more)
		VDIVPD(t, more, more)
		VCMPPD(Imm(greater), zero, t, t)
		VANDPD(t, more, more) // 0 where there is no square
		VMOVUPD(at(mean, 0), average)
		VSUBPD(average, more, more)
		for i, k := range []VecVirtual{drag, drag, drag2, drag2} {
			VMOVUPD(at(columns[4+i], 0), t)
			if i%2 == 0 {
				VADDPD(more, t, t)
			} else {
				VSUBPD(more, t, t)
			}
			VSUBPD(k, t, t)
			VMAXPD(zero, t, t)
			VMOVUPD(t, at(columns[4+i], 0))
			largest := []VecVirtual{most, most2}[i/2]
			VMAXPD(t, largest, largest)
		}
		VSUBPD(at(recent, 0), more, t)
		VMULPD(quarter, t, t)
		VADDPD(at(recent, 0), t, t)
		VMOVUPD(t, at(recent, 0))
		VDIVPD(n, more, more)
		VADDPD(average, more, more)
		VMOVUPD(more, at(mean, 0))
		VMOVUPD(zero, at(sum, 0))
		VMOVUPD(zero, at(squares, 0))
		for _, p := range columns {
			ADDQ(Imm(bytesAVector), p)
		}
	})
	for i, largest := range []VecVirtual{most, most2} {
		high := XMM()
		VEXTRACTF128(Imm(1), largest, high)
		VMAXPD(high, largest.AsX(), largest.AsX())
		VUNPCKHPD(largest.AsX(), largest.AsX(), high)
		VMAXSD(high, largest.AsX(), largest.AsX())
		VMOVSD(largest.AsX(), address(ReturnIndex(i)))
	}
	VZEROUPPER()
	RET()
}
