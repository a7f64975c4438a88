package estimator

import (
	"slices"

	"github.com/streamfit/streamfit/estimator/internal/kernel"
	"github.com/streamfit/streamfit/loss"
)

// sgdTile learns whole tiles by a kernel: the Huber loss or half the squared error, with the penalty l2 or none, and a rate that only t decides.
// The penalty is multiplied into the weights row by row, instead of into a common factor.
type sgdTile struct {
	w            []float64 // the weights after the rows on trial, padded
	few          *fewWeights
	divisor      []float64 // of the rows' rates
	gain, shrink []float64 // of the rows
	bound        []float64 // of the derivative: the same for all
}

// fewWeights are kept in two parts; nil if there are too many for that.
type fewWeights struct{ now, trial kernel.Descent }

func newFewWeights(width int) *fewWeights {
	if width > kernel.Narrow {
		return nil
	}
	descent := func() kernel.Descent {
		return kernel.Descent{Kept: make([]float64, width), Step: make([]float64, width)}
	}
	return &fewWeights{descent(), descent()}
}

// hold weights as the last row left them, in one part.
func (f *fewWeights) hold(weights []float64) {
	copy(f.now.Kept, weights)
	clear(f.now.Step)
	f.now.Scale = 0
}

func copyDescent(dst, src *kernel.Descent) {
	copy(dst.Kept, src.Kept)
	copy(dst.Step, src.Step)
	dst.Scale, dst.Intercept = src.Scale, src.Intercept
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
	case rateConstant, rateInvScaling, rateOptimal, rateAdaptive:
	default:
		return nil
	}
	if c.Penalty != penaltyL2 && c.Penalty != penaltyNone {
		return nil
	}
	rows := rowsOf(d)
	width := kernel.Padded(d)
	return &sgdTile{
		w: make([]float64, width), few: newFewWeights(width), bound: slices.Repeat([]float64{bound}, rows),
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
	fit := 0.0
	if s.fitIntercept {
		fit = 1
	}
	x, y, prediction := t.x[from*t.stride:to*t.stride], t.y[from:to], t.prediction[from:to]
	if f := k.few; f != nil {
		copyDescent(&f.trial, &f.now)
		f.trial.Intercept = s.intercept
		f.trial.Learn(x, t.stride, y, k.gain[:n], k.shrink, k.bound, prediction, fit)
		f.trial.Weights(k.w)
		return f.trial.Intercept
	}
	copy(k.w, s.weights)
	return kernel.Huber(k.w, x, t.stride, y, k.gain, k.shrink, k.bound, prediction, s.intercept, fit)
}

func (s *sgd) accept(intercept float64, rows int) {
	if f := s.tile.few; f != nil {
		f.now, f.trial = f.trial, f.now
	}
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

func (k *sgdTile) appendState(e *encoder) {
	if f := k.few; f != nil {
		e.floats(f.now.Kept...)
		e.floats(f.now.Step...)
		e.float(f.now.Scale)
	}
}

// restoreState of the weights' parts, and the weights.
func (k *sgdTile) restoreState(d *decoder, weights []float64) {
	f := k.few
	if f == nil {
		return
	}
	d.floats(f.now.Kept)
	d.floats(f.now.Step)
	f.now.Scale = d.float()
	f.now.Weights(k.w)
	if !allFinite(k.w) {
		d.fail("weights that are not finite")
	}
	copy(weights, k.w)
}
