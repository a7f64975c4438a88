package estimator

import (
	"math"

	"github.com/streamfit/streamfit/loss"
)

const (
	// Derivatives are clipped to ±largestDerivative, so that one wild row of a loss without a bound does not end the model.
	largestDerivative = 1e12
	// Below smallestDecay the common factor of the weights is multiplied into them, before it loses digits.
	smallestDecay = 1e-9
)

// sgd is the textbook stochastic gradient descent on raw columns, with the arithmetic of scikit-learn's SGDRegressor (1.9.1), so that it
// reaches the same bits but for the last of a power:
//
//	p  = decay·Σⱼ wⱼxⱼ + b            the sum in the order of the columns
//	η  = rate(t)                      schedule
//	u  = −η·clip(ℓ′(p, y), ±1e12)·weight
//	decay ← decay·max(0, 1 − ηα)      penalty l2: before the step, by this row's η, and never of the intercept
//	wⱼ ← wⱼ + xⱼ·(u/decay)
//	b  ← b + u
//	t  ← t + 1
//
// The weights are decay·wⱼ: a common factor makes the penalty one multiplication a row. Below 1e-9 it is multiplied into w.
//
// Where scikit-learn ends with an error because a weight has become infinite or NaN, sgd refuses the step: the row changes nothing, not even t,
// and the model is degenerate from then on. Rows of weight 0, at which scikit-learn still decays the weights and counts t, never come here.
//
// Products are rounded by float64() before they are added: the language allows a fused multiply-add otherwise, and some
// architectures have one.
type sgd struct {
	loss         loss.Loss
	delta        float64 // knee of the loss; +Inf if it has none
	features     []string
	schedule     schedule
	alpha        float64 // 0: no penalty
	fitIntercept bool

	tile      *sgdTile  // nil: row by row
	weights   []float64 // w
	next      []float64 // where the step builds the weights it may have to refuse
	decay     float64
	intercept float64
	t         float64
	refused   uint64
	undefined bool // the prediction of the row at hand is ∞ − ∞; no part of the state
}

func newSGD(c SGD, l loss.Loss, features []string) *sgd {
	s := &sgd{
		loss: l, delta: kneeOf(l), schedule: newSchedule(c), fitIntercept: c.FitIntercept, features: features,
		weights: make([]float64, len(features)), next: make([]float64, len(features)), decay: 1, t: 1,
	}
	if c.Penalty == penaltyL2 {
		s.alpha = c.Alpha
	}
	s.tile = newSGDTile(c, l, len(features))
	return s
}

// predict is decay·Σⱼ wⱼxⱼ + b. A sum that leaves the numbers is the largest of them, and one that is ∞ − ∞ is left out.
func (s *sgd) predict(x []float64) float64 {
	sum := 0.0
	x = x[:len(s.weights)]
	for j, w := range s.weights {
		sum += float64(w * x[j])
	}
	prediction := float64(sum*s.decay) + s.intercept
	if s.undefined = math.IsNaN(prediction); s.undefined {
		return s.intercept
	}
	return saturate(prediction)
}

// step learns from a row whose prediction has just been made. The step is refused if it has no prediction to start from, or if it would end
// at a number that is not finite.
func (s *sgd) step(x []float64, prediction, target, weight float64) {
	if s.undefined {
		s.refused++
		return
	}
	rate := s.schedule.rate(s.t)
	update := -rate * clip(s.loss.Derivative(prediction, target))
	update *= weight
	intercept := s.intercept
	if s.fitIntercept {
		intercept += update
	}
	from, decay := s.weights, s.decay*max(0, 1-float64(rate*s.alpha))
	if decay < smallestDecay {
		from, decay = fold(s.next, s.weights, decay), 1
	}
	sum := intercept + move(s.next, from, x, update/decay)
	if !isFinite(sum) && !(isFinite(intercept) && allFinite(s.next)) {
		s.refused++
		return
	}
	s.weights, s.next = s.next, s.weights
	s.decay, s.intercept = decay, intercept
	s.t++
}

// clip keeps NaN, with which the step ends at numbers that are not finite.
func clip(derivative float64) float64 {
	return max(-largestDerivative, min(largestDerivative, derivative))
}

// fold writes factor·w to dst.
func fold(dst, w []float64, factor float64) []float64 {
	for j := range dst {
		dst[j] = w[j] * factor
	}
	return dst
}

// move writes w + u·x to dst, and returns a sum that is finite only if all of it is; a sum that is not may also have overflowed by itself.
func move(dst, w, x []float64, u float64) float64 {
	w, x = w[:len(dst)], x[:len(dst)]
	sum := 0.0
	for j := range dst {
		v := w[j] + float64(x[j]*u)
		dst[j] = v
		sum += v
	}
	return sum
}
