package estimator

import "github.com/streamfit/streamfit/estimator/internal/kernel"

// averaging of the weights from step t = from on (Polyak & Juditsky 1992; Ruppert 1988), with m = t − from + 1:
//
//	w̄ ← w̄ + (w − w̄)/m    b̄ ← b̄ + (b − b̄)/m
//
// scikit-learn takes the mean before the step's penalty l1, and what this penalty then takes from w it takes from all weights that were averaged since
// its last fold: at the start of the pass, and wherever the product of the decays since then has fallen below 1e-9. With n of them, each decayed since,
//
//	g = Σₖ 1/(shrinkₖ₊₁⋯shrinkₙ)      w̄ ← w̄ + (g/m)·Δw
//
// It is no mean of the weights then, but what scikit-learn answers.
type averaging struct {
	from      float64
	weights   []float64 // w̄
	next      []float64 // where the next mean is built
	intercept float64   // b̄
	decay     float64   // product of the decays since the fold
	behind    float64   // g
}

func newAveraging(from int64, d int) *averaging {
	return &averaging{from: float64(from), weights: make([]float64, d), next: make([]float64, d), decay: 1}
}

// averages tells whether there is a mean to report.
func (s *sgd) averages() bool { return s.average != nil && s.average.from <= s.t-1 }

// shrink what the weights averaged so far are to the present ones.
func (a *averaging) shrink(by float64) {
	if a.decay *= by; a.decay < smallestDecay {
		a.fold()
		return
	}
	a.behind = saturate(a.behind / by)
}

func (a *averaging) fold() { a.decay, a.behind = 1, 0 }

// add the weights after step t's gradient.
func (a *averaging) add(w []float64, b, t float64) {
	if t < a.from {
		return
	}
	a.behind++
	share := 1 / (t - a.from + 1)
	a.intercept = approach(a.intercept, b, share)
	next, w := a.next[:len(a.weights)], w[:len(a.weights)]
	for j, v := range a.weights {
		next[j] = v + float64(share*(w[j]-v))
	}
	if !kernel.Finite(next) {
		for j, v := range a.weights {
			next[j] = approach(v, w[j], share)
		}
	}
	a.weights, a.next = next, a.weights
}

// approach is from + share·(to − from), also where the difference leaves the numbers: the two have opposite signs then.
func approach(from, to, share float64) float64 {
	if d := to - from; isFinite(d) {
		return from + float64(share*d)
	}
	return float64(from*(1-share)) + float64(to*share)
}

// shift the averages by the truncation of step t.
func (a *averaging) shift(change []float64, t float64) {
	if t < a.from {
		return
	}
	share := a.behind / (t - a.from + 1)
	w := a.weights[:len(change)]
	for j, v := range change {
		w[j] += float64(share * v)
	}
	saturateAll(w)
}

// saturateAll numbers: a look at those that are finite, as nearly all are, costs less.
func saturateAll(values []float64) {
	if kernel.Finite(values) {
		return
	}
	for j, v := range values {
		values[j] = saturate(v)
	}
}

func (a *averaging) appendState(e *encoder) {
	e.floats(a.weights...)
	e.floats(a.intercept, a.decay, a.behind)
}

func (a *averaging) restoreState(d *decoder) {
	d.floats(a.weights)
	a.intercept, a.decay, a.behind = d.float(), d.float(), d.float()
	if !(a.decay >= smallestDecay && a.decay <= 1) || !(a.behind >= 0) {
		d.fail("averages: decay %v, %v behind", a.decay, a.behind)
	}
}
