package estimator

import "math"

// adaptive is a solver whose residuals can be watched, since it says when it has arrived.
type adaptive interface {
	settled() bool          // whether the residuals are those of a model that has arrived
	residualScale() float64 // σ̂ in units of the target
	basisNow() *basis       // in which rows are standardised
	basisStands() bool      // whether it will be the same after any rows
	memory() float64        // rows that count, if there were as many as can be; +Inf: all of them
	relax()                 // told that the residuals have another scale

	remembers(rows float64) float64 // effective number of the rows, of so many that it has learned
}

// settledRows are watched by no one: a model of fewer is still on its way.
const settledRows = 128

// exactSigma of an exact fit: its residuals are rounding, in units of the target's own scale.
const exactSigma = 1e-8

// settled in the second half of the warm-up: the fit of the first half is good enough. A season is not known before it was seen.
func (s *newton) settled() bool {
	return s.t >= settledRows && s.sigma > exactSigma && (s.rows == nil || 2*s.rows.n() >= s.warmUp) && (s.when == nil || s.when.seasoned(s.fit.scale, s.fading()))
}

// seasoned tells whether the rows, as the fit weighs them, span one and a half of the longest period, or have done what they can: the times of rows that are
// spread evenly have a standard deviation of 1/√12 of their span.
func (w *when) seasoned(scale []float64, lambda float64) bool {
	longest := 0.0
	for _, period := range w.trend.Season {
		longest = max(longest, float64(period))
	}
	span := math.Sqrt(12*w.square/max(w.weight, 1)) * scale[w.column]
	return span >= 1.5*longest || float64(w.rows)*(1-lambda) > 5
}

func (s *newton) residualScale() float64 { return saturate(s.sigma * s.fit.targetS) }
func (s *newton) basisNow() *basis       { return &s.fit }

// basisStands after the warm-up, where no time runs away and no pause makes the model begin anew.
func (s *newton) basisStands() bool { return s.rows == nil && s.when == nil && s.age == nil }

func (s *newton) memory() float64 {
	switch {
	case s.rows != nil || s.age == nil && s.lambda == 1:
		return math.Inf(1)
	case s.age != nil:
		return s.age.weight
	default:
		return 1 / (1 - s.lambda)
	}
}

func (s *newton) remembers(rows float64) float64 {
	if s.age != nil {
		return s.current().age.weight
	}
	return effectiveRows(rows, s.lambda)
}

func (s *asgd) basisStands() bool { return !s.warming() }

func (s *asgd) remembers(rows float64) float64 { return rows }
func (s *asgd) memory() float64                { return math.Inf(1) }

func (s *asgd) settled() bool {
	if s.warmUp != nil {
		return s.warmUp.settled()
	}
	return s.rows == nil && !s.onTheWay() && s.sigma > exactSigma
}

func (s *asgd) residualScale() float64 {
	if s.warmUp != nil {
		return s.warmUp.residualScale()
	}
	return saturate(s.sigma * s.fit.targetS)
}

func (s *asgd) basisNow() *basis {
	if s.warmUp != nil {
		return &s.warmUp.fit
	}
	return &s.fit
}
