package estimator

import "math"

const (
	blockRows   = 64  // rows whose scores are summed before they are squared: keeps autocorrelation in the standard errors
	highestGain = 0.5 // of the streaming MAD
)

// newton is the implicit Newton–Huber solver: stochastic gradient descent preconditioned by the running inverse Hessian P, with the implicit (proximal)
// step, O(d²) a row. In the basis of the warm-up, with z = (1, z₁, …, z_d), v the leverage guard and w the row's weight:
//
//	r = y − zᵀβ,  a = v·w,  h = zᵀPz
//	inside = |r| ≤ δ(λ + a·h)                 the knee is tested on the residual after the step
//	β ← β + Pz·a·(inside ? r : sign(r)δ) / (λ + [inside] a·h)
//	P ← (P − [inside] a·Pz(Pz)ᵀ/(λ + a·h)) / λ
//	g ← g + a·clip(r, ±δ)·z;  every 64 rows M ← λ⁶⁴M + ggᵀ, g ← 0
//	Cov(β) = P M P
//
// δ = 1.345 σ̂, where σ̂ follows the median of |r| by Robbins–Monro steps of its logarithm. Without forgetting λ = 1.
//
// References: Huber 1964; Toulis & Airoldi, Ann. Statist. 45 (2017); Boyer & Godichon-Baggioni, arXiv 2011.09706; Robbins & Monro 1951.
type newton struct {
	features []string
	delta    Knee
	squared  bool // half the squared error: a knee that is never reached
	guard    guard
	lambda   float64
	warmUp   int // rows kept in memory for the exact start

	when  *when     // nil: there is no trend
	rows  *warmRows // nil once the warm-up is over
	fit   basis
	beta  []float64
	sigma float64 // σ̂ in the basis's units
	t     float64 // rows since the start, for the gain of σ̂

	p, meat []float64 // P, and the upper half of M
	score   []float64 // g
	inBlock int

	refitted *newton   // of the warm-up rows, for reports; no part of the state
	z, pz    []float64 // of the row just predicted
	far      float64   // max|zⱼ| of it
}

func newNewton(c Config) *newton {
	d := c.columns()
	m := d + 1
	s := &newton{
		features: c.Features, when: newWhen(c), delta: c.Delta, squared: c.Loss.Name != lossHuber, guard: newGuard(c.Leverage, forgetting(c.HalfLife)),
		lambda: forgetting(c.HalfLife), warmUp: c.WarmUp, rows: &warmRows{d: d}, fit: newBasis(d), beta: make([]float64, m), sigma: 1,
		p: make([]float64, m*m), meat: make([]float64, m*m), score: make([]float64, m), z: make([]float64, m), pz: make([]float64, m),
	}
	if s.when != nil {
		s.fit.time = s.when.column
	}
	s.guardTime(false)
	return s
}

// forgetting factor λ of a half-life in rows.
func forgetting(halfLife float64) float64 {
	if math.IsInf(halfLife, 1) {
		return 1
	}
	return math.Exp2(-1 / halfLife)
}

