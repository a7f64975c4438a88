package estimator

import (
	"math"

	"github.com/streamfit/streamfit/estimator/internal/kernel"
)

// newton is the implicit Newton–Huber solver: stochastic gradient descent preconditioned by the running inverse Hessian P, with the implicit (proximal)
// step, O(d²) a row. In the basis of the warm-up, with z = (1, z₁, …, z_d), v the leverage guard and w the row's weight:
//
//	r = y − zᵀβ,  a = v·w,  h = zᵀPz
//	inside = |r| ≤ δ(λ + a·h)                 the knee is tested on the residual after the step
//	β ← β + Pz·a·(inside ? r : sign(r)δ) / (λ + [inside] a·h)
//	P ← (P − [inside] a·Pz(Pz)ᵀ/(λ + a·h)) / λ
//	g ← g + a·clip(r, ±δ)·z;  every L rows M ← λ²ᴸM + ggᵀ, g ← 0
//	Cov(β) = P M P
//
// δ = 1.345 σ̂, where σ̂ follows the median of |r| by Robbins–Monro steps of its logarithm. Without forgetting λ = 1; in event time it is that of each row, see [age].
//
// References: Huber 1964; Toulis & Airoldi, Ann. Statist. 45 (2017); Boyer & Godichon-Baggioni, arXiv 2011.09706; Robbins & Monro 1951.
type newton struct {
	features []string
	delta    Knee
	squared  bool // half the squared error: a knee that is never reached
	guard    guard
	lambda   float64
	warmUp   int // rows kept in memory for the exact start

	age   *age      // nil: nothing is forgotten in event time; otherwise λ is that of the row at hand
	when  *when     // nil: there is no trend
	rows  *warmRows // nil once the warm-up is over
	reads bool      // the rows are kept, and in the snapshot, for a solver beside this one, which learns each row first; no part of the state
	fit   basis
	beta  []float64
	sigma float64 // σ̂ in the basis's units
	t     float64 // rows since the start, for the gain of σ̂

	stride  int       // of P's rows, padded for the kernels; β, g, z and Pz have room for as many, padded with zeros
	p, meat []float64 // P, and the upper half of M, which is not padded
	score   []float64 // g
	inBlock int       // rows of g, and
	block   int       // rows of a whole block, L

	refitted *newton // of the warm-up rows, for reports; and
	counted  float64 // of the last refit, the effective number of rows; no part of the state

	center, perScale  []float64  // of the features, padded
	move              [2]float64 // what σ̂ is multiplied by, down or up; renewed every so many rows
	z, pz             []float64  // of the row just predicted,
	far, standardised float64    // and its max|zⱼ| and zᵀβ
}

func newNewton(c Config) *newton {
	d := c.columns()
	m, stride := d+1, kernel.Padded(d+1)
	s := &newton{
		features: c.Features, when: newWhen(c), age: newAge(c), delta: c.Delta, squared: c.Loss.Name != lossHuber, guard: newGuard(c.Leverage, forgetting(c.HalfLife), guardable(c)),
		lambda: forgetting(c.HalfLife), warmUp: c.WarmUp, rows: &warmRows{d: d}, fit: newBasis(d), beta: make([]float64, stride)[:m], sigma: 1, block: 1,
		stride: stride, p: make([]float64, m*stride), meat: make([]float64, m*m), score: make([]float64, stride)[:m],
		center: make([]float64, kernel.Padded(d)), perScale: make([]float64, kernel.Padded(d)),
		z: make([]float64, stride+kernel.Lanes)[:m], pz: make([]float64, stride)[:m],
	}
	if s.when != nil {
		s.fit.time = s.when.column
	}
	s.guardTime(false)
	s.prepare()
	return s
}

// guardable columns: the features, and in the refits of a warm-up a trend's time.
func guardable(c Config) int {
	if c.Trend.given() {
		return len(c.Features) + 1
	}
	return len(c.Features)
}

// prepare what follows from the state.
func (s *newton) prepare() {
	for j, c := range s.fit.center {
		s.center[j], s.perScale[j] = c, 1/s.fit.scale[j]
	}
	s.schedule()
}

// forgetting factor λ of a half-life in rows.
func forgetting(halfLife float64) float64 {
	if math.IsInf(halfLife, 1) {
		return 1
	}
	return math.Exp2(-1 / halfLife)
}

func (s *newton) predict(x []float64) float64 {
	s.standardise(x)
	s.standardised = kernel.Dot(s.z[:s.stride], s.beta[:s.stride])
	return s.rawPrediction()
}

// rawPrediction of the row in z.
func (s *newton) rawPrediction() float64 {
	if p := s.fit.targetC + float64(s.standardised*s.fit.targetS); p-p == 0 {
		return p
	}
	return s.fit.raw(saturate(s.standardised))
}

// guardable part of the row just predicted.
func (s *newton) guardable() []float64 { return s.z[1 : 1+s.fit.guarded] }

// standardise a row as the basis does.
func (s *newton) standardise(x []float64) {
	s.z[0] = 1
	z := s.z[1 : 1+len(s.center)]
	clear(z[copy(z, x):])
	kernel.Standardise(z, z, s.center, s.perScale)
	if s.fit.guarded == len(x) {
		s.far = kernel.MaxAbs(z)
	} else {
		s.far = 0
		for _, v := range z[:s.fit.guarded] {
			s.far = max(s.far, math.Abs(v))
		}
	}
	if len(s.fit.dependents) > 0 {
		s.far = s.fit.depend(s.z)
	}
}

// knee in the target's units.
func (s *newton) knee() float64 {
	switch {
	case s.squared:
		return math.Inf(1)
	case s.delta.Auto:
		return saturate(huberK * s.sigma * s.fit.targetS)
	default:
		return s.delta.Value
	}
}

// kneeIn the basis's units.
func (s *newton) kneeIn() float64 {
	switch {
	case s.squared:
		return math.Inf(1)
	case s.delta.Auto:
		return huberK * s.sigma
	default:
		return s.delta.Value / s.fit.targetS
	}
}

// learnAlone row i of the tile, with the prediction and the knee that were in force, and tell whether the guard weighed it down.
func (s *newton) learnAlone(t *tile, i int) (prediction, knee float64, guarded bool) {
	if s.age != nil {
		s.pass(t.time[i])
		t.stale[i] = !s.age.fresh()
	}
	x := t.row(i)
	if !s.regards() {
		prediction, knee = s.predict(x), s.knee()
		return prediction, knee, s.learnRow(x, t.y[i], t.w[i])
	}
	h := s.regard(t.x[i*t.stride:])
	prediction, knee = s.rawPrediction(), s.knee()
	return prediction, knee, s.follow(x, t.y[i], s.age.aged(t.w[i]), s.guard.weight(s.guardable(), s.far), h)
}

// regards tells whether one kernel does all that comes before a row's step.
func (s *newton) regards() bool {
	return s.rows == nil && s.stride <= kernel.FewCoefficients && s.when == nil && len(s.fit.dependents) == 0
}

// regard is what predict does, and Pz; it returns zᵀPz. The row is padded.
func (s *newton) regard(x []float64) (h float64) {
	s.z[0] = 1
	s.far, s.standardised, h = kernel.Regard(s.z[:cap(s.z)], x, s.center, s.perScale, s.beta[:s.stride], s.p, s.pz[:s.stride], len(s.beta))
	return h
}

func (s *newton) endPass() { s.age.restart() }
