package estimator

import (
	"math"
	"slices"
)

// report the mean of the solvers, by their weights:
//
//	β = Σ wₖβₖ,  Var(β) = Σ wₖ(Var(βₖ) + (βₖ − β)²)
//
// A coefficient is not identified where solvers of more than half the weight do not. In the warm-up it is the exact fit of the rows so far.
func (s *tracking) report(r *Report) {
	var reports [experts]Report
	if s.bank[0].report(r); s.bank[0].rows == nil {
		reports[0] = *r
		for k, n := range s.bank[1:] {
			n.report(&reports[k+1])
		}
		s.average(r, &reports)
	}
	r.Solver, r.Memories = solverTracking, nil
	for k, rows := range memories {
		r.Memories = append(r.Memories, Memory{Rows: rows, Weight: s.mix.weight[k]})
	}
}

// average the solvers' reports.
func (s *tracking) average(r *Report, reports *[experts]Report) {
	r.Status, r.Degenerate = StatusOK, nil
	sick := s.mix.of(func(k int) float64 { return float64(truth(reports[k].Status == StatusDegenerate)) })
	if sick > 0.5 {
		r.Status = StatusDegenerate
	}
	r.Scale, r.Delta = s.mix.of(func(k int) float64 { return reports[k].Scale }), s.mix.of(func(k int) float64 { return reports[k].Delta })
	r.Intercept = s.mixed(func(k int) Coefficient { return reports[k].Intercept })
	r.Coefficients = slices.Clone(r.Coefficients)
	for j := range r.Coefficients {
		c := s.mixed(func(k int) Coefficient { return reports[k].Coefficients[j] })
		if r.Coefficients[j] = c; math.IsNaN(c.Value) {
			r.Degenerate = append(r.Degenerate, c.Name)
		}
	}
}

// mixed coefficient of the solvers that know it, if they have more than half the weight; its interval likewise.
func (s *tracking) mixed(of func(k int) Coefficient) Coefficient {
	value := s.known(func(k int) float64 { return of(k).Value })
	if math.IsNaN(value) {
		return unknown(of(0).Name)
	}
	variance := s.known(func(k int) float64 {
		c := of(k)
		return float64(c.SE*c.SE) + float64((c.Value-value)*(c.Value-value))
	})
	return coefficient(of(0).Name, value, math.Sqrt(variance))
}

// known mean of what solvers of more than half the weight know; NaN if it is not.
func (s *tracking) known(of func(k int) float64) float64 {
	sum, weight := 0.0, 0.0
	for k, w := range s.mix.weight {
		if v := of(k); !math.IsNaN(v) {
			sum += float64(w * v)
			weight += w
		}
	}
	if !(weight > 0.5) {
		return math.NaN()
	}
	return sum / weight
}
