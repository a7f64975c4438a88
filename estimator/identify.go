package estimator

import "math"

// leastInformation on a coefficient, with which it is more than the ridge.
const leastInformation = 100 * ridge

// identify says which coefficients the rows do not identify, and takes their numbers away: of columns that sleep, with those that they depend on, and of
// columns of which all is forgotten. A constant column has no effect of its own; it is in the intercept. Where columns are collinear up to a constant, the
// intercept depends on what their coefficients are, and is not identified either. Of a trend, level and slope are those without the waves that the rows are too
// short to show.
func (s *newton) identify(r *Report) {
	m := len(s.beta)
	lost, intercept := make([]bool, m), false
	for j := 1; j < m; j++ {
		lost[j] = !(s.variance(j)*leastInformation < 1)
	}
	for i := range s.fit.dependents {
		d := &s.fit.dependents[i]
		if !d.asleep && !lost[d.column+1] {
			continue
		}
		if lost[d.column+1] = true; d.constant() || d.column > s.fit.time {
			continue
		}
		for k, on := range s.fit.inColumns(d) {
			lost[k] = lost[k] || math.Abs(on) > varies
		}
		intercept = intercept || s.fit.time == m-1 && s.fit.moves(d)
	}
	for j := range r.Coefficients {
		if lost[j+1] {
			r.Coefficients[j] = unknown(r.Coefficients[j].Name)
			r.Degenerate = append(r.Degenerate, r.Coefficients[j].Name)
		}
	}
	if intercept {
		r.Intercept = unknown("")
	}
}

// doubt the coefficients where the guard cannot tell.
func (r *Report) doubt(g *guard, names []string) {
	if r.Far = g.away.untold(names); len(r.Far) > 0 && r.Status == StatusOK {
		r.Status = StatusDegenerate
	}
}

// unlearned model: it has no numbers but its settings, which an automatic knee is none of.
func (r *Report) unlearned(auto bool) {
	r.Status, r.Scale, r.Intercept = StatusWarmup, math.NaN(), unknown("")
	if auto {
		r.Delta = math.NaN()
	}
	for j, c := range r.Coefficients {
		r.Coefficients[j] = unknown(c.Name)
	}
}

func unknown(name string) Coefficient {
	nan := math.NaN()
	return Coefficient{Name: name, Value: nan, SE: nan, Low: nan, High: nan}
}

// inColumns says what the dependent column is of the columns themselves, which those before it may depend on, too.
func (b *basis) inColumns(d *dependent) []float64 {
	on := append([]float64(nil), d.on...)
	for i := len(b.dependents) - 1; i >= 0; i-- {
		e := &b.dependents[i]
		if e.column >= d.column {
			continue
		}
		j := e.column + 1
		on[j] *= e.gain
		for k, v := range e.on[:j] {
			on[k] -= float64(v * on[j])
		}
	}
	return on
}

// moves tells whether the intercept, at 0 of all columns, moves with the coefficient of a dependent column when the others move along so that no prediction
// does: whether xⱼ is a sum of the other columns and a constant.
func (b *basis) moves(d *dependent) bool {
	constant := b.center[d.column] / b.scale[d.column]
	size := math.Abs(constant)
	for k, on := range b.inColumns(d) {
		v := on
		if k > 0 {
			v = -on * b.center[k-1] / b.scale[k-1]
		}
		constant += v
		size += math.Abs(v)
	}
	return math.Abs(constant) > 1e-6*(1+size)
}
