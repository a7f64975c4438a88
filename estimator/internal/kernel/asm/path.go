package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// joinPath joins the parts of the iterate on the way, and sums its distance from the reference.
func joinPath() {
	TEXT("joinPathAVX2", NOSPLIT, "func(sum, squares, moments, mean, iterate, step, reference, shift []float64, scale, n, perN float64) float64")
	Pragma("noescape")
	left := Load(Param("sum").Len(), GP64())
	var pointers []Register
	load := func(parameter string) Register {
		pointers = append(pointers, Load(Param(parameter).Base(), GP64()))
		return pointers[len(pointers)-1]
	}
	sum, squares, moments, mean := load("sum"), load("squares"), load("moments"), load("mean")
	iterate, reference, step, shift := load("iterate"), load("reference"), load("step"), load("shift")
	n, perN, scale, total := broadcastParam("n"), broadcastParam("perN"), broadcastParam("scale"), zeros(1)[0]
	loop("join", left, lanes, func() {
		from, d, t := YMM(), YMM(), YMM()
		VMOVUPD(at(reference, 0), from)
		VMOVUPD(at(iterate, 0), d)
		VMULPD(at(step, 0), scale, t)
		VADDPD(t, d, d)
		VMOVUPD(d, at(iterate, 0))
		VSUBPD(from, d, d)
		VMULPD(at(shift, 0), d, t)
		VADDPD(t, total, total)
		VADDPD(at(sum, 0), d, d)
		VMOVUPD(d, at(sum, 0))
		VMULPD(d, d, t)
		VADDPD(at(squares, 0), t, t)
		VMOVUPD(t, at(squares, 0))
		VMULPD(d, n, t)
		VADDPD(at(moments, 0), t, t)
		VMOVUPD(t, at(moments, 0))
		VMULPD(perN, d, t)
		VADDPD(t, from, t)
		VMOVUPD(t, at(mean, 0))
		for _, p := range pointers {
			ADDQ(Imm(bytesAVector), p)
		}
	})
	VMOVSD(sumOfLanes(total), address(ReturnIndex(0)))
	VZEROUPPER()
	RET()
}
