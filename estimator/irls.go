package estimator

import (
	"math"
	"slices"
)

// warmRows are rows kept in memory: d features each, row by row.
type warmRows struct {
	d    int
	x    []float64
	y, w []float64
	time []float64 // of the rows in seconds, where they are forgotten in event time; and
	left []float64 // what their ages leave of them, which is in w
}

func (r *warmRows) n() int { return len(r.y) }

func (r *warmRows) add(x []float64, y, w float64) {
	r.x, r.y, r.w = append(r.x, x...), append(r.y, y), append(r.w, w)
}

// huberK is the knee in scales that gives 95 % efficiency under normal errors (Huber 1964; Holland & Welsch 1977).
const huberK = 1.345

const ridge = 1e-6 // keeps P finite in directions that no row has shown

// robustFit is the Huber M-estimate of rows in their basis: σ̂ = MAD(r)/0.6745 about 0, re-estimated in each step, as statsmodels' RLM has it, with
// leverage weights v. It starts from the least absolute deviations, so that it does not begin among the outliers.
type robustFit struct {
	m          int // features + 1
	time       int // the basis's
	z          []float64
	y, prior   []float64 // target; v·weight
	guard      guard
	guarded    int       // the basis's
	far        []float64 // max|zⱼ|; +Inf for numbers out of range, which are left out
	weight     []float64
	left       []float64 // the rows'; nil: all of them
	fresh      float64   // of that what a row has at least that says something of the scale, and whether far rows lie on the plane
	beta       []float64
	residual   []float64
	scratch    []float64
	normal     []float64
	sigma      float64
	ridge      float64
	iterations int
}

func newRobustFit(rows *warmRows, b *basis, leverage Leverage, lambda float64) *robustFit {
	n, m := rows.n(), rows.d+1
	f := &robustFit{
		m: m, time: b.time, z: make([]float64, n*m), y: make([]float64, n), prior: make([]float64, n), far: make([]float64, n), weight: rows.w, left: rows.left, beta: make([]float64, m),
		residual: make([]float64, n), scratch: make([]float64, n), normal: make([]float64, m*m), ridge: ridge, guard: newGuard(leverage, lambda, b.guarded), guarded: b.guarded,
	}
	for i := range n {
		far := b.standardise(f.z[i*m:(i+1)*m], rows.x[i*rows.d:(i+1)*rows.d])
		f.y[i] = b.target(rows.y[i])
		if !(far < farthest) || !(math.Abs(f.y[i]) < farthest) {
			far = math.Inf(1)
			clear(f.z[i*m : (i+1)*m])
			f.y[i] = 0
		}
		f.far[i] = far
	}
	if f.left != nil {
		f.fresh = freshFrom(f.left, 4*m)
	}
	f.weigh(&f.guard)
	return f
}

// weigh the rows by a guard.
func (f *robustFit) weigh(g *guard) {
	for i, far := range f.far {
		f.prior[i] = 0
		if far < farthest {
			f.prior[i] = g.weight(f.guardable(i), far) * f.weight[i]
		}
	}
}

// guardable part of a row.
func (f *robustFit) guardable(i int) []float64 { return f.z[i*f.m+1 : i*f.m+1+f.guarded] }

func (f *robustFit) row(i int) []float64 { return f.z[i*f.m : (i+1)*f.m] }

// ridgeAt a coefficient. What is believed of a wave before there are rows is that it is no larger than three scales of the target: in the first part of its
// period it can hardly be told from level and slope, and would grow without bounds.
func (f *robustFit) ridgeAt(j int) float64 {
	if j > f.time+1 {
		return max(f.ridge, float64(f.sigma*f.sigma)/largestWave/largestWave)
	}
	return f.ridge
}

const largestWave = 3 // scales of the target

