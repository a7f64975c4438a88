package estimator

import (
	"math"

	"github.com/streamfit/streamfit/loss"
)

const (
	// Derivatives are clipped to ±largestDerivative, so that one wild row of a loss without a bound does not end the model.
	largestDerivative = 1e12
	// Below smallestDecay scikit-learn multiplies the common factor of its weights into them.
	smallestDecay = 1e-9
)

// sgd is the textbook stochastic gradient descent on raw columns: scikit-learn's SGDRegressor (1.9.1), whose partial_fit over all rows in one call,
// without shuffling, it reaches to 1e-12. One row, with λ₂ = α for the penalty l2, (1 − l1_ratio)α for elasticnet, else 0:
//
//	p  = Σⱼ wⱼxⱼ + b                  the sum in the order of the columns
//	η  = rate(t)                      schedule
//	u  = −η·clip(ℓ′(p, y), ±1e12)·weight, or the passive-aggressive step times the weight
//	wⱼ ← wⱼ·max(0, 1 − ηλ₂) + xⱼu     the penalty l2 before the step, by this row's η, and never of the intercept
//	b  ← b + u
//	w̄, b̄                             averaging
//	w  ← truncated(w)                 truncation, the penalty l1
//	t  ← t + 1
//
// scikit-learn keeps a common factor of the weights and sums of the average beside it, which saves work where most features are 0. Here the arithmetic
// is plain: it differs by rounding alone, and loses no digits where scikit-learn does, with averages under a strong penalty l2.
//
// A report shows the averages once there are any, and so predict goes by them. A row that is learned is predicted by the weights themselves, as in
// scikit-learn: the gradient is taken where the descent is, and progressive validation is of these predictions.
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
	alpha        float64 // of the penalty l2; 0: none
	ridge        float64 // share of alpha that is l2
	fitIntercept bool

	tile       *sgdTile    // nil: row by row
	average    *averaging  // nil: none
	truncation *truncation // nil: no penalty l1
	weights    []float64
	next       []float64 // where the step builds the weights it may have to refuse
	intercept  float64
	t          float64
	refused    uint64
	undefined  bool // the prediction of the row at hand is ∞ − ∞; no part of the state
}

func newSGD(c SGD, l loss.Loss, features []string) *sgd {
	d := len(features)
	s := &sgd{
		loss: l, delta: kneeOf(l), schedule: newSchedule(c), fitIntercept: c.FitIntercept, features: features,
		ridge: 1, weights: make([]float64, d), next: make([]float64, d), t: 1,
	}
	switch c.Penalty {
	case penaltyL2:
		s.alpha = c.Alpha
	case penaltyL1:
		s.truncation = newTruncation(1, c.Alpha, d)
	case penaltyElasticNet:
		s.alpha, s.ridge = c.Alpha, 1-c.L1Ratio
		s.truncation = newTruncation(c.L1Ratio, c.Alpha, d)
	}
	if c.Average > 0 {
		s.average = newAveraging(c.Average, d)
	} else {
		s.tile = newSGDTile(c, l, d)
	}
	return s
}

// predict by what is reported.
func (s *sgd) predict(x []float64) float64 {
	if s.averages() {
		return firstNumber(linear(s.average.weights, x, s.average.intercept), s.average.intercept)
	}
	return s.descended(x)
}

// descended is the prediction where the descent is: Σⱼ wⱼxⱼ + b.
func (s *sgd) descended(x []float64) float64 {
	prediction := linear(s.weights, x, s.intercept)
	s.undefined = math.IsNaN(prediction)
	return firstNumber(prediction, s.intercept)
}

// linear is Σⱼ wⱼxⱼ + b, in the order of the columns.
func linear(w, x []float64, b float64) float64 {
	sum := 0.0
	x = x[:len(w)]
	for j, v := range w {
		sum += float64(v * x[j])
	}
	return sum + b
}

// firstNumber is the prediction, or the intercept if it is ∞ − ∞. What leaves the numbers is the largest of them.
func firstNumber(prediction, intercept float64) float64 {
	if math.IsNaN(prediction) {
		return intercept
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
	update, counts := s.update(x, prediction, target, rate)
	if !counts {
		return
	}
	shrink := max(0, 1-float64(float64(s.ridge*rate)*s.alpha))
	if !s.move(x, shrink, float64(update*weight)) {
		s.refused++
		return
	}
	if s.average != nil || s.truncation != nil {
		s.follow(rate, shrink)
	}
	s.t++
}

// update of the prediction at weight 1 that the row asks for; false if the row is to be passed over.
func (s *sgd) update(x []float64, prediction, target, rate float64) (float64, bool) {
	if s.schedule.passiveAggressive() {
		return s.schedule.aggressive(s.loss.Value(prediction, target), prediction, target, x)
	}
	return -rate * clip(s.loss.Derivative(prediction, target)), true
}

// clip keeps NaN, with which the step ends at numbers that are not finite.
func clip(derivative float64) float64 {
	return max(-largestDerivative, min(largestDerivative, derivative))
}

// move the weights to shrink·w + u·x, unless that is not finite.
func (s *sgd) move(x []float64, shrink, u float64) bool {
	intercept := s.intercept
	if s.fitIntercept {
		intercept += u
	}
	sum := intercept + descend(s.next, s.weights, x, shrink, u)
	if !isFinite(sum) && !(isFinite(intercept) && allFinite(s.next)) {
		return false
	}
	s.weights, s.next = s.next, s.weights
	s.intercept = intercept
	return true
}

// descend writes shrink·w + u·x to dst, and returns a sum that is finite only if all of it is; a sum that is not may also have overflowed by itself.
func descend(dst, w, x []float64, shrink, u float64) float64 {
	w, x = w[:len(dst)], x[:len(dst)]
	sum := 0.0
	for j := range dst {
		v := float64(w[j]*shrink) + float64(x[j]*u)
		dst[j] = v
		sum += v
	}
	return sum
}

// follow the step that was made: first the averages, then the penalty l1, as scikit-learn orders them.
func (s *sgd) follow(rate, shrink float64) {
	a, p := s.average, s.truncation
	if a != nil {
		a.shrink(shrink)
		a.add(s.weights, s.intercept, s.t)
	}
	if p == nil {
		return
	}
	p.truncate(s.weights, rate)
	if a != nil {
		a.shift(p.change, s.t)
	}
}
