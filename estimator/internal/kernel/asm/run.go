package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The slices at the head of struct Run, and the words after them.
const (
	runCentre = iota
	runPerScale
	runZ
	runBeta
	runScore
	runP
	runPZ
	runSlices
)

const (
	runCoefficients = iota
	runFading
	runLocation
	runUnit
	runNearest
	runReach
	runSharp
	runLambda
	runPerLambda
	runKnee
	runRawKnee
	runKneePerSigma
	runSigma
	runMedian
	runDown
	runUp
	runSmallest
	runMost
	runInsideKnee
	runRounding
	runKeep
	runSums  = runKeep + lanes
	runWords = runSums + lanes
)

const runBytes = bytesAHeader*runSlices + 8*runWords

// A runner has a row's features, with the intercept, and Pz in registers until they are spent.
type runner struct {
	name                              string
	vectors                           int
	one, largest, magnitude, sign     Mem
	state, x, stride, done, y, weight Register
	z, pz                             []VecVirtual
	r, size, h, a, delta              VecVirtual
	denominator, target               VecVirtual
}

// runs of up to so many vectors of coefficients.
func runs(most int) {
	of := runner{one: everyLane("runOne", 1), largest: everyLane("runLargest", math.MaxFloat64), magnitude: everyLaneOf("runMagnitude", U64(math.MaxInt64)), sign: everyLaneOf("runSign", U64(1<<63))}
	for vectors := 1; vectors <= most; vectors++ {
		r := of
		r.name, r.vectors = fmt.Sprintf("run%dAVX2", vectors), vectors
		r.run()
	}
}

// run goes along the rows, and in each of them from model to model: while one waits for its own numbers, the processor is at work on the next.
func (r *runner) run() {
	TEXT(r.name, NOSPLIT, "func(s *[]float64, models int, x *float64, stride int, y, weight, prediction, knee []float64) (done int)")
	Pragma("noescape")
	r.state, r.x, r.stride, r.done = GP64(), Load(Param("x"), GP64()), Load(Param("stride"), GP64()), GP64()
	SHLQ(Imm(3), r.stride)
	r.y, r.weight = Load(Param("y").Base(), GP64()), Load(Param("weight").Base(), GP64())
	rows, models := Load(Param("y").Len(), GP64()), GP64()
	XORQ(r.done, r.done)
	loop(r.name+"_rows", rows, 1, func() {
		Load(Param("s"), r.state)
		Load(Param("models"), models)
		Label(r.name + "_models")
		r.standardise()
		r.foresee()
		r.step()
		r.tally()
		r.follow()
		INCQ(r.done)
		ADDQ(U32(runBytes), r.state)
		DECQ(models)
		JNE(LabelRef(r.name + "_models"))
		ADDQ(r.stride, r.x)
		ADDQ(Imm(8), r.y)
		ADDQ(Imm(8), r.weight)
	})
	Store(r.done, ReturnIndex(0))
	VZEROUPPER()
	RET()
}

// field of the state.
func (r *runner) field(which int) Mem {
	return Mem{Base: r.state, Disp: bytesAHeader*runSlices + 8*which}
}

func (r *runner) slice(which int) Register {
	p := GP64()
	MOVQ(Mem{Base: r.state, Disp: bytesAHeader * which}, p)
	return p
}

// result of the row and the model, in a slice with a number of each.
func (r *runner) result(slice string) Mem {
	return Mem{Base: Load(Param(slice).Base(), GP64()), Index: r.done, Scale: 8}
}

// stop before the row, if jump does.
func (r *runner) stop(jump func(Op)) { jump(LabelRef(r.name + "_rows_end")) }

// standardise the row, stop the run before it if it is too far, and multiply P by it.
func (r *runner) standardise() {
	width, z, before := GP64(), r.slice(runZ), YMM()
	MOVQ(Mem{Base: r.state, Disp: bytesAHeader*runCentre + 8}, width)
	VMOVUPD(r.one, before)
	var largest VecVirtual
	r.z, largest = standardiseShifted(r.name, r.vectors, z, r.x, width, r.slice(runCentre), r.slice(runPerScale), before)
	nearest := XMM()
	VMOVSD(r.field(runNearest), nearest)
	VUCOMISD(largestOfLanes(largest), nearest)
	r.stop(JCS)
	rows := GP64()
	MOVQ(r.field(runCoefficients), rows)
	r.pz = timesRows(r.name+"_times", r.vectors, rows, r.slice(runP), z)
}

// foresee the row, and stop the run before it where it is not like most.
func (r *runner) foresee() {
	beta := r.slice(runBeta)
	product := dotOf(r.z, func(v int) Op { return at(beta, v) })
	r.h = dotOf(r.z, func(v int) Op { return r.pz[v] })
	zero, p, t := XMM(), XMM(), XMM()
	VXORPD(zero, zero, zero)
	VMAXSD(r.h, zero, r.h) // NaN stays NaN
	VMOVSD(r.field(runUnit), t)
	VMULSD(t, product, p)
	VADDSD(r.field(runLocation), p, p)
	VSUBSD(p, p, zero)
	VUCOMISD(zero, zero)
	r.stop(JPS)
	r.target, r.r, r.size = XMM(), XMM(), XMM()
	VMOVSD(Mem{Base: r.y}, r.target)
	VSUBSD(r.field(runLocation), r.target, r.target)
	VDIVSD(t, r.target, r.target)
	VSUBSD(product, r.target, r.r)
	VANDPD(r.magnitude, r.r, r.size)
	VMOVSD(r.field(runReach), t)
	VUCOMISD(r.size, t)
	r.stop(JLS)
	VMOVSD(r.largest, t)
	VUCOMISD(r.h, t)
	r.stop(JCS)
	r.weigh(p)
}