// solve the weighted least squares with weight(i)·prior; false if the step did not move β by more than tolerance.
func (f *robustFit) step(weight func(r float64) float64) (moved float64) {
	clear(f.normal)
	rhs := make([]float64, f.m)
	for i, y := range f.y {
		w := f.prior[i] * weight(f.residual[i])
		addOuter(f.normal, w, f.row(i))
		wy := float64(w * y)
		for j, z := range f.row(i) {
			rhs[j] += float64(wy * z)
		}
	}
	for j := range f.m {
		f.normal[j*f.m+j] += f.ridgeAt(j)
	}
	if !cholesky(f.normal, f.m) {
		return 0
	}
	solveCholesky(f.normal, f.m, rhs)
	for j, v := range rhs {
		if !isFinite(v) {
			return 0
		}
		moved = max(moved, math.Abs(v-f.beta[j]))
	}
	copy(f.beta, rhs)
	f.residuals()
	f.iterations++
	return moved
}

func (f *robustFit) residuals() {
	for i, y := range f.y {
		f.residual[i] = y - dot(f.row(i), f.beta)
	}
}

const smallestSigma = 1e-12 // in units of the target's own scale: a perfect fit has no scale

// rescale takes σ̂ from the residuals.
func (f *robustFit) rescale() {
	n := 0
	for i, r := range f.residual {
		if f.prior[i] > 0 && f.guard.measures(f.prior[i]/f.weight[i]) && f.isFresh(i) {
			f.scratch[n] = math.Abs(r)
			n++
		}
	}
	if n == 0 {
		f.sigma = 1
		return
	}
	f.sigma = max(median(f.scratch[:n])/madToSigma, smallestSigma)
}

// isFresh tells whether a row says something of how things are now.
func (f *robustFit) isFresh(i int) bool { return f.left == nil || f.left[i] >= f.fresh }

// freshFrom is half, or what so many of the rows have at least: the scale of fewer would be that of a fit that goes through them.
func freshFrom(left []float64, rows int) float64 {
	if rows >= len(left) {
		return 0
	}
	sorted := slices.Sorted(slices.Values(left))
	return min(0.5, sorted[len(sorted)-rows])
}

// run the LAD start and then Huber steps until β stands still; with a guard that learns, from the narrowest cap on.
func (f *robustFit) run(knee Knee, unit, tolerance float64, most int) {
	f.start()
	f.descend(knee, unit, tolerance, most)
	if !f.guard.Auto {
		return
	}
	for range guardRounds {
		f.learnGuard()
		f.descend(knee, unit, tolerance, 1)
	}
	f.learnGuard()
	f.descend(knee, unit, tolerance, most)
}

// guardRounds of tallying the residuals and fitting with the weights that they give: one far row is trusted after another.
const guardRounds = 6

// learnGuard from all rows, as if they came again.
func (f *robustFit) learnGuard() {
	before := f.guard
	f.guard.reset()
	for i, far := range f.far {
		if far < farthest && f.isFresh(i) {
			z := f.guardable(i)
			f.guard.count(z, far, before.weight(z, far), verdictOn(f.residual[i], f.y[i], 0, f.sigma, 0))
		}
	}
	f.weigh(&f.guard)
}

// start from the least absolute deviations.
func (f *robustFit) start() {
	f.residuals()
	f.step(func(float64) float64 { return 1 })
	for range 30 {
		f.rescale()
		least := 1e-3 * f.sigma
		if f.step(func(r float64) float64 { return f.sigma / max(math.Abs(r), least) }) < 1e-6 {
			break
		}
	}
}

// descend by Huber steps.
func (f *robustFit) descend(knee Knee, unit, tolerance float64, most int) {
	for range most {
		f.rescale()
		delta := f.delta(knee, unit)
		if f.step(func(r float64) float64 { return min(1, delta/math.Abs(r)) }) < tolerance {
			break
		}
	}
	f.rescale()
}

// delta in the basis's units.
func (f *robustFit) delta(knee Knee, unit float64) float64 {
	if knee.Auto {
		return huberK * f.sigma
	}
	return knee.Value / unit
}

func isFinite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
