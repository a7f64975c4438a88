package pipeline

import (
	"math"

	"github.com/streamfit/streamfit/estimator"
)

// What output.intervals may be.
const (
	IntervalsFixed    = "fixed"    // β ± 1.96 se: for one look at a time that was chosen before
	IntervalsSequence = "sequence" // besides, the bounds that hold at all times at once
)

// addSequences to the coefficients: of solver newton, which has standard errors in the proper sense; null of any other.
func (u *Update) addSequences(r estimator.Report) {
	add := func(to *Interval, c estimator.Coefficient) {
		low, high := math.NaN(), math.NaN()
		if r.Solver == "newton" {
			low, high = estimator.Sequence(c, r.Rows.Learned)
		}
		to.SequenceLow, to.SequenceHigh = (*Number)(&low), (*Number)(&high)
	}
	add(&u.Intercept, r.Intercept)
	for i, c := range r.Coefficients {
		add(&u.Coefficients[i].Interval, c)
	}
}
