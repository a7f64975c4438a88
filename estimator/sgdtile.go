package estimator

import (
	"slices"

	"github.com/streamfit/streamfit/estimator/internal/kernel"
	"github.com/streamfit/streamfit/loss"
)

// sgdTile learns whole tiles by a kernel: the Huber loss or half the squared error, with the penalty l2 or none, and a rate that only t decides.
// The penalty is multiplied into the weights row by row, instead of into a common factor.
type sgdTile struct {
	w            []float64 // padded
	divisor      []float64 // of the rows' rates
	gain, shrink []float64 // of the rows
	bound        []float64 // of the derivative: the same for all
}

// newSGDTile is nil where the settings ask for more.
func newSGDTile(c SGD, l loss.Loss, d int) *sgdTile {
	bound := min(kneeOf(l), largestDerivative)
	switch l.(type) {
	case loss.Huber, loss.HalfSquared:
	default:
		return nil
	}
	switch c.LearningRate {
	case rateConstant, rateInvScaling, rateOptimal:
	default:
		return nil
	}
	if c.Penalty != penaltyL2 && c.Penalty != penaltyNone {
		return nil
	}
	rows := rowsOf(d)
	return &sgdTile{
		w: make([]float64, kernel.Padded(d)), bound: slices.Repeat([]float64{bound}, rows),
		divisor: make([]float64, rows), gain: make([]float64, rows), shrink: make([]float64, rows),
	}
}

// learnTile learns all rows at once. If that ends at a number that is not finite it is undone, and they are learned one by one: to the same bits, up to
// the rows to refuse.
func (s *sgd) learnTile(t *tile) {
	if s.learnRun(t, 0, t.n) {
		return
	}
	for i := range t.n {
		if s.learnRun(t, i, i+1) {
			continue
		}
		s.learnExtreme(t, i)
	}
}

// learnRun learns rows from, …, to−1, unless a prediction or a weight would not be finite: then nothing has happened.
func (s *sgd) learnRun(t *tile, from, to int) bool {
	intercept := s.runKernel(t, from, to)
	if !isFinite(intercept) || !kernel.Finite(s.tile.w) || !kernel.Finite(t.prediction[from:to]) {
		return false
	}
	s.accept(intercept, to-from)
	return true
}

func (s *sgd) runKernel(t *tile, from, to int) (intercept float64) {
	k, n := s.tile, to-from
	k.rates(s, t.w[from:to])
	copy(k.w, s.weights)
	fit := 0.0
	if s.fitIntercept {
		fit = 1
	}
	return kernel.Huber(k.w, t.x[from*t.stride:to*t.stride], t.stride, t.y[from:to], k.gain[:n], k.shrink[:n], k.bound[:n], t.prediction[from:to], s.intercept, fit)
}

func (s *sgd) accept(intercept float64, rows int) {
	copy(s.weights, s.tile.w)
	s.intercept = intercept
	s.t += float64(rows)
}

// learnExtreme row: one whose prediction has left the numbers, though perhaps not the weights after it.
func (s *sgd) learnExtreme(t *tile, i int) {
	intercept := s.runKernel(t, i, i+1)
	if isFinite(intercept) && allFinite(s.tile.w) {
		t.prediction[i] = saturate(t.prediction[i])
		s.accept(intercept, 1)
		return
	}
	s.refused++
	t.prediction[i] = s.predict(t.row(i))
}

// rates of the next rows: gain η·weight, shrink max(0, 1 − ηα).
func (k *sgdTile) rates(s *sgd, weights []float64) {
	n := len(weights)
	numerator := s.schedule.divisors(k.divisor[:n], s.t)
	kernel.Gains(k.gain[:n], k.shrink, k.divisor, weights, numerator, s.alpha)
}