// weigh the row against the knee; from here on it is learned, unless it sharpens a coefficient too much. The flags are left as the comparison with the knee set them.
func (r *runner) weigh(prediction VecVirtual) {
	raw, ah, limit := XMM(), XMM(), XMM()
	r.delta, r.a, r.denominator = XMM(), XMM(), XMM()
	VMOVSD(r.field(runKneePerSigma), raw)
	VMULSD(r.field(runSigma), raw, raw)
	VADDSD(r.field(runKnee), raw, r.delta)
	VMULSD(r.field(runUnit), raw, raw)
	VADDSD(r.field(runRawKnee), raw, raw)
	VMOVSD(Mem{Base: r.weight}, r.a)
	VMULSD(r.h, r.a, ah)
	VADDSD(r.field(runLambda), ah, r.denominator)
	VMULSD(r.denominator, r.delta, limit)
	VUCOMISD(r.size, limit)
	JCS(LabelRef(r.name + "_bears"))
	VUCOMISD(r.field(runSharp), ah)
	r.stop(JCC)
	Label(r.name + "_bears")
	VMOVSD(prediction, r.result("prediction"))
	VMOVSD(raw, r.result("knee"))
	VUCOMISD(r.size, limit) // inside, for the step
}

// step of β, the score and P.
func (r *runner) step() {
	gain, root, clipped, least := XMM(), XMM(), XMM(), XMM()
	VXORPD(least, least, least)
	VSUBSD(r.delta, least, least)
	VMINSD(r.r, r.delta, clipped)
	VMAXSD(clipped, least, clipped)
	VMULSD(clipped, r.a, clipped)
	rows := GP64()
	JCS(LabelRef(r.name + "_outside"))
	VMULSD(r.r, r.a, gain)
	VDIVSD(r.denominator, gain, gain)
	VDIVSD(r.denominator, r.a, root)
	VSQRTSD(root, root, root)
	MOVQ(r.field(runCoefficients), rows)
	JMP(LabelRef(r.name + "_advance"))
	Label(r.name + "_outside")
	sign := XMM()
	VANDPD(r.magnitude, r.delta, gain)
	VANDPD(r.sign, r.r, sign)
	VORPD(sign, gain, gain)
	VMULSD(gain, r.a, gain)
	VMOVSD(r.field(runLambda), sign)
	VDIVSD(sign, gain, gain)
	VXORPD(root, root, root)
	MOVQ(r.field(runFading), rows)
	Label(r.name + "_advance")
	r.advance(gain, clipped, root, rows)
}

func (r *runner) advance(gain, scored, root VecVirtual, rows Register) {
	p, pz, by := r.slice(runP), r.slice(runPZ), [3]VecVirtual{YMM(), YMM(), YMM()}
	for i, v := range [3]VecVirtual{gain, scored, root} {
		VBROADCASTSD(v, by[i])
	}
	moveBy(r.pz, func(v int) Op { return r.z[v] }, r.slice(runBeta), r.slice(runScore), pz, by[0], by[1], by[2])
	CMPQ(r.field(runFading), Imm(0))
	JE(LabelRef(r.name + "_plain"))
	factor := YMM()
	VBROADCASTSD(r.field(runPerLambda), factor)
	downdateRows(r.name+"_scaled", r.pz, rows, p, pz, factor)
	JMP(LabelRef(r.name + "_tally"))
	Label(r.name + "_plain")
	downdateRows(r.name+"_downdate", r.pz, rows, p, pz, nil)
	Label(r.name + "_tally")
}

// tally whether the row was inside, beside that there was one.
func (r *runner) tally() {
	k, within, t := XMM(), XMM(), XMM()
	VMOVSD(r.field(runInsideKnee), k)
	VMULSD(r.field(runSigma), k, k)
	VCMPSD(Imm(lessOrEqual), k, r.size, within)
	VMULSD(k, k, k)
	VADDSD(r.one, r.h, r.h)
	VMULSD(r.h, k, k)
	VMULSD(r.size, r.size, t)
	VCMPSD(Imm(lessOrEqual), k, t, t)
	VORPD(t, within, within)
	VANDPD(r.magnitude, r.target, t)
	VMULSD(r.field(runRounding), t, t)
	VCMPSD(Imm(lessOrEqual), t, r.size, t)
	VORPD(t, within, within)
	row, tally := YMM(), YMM()
	VMOVUPD(r.one, row)
	VANDPD(within, row.AsX(), within)
	VBLENDPD(Imm(1), within.AsY(), row, row)
	VMOVUPD(r.field(runKeep), tally)
	VMULPD(r.field(runSums), tally, tally)
	VADDPD(row, tally, tally)
	VMOVUPD(tally, r.field(runSums))
}

// follow the median of |r|.
func (r *runner) follow() {
	sigma, median, move := XMM(), XMM(), XMM()
	VMOVSD(r.field(runSigma), sigma)
	VMULSD(r.field(runMedian), sigma, median)
	VMOVSD(r.field(runDown), move)
	up := XMM()
	VMOVSD(r.field(runUp), up)
	VCMPSD(Imm(greater), median, r.size, median)
	VBLENDVPD(median, up, move, move)
	VMULSD(move, sigma, sigma)
	VMINSD(r.field(runMost), sigma, sigma)
	VMAXSD(r.field(runSmallest), sigma, sigma)
	VMOVSD(sigma, r.field(runSigma))
}
