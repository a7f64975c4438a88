package estimator

import (
	"math"

	"github.com/streamfit/streamfit/estimator/internal/kernel"
)

const (
	reach       = 1e60   // largest |z| and |r| that a row is learned from, and weight that it may have: what comes of them stays within the numbers
	sharpens    = 0x1p40 // a·h from which on a row sharpens a coefficient so much that rounding matters
	highestGain = 0.5    // of the streaming MAD
	fewRows     = 1024   // up to which the gain is renewed every
	oftenRows   = 16     // rows, and after it every
	seldomRows  = 128
)

// learnRow learns from the row that was predicted last, and tells whether the guard weighed it down.
func (s *newton) learnRow(x []float64, y, w float64) (guarded bool) {
	v := s.guard.weight(s.guardable(), s.far)
	if s.rows != nil {
		s.warmTime(x, y, s.age.aged(w)) // the refits weigh the rows anew
		s.warm(x, y, w)
		return v < 1
	}
	return s.stepRow(x, y, s.age.aged(w), v)
}

// stepRow is the step for a row that the guard against far rows gives the weight v.
func (s *newton) stepRow(x []float64, y, w, v float64) (guarded bool) {
	kernel.SymmetricTimes(s.pz[:s.stride], s.p, s.z)
	return s.follow(x, y, w, v, kernel.Dot(s.z[:s.stride], s.pz[:s.stride]))
}

// follow a row with Pz and h = zᵀPz.
func (s *newton) follow(x []float64, y, w, v, h float64) (guarded bool) {
	y, h = s.fit.target(y), max(0, h) // below 0 it is rounding
	r := y - s.standardised
	if !(s.far < reach && math.Abs(r) < reach && h <= math.MaxFloat64 && s.when.bears(s.z)) {
		if s.lambda < 1 && s.age != nil {
			s.forget(s.lambda)
		}
		return true // numbers out of range: counted, and nothing is learned from them
	}
	if s.rows == nil && len(s.fit.dependents) > 0 {
		s.wakeUp(x)
	}
	if s.when != nil {
		v = s.followTime(x, r, v, w)
	}
	delta, lever := s.kneeIn(), s.standardised-s.beta[0]
	a := min(v*w, reach)
	s.step(r, a, h, delta)
	if s.guard.Auto && s.age.fresh() {
		s.guard.count(s.guardable(), s.far, v, verdictOn(r, y, lever, s.sigma, h))
	}
	s.scoreRow()
	s.rescale(math.Abs(r), s.guard.measures(v) && s.age.fresh())
	if s.when != nil && s.when.moved() {
		s.recentre()
	}
	return v < 1
}

// step of β, g and P, with h and Pz.
func (s *newton) step(r, a, h, delta float64) {
	denominator := s.lambda + float64(a*h)
	inside, score := math.Abs(r) <= delta*denominator, a*max(-delta, min(delta, r))
	gain := a * r / denominator
	if !inside {
		gain = a * math.Copysign(delta, r) / s.lambda
	}
	sharp := inside && a*h >= sharpens
	if s.stride <= kernel.FewCoefficients && !sharp && (inside || s.lambda == 1) {
		rows, root := 0, 0.0
		if inside {
			rows, root = len(s.beta), math.Sqrt(a/denominator)
		}
		kernel.Advance(s.beta[:s.stride], s.score[:s.stride], s.p, s.pz[:s.stride], s.z[:s.stride], rows, gain, score, root, 1/s.lambda)
		return
	}
	kernel.AddScaled(s.beta[:s.stride], gain, s.pz[:s.stride])
	s.addScore(score)
	switch {
	case sharp:
		s.sharpen(a/denominator, 1/s.lambda)
	case inside:
		s.downdate(a/denominator, 1/s.lambda)
	case s.lambda < 1 && s.largest() < farthest:
		clear(s.pz)
		s.downdate(0, 1/s.lambda)
	}
}

// downdate P ← (P − c·Pz(Pz)ᵀ)·over, symmetric to the bit. Pz is spent.
func (s *newton) downdate(c, over float64) {
	root := math.Sqrt(c)
	for j, v := range s.pz {
		s.pz[j] = v * root
	}
	kernel.SymmetricDowndate(s.p, s.pz[:s.stride], len(s.pz), over)
}

// sharpen is a downdate that rounding could make too much of: a variance falls by 2⁻⁵² of itself at most.
func (s *newton) sharpen(c, over float64) {
	for i, pi := range s.pz {
		row := s.row(i)
		least := row[i] * sharpest
		for j, pj := range s.pz[:i+1] {
			v := (row[j] - float64(float64(c*pi)*pj)) * over
			row[j] = v
			s.p[j*s.stride+i] = v
		}
		row[i] = max(row[i], least)
	}
}

// row i of P.
func (s *newton) row(i int) []float64 { return s.p[i*s.stride : i*s.stride+len(s.beta)] }

// largest variance in P.
func (s *newton) largest() (v float64) {
	for j := range s.beta {
		v = max(v, s.variance(j))
	}
	return v
}

// variance is Pⱼⱼ.
func (s *newton) variance(j int) float64 { return s.p[j*s.stride+j] }

// dense is P without the padding.
func (s *newton) dense() []float64 {
	m := len(s.beta)
	p := make([]float64, 0, m*m)
	for i := range m {
		p = append(p, s.row(i)...)
	}
	return p
}

// setDense sets P.
func (s *newton) setDense(p []float64) {
	m := len(s.beta)
	for i := range m {
		copy(s.row(i), p[i*m:(i+1)*m])
	}
}

// rescale moves the median of |r|, and σ̂ with it, if the row measures it.
func (s *newton) rescale(r float64, measures bool) {
	if measures {
		side := 0 // an index, for no processor can foresee the branch
		if r > s.sigma*madToSigma {
			side = 1
		}
		s.sigma = max(min(s.sigma*s.move[side], farthest), smallestSigma)
	}
	s.endRow()
}

// endRow counts it.
func (s *newton) endRow() {
	if s.t++; uint64(s.t)%s.renewal() == 0 {
		s.schedule()
	}
}

// renewal is after how many rows the gain is renewed: powers are dear, and it hardly moves.
func (s *newton) renewal() uint64 {
	if s.t < fewRows {
		return oftenRows
	}
	return seldomRows
}

// schedule the gain 2t^(−0.7) of the logarithm of σ̂.
func (s *newton) schedule() {
	every := float64(s.renewal())
	gain := 2 * math.Pow(math.Floor(s.t/every)*every+1, -0.7)
	if s.forgets() {
		gain = max(gain, 0.003)
	}
	gain = min(gain, highestGain) / 2
	s.move = [2]float64{math.Exp(-gain), math.Exp(gain)}
}