func (s *newton) predict(x []float64) float64 {
	s.far = s.fit.standardise(s.z, x)
	return s.fit.raw(saturate(dot(s.z, s.beta)))
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

func (s *newton) learn(t *tile) {
	for i := range t.n {
		t.prediction[i], t.knee[i] = s.predict(t.row(i)), s.knee()
		if s.learnRow(t.row(i), t.y[i], t.w[i]) {
			t.guarded++
		}
	}
}

// learnRow learns from the row that was predicted last, and tells whether the guard weighed it down.
func (s *newton) learnRow(x []float64, y, w float64) (guarded bool) {
	v := s.guard.weight(s.far)
	if s.rows != nil {
		s.warmTime(x, y, w)
		s.warm(x, y, w)
		return v < 1
	}
	return s.stepRow(x, y, w, v)
}

// stepRow is the step for a row that the guard against far rows gives the weight v.
func (s *newton) stepRow(x []float64, y, w, v float64) (guarded bool) {
	y = s.fit.target(y)
	r := y - dot(s.z, s.beta)
	if !(s.far < farthest && math.Abs(r) < farthest && s.when.bears(s.z)) {
		return true // numbers out of range: counted, and nothing is learned from them
	}
	if s.when != nil {
		v = s.followTime(x, r, v, w)
	}
	delta := s.kneeIn()
	a := v * w
	h := s.step(r, a, delta)
	if s.guard.Auto {
		s.guard.count(s.far, v, inside(r, y, s.sigma, h))
	}
	s.block(a * max(-delta, min(delta, r)))
	s.rescale(math.Abs(r))
	if s.when != nil && s.when.moved() {
		s.recentre()
	}
	return v < 1
}

func (s *newton) endPass() {}

// step of β and P; it returns h.
func (s *newton) step(r, a, delta float64) (h float64) {
	timesVector(s.pz, s.p, s.z)
	h = max(0, dot(s.z, s.pz)) // below 0 it is rounding
	denominator := s.lambda + float64(a*h)
	inside := math.Abs(r) <= delta*denominator
	gain := a * r / denominator
	if !inside {
		gain = a * math.Copysign(delta, r) / s.lambda
	}
	for j, v := range s.pz {
		s.beta[j] = saturate(s.beta[j] + float64(v*gain))
	}
	switch {
	case inside:
		s.downdate(a / denominator)
	case s.lambda < 1:
		for i := range s.p {
			s.p[i] = min(s.p[i]/s.lambda, farthest)
		}
	}
	return h
}

// downdate P ← (P − c·Pz(Pz)ᵀ)/λ, symmetric to the bit.
func (s *newton) downdate(c float64) {
	m := len(s.pz)
	over := 1 / s.lambda
	for i, pi := range s.pz {
		ci := float64(c * pi)
		row := s.p[i*m : (i+1)*m]
		least := row[i] * sharpest
		for j, pj := range s.pz[:i+1] {
			v := (row[j] - float64(ci*pj)) * over
			row[j] = v
			s.p[j*m+i] = v
		}
		row[i] = max(row[i], least)
	}
}

// sharpest is how much one row may sharpen a coefficient: what goes beyond is rounding, and could make a variance negative.
const sharpest = 0x1p-52

// blockLength of a block that begins after so many rows: a sixteenth of them in powers of two, up to 64. After a short warm-up, few long blocks would tell
// little.
func blockLength(rows float64) int {
	length := 1
	for length < blockRows && float64(2*length*16) <= rows {
		length *= 2
	}
	return length
}

// block adds a score to the running block, and the block to M when it is full.
func (s *newton) block(score float64) {
	length := blockLength(s.t - float64(s.inBlock))
	s.addScore(score)
	if s.inBlock++; s.inBlock < length {
		return
	}
	if s.lambda < 1 {
		keep := math.Pow(s.lambda, float64(length))
		for i := range s.meat {
			s.meat[i] *= keep
		}
	}
	s.square()
}

func (s *newton) addScore(score float64) {
	for j, z := range s.z {
		s.score[j] = saturate(s.score[j] + float64(score*z))
	}
}

// square the block's score into M, and begin the next one.
func (s *newton) square() {
	addOuter(s.meat, 1, s.score)
	for i, v := range s.meat {
		s.meat[i] = saturate(v)
	}
	clear(s.score)
	s.inBlock = 0
}

// rescale moves the median of |r|, and σ̂ with it.
func (s *newton) rescale(r float64) {
	s.t++
	gain := 2 * math.Pow(s.t, -0.7)
	if s.lambda < 1 {
		gain = max(gain, 0.003)
	}
	gain = min(gain, highestGain) / 2
	if r > s.sigma*madToSigma {
		s.sigma = min(s.sigma*math.Exp(gain), farthest)
	} else {
		s.sigma = max(s.sigma*math.Exp(-gain), smallestSigma)
	}
}
