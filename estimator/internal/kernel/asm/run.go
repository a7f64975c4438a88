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
	all := func(name string, bits uint64) Mem {
		m := GLOBL(name, RODATA|NOPTR)
		for lane := range lanes {
			DATA(8*lane, U64(bits))
		}
		return m
	}
	of := runner{one: everyLane("runOne", 1), largest: everyLane("runLargest", math.MaxFloat64), magnitude: all("runMagnitude", math.MaxInt64), sign: all("runSign", 1<<63)}
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

// standardise the features, behind the intercept.
func (r *runner) standardise() {
	width := GP64()
	MOVQ(Mem{Base: r.state, Disp: bytesAHeader*runCentre + 8}, width)
	centre, perScale, z := r.slice(runCentre), r.slice(runPerScale), r.slice(runZ)
	magnitude, largest, t := magnitudeMask(), zeros(1)[0], YMM()
	before := YMM()
	VMOVUPD(r.one, before)
	r.z = make([]VecVirtual, r.vectors)
	for v := range r.vectors {
		r.z[v] = YMM()
		feature := YMM()
		VXORPD(feature, feature, feature)
		last := v == r.vectors-1 // there may be one vector of features less
		if last {
			CMPQ(width, Imm(uint64(lanes*r.vectors)))
			JL(LabelRef(r.name + "_last"))
		}
		VMOVUPD(at(r.x, v), feature)
		VSUBPD(at(centre, v), feature, feature)
		VMULPD(at(perScale, v), feature, feature)
		VANDPD(feature, magnitude, t)
		VMAXPD(t, largest, largest)
		if last {
			Label(r.name + "_last")
		}
		VPERMPD(Imm(0x93), feature, feature) // the last lane first
		VBLENDPD(Imm(1), before, feature, r.z[v])
		VMOVUPD(r.z[v], at(z, v))
		before = feature
	}
	r.near(largest)
	r.multiply(z)
}

// near stops the run before a row that is too far.
func (r *runner) near(largest VecVirtual) {
	high := XMM()
	VEXTRACTF128(Imm(1), largest, high)
	VMAXPD(high, largest.AsX(), largest.AsX())
	VUNPCKHPD(largest.AsX(), largest.AsX(), high)
	VMAXSD(high, largest.AsX(), largest.AsX())
	VMOVSD(r.field(runNearest), high)
	VUCOMISD(largest.AsX(), high)
	r.stop(JCS)
}

// multiply P by the row.
func (r *runner) multiply(z Register) {
	rows, p, zj, t := GP64(), r.slice(runP), YMM(), YMM()
	MOVQ(r.field(runCoefficients), rows)
	r.pz = zeros(r.vectors)
	loop(r.name+"_times", rows, 1, func() {
		VBROADCASTSD(Mem{Base: z}, zj)
		for v := range r.vectors {
			VMULPD(at(p, v), zj, t)
			VADDPD(t, r.pz[v], r.pz[v])
		}
		ADDQ(Imm(8), z)
		ADDQ(Imm(uint64(bytesAVector*r.vectors)), p)
	})
}

// dot of the row's z with vectors.
func (r *runner) dot(with func(v int) Op) VecVirtual {
	products, t := zeros(accumulators), YMM()
	for v := range r.vectors {
		VMULPD(with(v), r.z[v], t)
		VADDPD(t, products[v%accumulators], products[v%accumulators])
	}
	return sumOfLanes(sumOf(products))
}

// foresee the row, and stop the run before it where it is not like most.
func (r *runner) foresee() {
	beta := r.slice(runBeta)
	product := r.dot(func(v int) Op { return at(beta, v) })
	r.h = r.dot(func(v int) Op { return r.pz[v] })
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
	beta, score, p, pz := r.slice(runBeta), r.slice(runScore), r.slice(runP), r.slice(runPZ)
	t, by := YMM(), [3]VecVirtual{YMM(), YMM(), YMM()}
	for i, v := range [3]VecVirtual{gain, scored, root} {
		VBROADCASTSD(v, by[i])
	}
	for v := range r.vectors {
		VMULPD(by[0], r.pz[v], t)
		VADDPD(at(beta, v), t, t)
		VMOVUPD(t, at(beta, v))
		VMULPD(r.z[v], by[1], t)
		VADDPD(at(score, v), t, t)
		VMOVUPD(t, at(score, v))
		VMULPD(by[2], r.pz[v], r.pz[v])
		VMOVUPD(r.pz[v], at(pz, v))
	}
	r.downdate(p, pz, rows)
}

// downdate so many rows of P.
func (r *runner) downdate(p, pz, rows Register) {
	t := YMM()
	CMPQ(r.field(runFading), Imm(0))
	JE(LabelRef(r.name + "_plain"))
	factor := YMM()
	VBROADCASTSD(r.field(runPerLambda), factor)
	downdate := func(name string, scale bool) {
		qi := YMM()
		loop(name, rows, 1, func() {
			VBROADCASTSD(Mem{Base: pz}, qi)
			for v := range r.vectors {
				u := YMM()
				VMULPD(r.pz[v], qi, t)
				VMOVUPD(at(p, v), u)
				VSUBPD(t, u, u)
				if scale {
					VMULPD(factor, u, u)
				}
				VMOVUPD(u, at(p, v))
			}
			ADDQ(Imm(8), pz)
			ADDQ(Imm(uint64(bytesAVector*r.vectors)), p)
		})
	}
	downdate(r.name+"_scaled", true)
	JMP(LabelRef(r.name + "_tally"))
	Label(r.name + "_plain")
	downdate(r.name+"_downdate", false)
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
