package estimator

import (
	"errors"
	"math"

	"github.com/streamfit/streamfit/estimator/internal/kernel"
)

// report in raw units: the warm-up's own, and from then on that of the average. Standard errors are √(6V̂/n), for the path's V̂ has a sixth of the average's
// variance as its expectation; the interval is not 1.96 of them to either side, but what the path's law says.
func (s *asgd) report(r *Report) {
	if s.warmUp != nil {
		s.warmUp.report(r)
		r.Solver = solverASGD
		if s.warmUp.t < fewestPerCoefficient*float64(len(s.known)) {
			s.forgetIntervals(r)
		}
		return
	}
	r.Solver, r.Status = solverASGD, StatusOK
	if s.onTheWay() {
		r.Status = StatusWarmup
	}
	r.Scale, r.Delta = saturate(s.sigma*s.fit.targetS), s.kneeRaw
	if math.IsInf(r.Delta, 0) {
		r.Delta = math.NaN()
	}
	b, y := s.stride, s.fit.targetS
	intercept := s.fit.targetC + float64(y*s.path.mean[b])
	for j, name := range s.features {
		unit := y / s.fit.scale[j]
		slope := float64(s.path.mean[j] * unit)
		intercept -= float64(slope * s.fit.center[j])
		r.Coefficients = append(r.Coefficients, coefficientWithin(name, slope, s.interval(j, j+1, unit)))
	}
	r.Intercept = coefficientWithin("", intercept, s.interval(b+1, 0, y))
	measured := !s.frozen && s.measured()
	for j, c := range r.Coefficients {
		if measured && math.IsNaN(c.SE) { // it has not moved: no row shows it
			r.Coefficients[j], r.Degenerate = unknown(c.Name), append(r.Degenerate, c.Name)
		}
	}
	for _, c := range append(r.Coefficients, r.Intercept) {
		if math.Abs(c.Value) == math.MaxFloat64 || measured && math.IsNaN(c.SE) {
			r.Status = StatusDegenerate
		}
	}
	r.doubt(&s.guard, s.features)
}

// fewestPerCoefficient are the rows from which the standard errors of the warm-up's batch fit are more than the rows' own noise, fitted away.
const fewestPerCoefficient = 2

func (s *asgd) forgetIntervals(r *Report) {
	r.Intercept = coefficientWithin("", r.Intercept.Value, interval{})
	for j, c := range r.Coefficients {
		r.Coefficients[j] = coefficientWithin(c.Name, c.Value, interval{})
	}
}

// measured tells whether the path is long enough for an interval. A wide model remembers for long where it was.
func (s *asgd) measured() bool { return !s.onTheWay() && s.path.after(fewestWays*s.burnIn/asgdBlock) }

// interval of element j of the path in units of the target and the feature, or while the path is short or comes again the one known from before.
func (s *asgd) interval(j, known int, unit float64) interval {
	if s.frozen || !s.measured() {
		return s.known[known]
	}
	error1 := math.Sqrt(s.path.variance(j)) * unit
	return interval{math.Sqrt(6) * error1, crit95 * error1}
}

// coefficientWithin an interval; what is no number, or no interval, is none.
func coefficientWithin(name string, value float64, i interval) Coefficient {
	value = saturate(value)
	c := Coefficient{Name: name, Value: value, SE: i.se, Low: value - i.half, High: value + i.half}
	if !(i.se > 0) || !isFinite(i.se) || !isFinite(c.Low) || !isFinite(c.High) {
		c.SE, c.Low, c.High = math.NaN(), math.NaN(), math.NaN()
	}
	return c
}

func intervalOf(c Coefficient) interval {
	if !isFinite(c.SE) {
		return interval{}
	}
	return interval{c.SE, c.High/2 - c.Low/2}
}

// hold the intervals of a report.
func (s *asgd) hold(r *Report) {
	s.known[0] = intervalOf(r.Intercept)
	for j, c := range r.Coefficients {
		s.known[j+1] = intervalOf(c)
	}
}

// endPass keeps the intervals: rows that come again make the average no surer.
func (s *asgd) endPass() {
	if s.warmUp != nil {
		s.warmUp.endPass()
	} else if !s.frozen {
		var r Report
		s.report(&r)
		s.hold(&r)
	}
	s.frozen = true
}

func (s *asgd) appendState(e *encoder) {
	e.word(truth(s.frozen))
	e.word(truth(s.warming()))
	switch {
	case s.warmUp != nil:
		s.warmUp.appendState(e)
		return
	case s.rows != nil:
		e.word(uint64(s.rows.n()))
		e.floats(s.rows.x...)
		e.floats(s.rows.y...)
		e.floats(s.rows.w...)
		return
	}
	e.floats(s.fit.center...)
	e.floats(s.fit.scale...)
	e.floats(s.fit.targetC, s.fit.targetS, s.sigma, s.sigma0, s.t)
	e.floats(s.beta...)
	for _, i := range s.known {
		e.floats(i.se, i.half)
	}
	s.block.appendState(e)
	s.guard.appendState(e)
	s.path.append(e)
}

func truth(v bool) uint64 {
	if v {
		return 1
	}
	return 0
}

func (s *asgd) restoreState(d *decoder) {
	s.frozen = d.word() == 1
	switch warming := d.word() == 1; {
	case warming && s.warmUp != nil:
		if s.warmUp.restoreState(d); s.warmUp.rows == nil {
			d.fail("a warm-up that is over")
		}
		return
	case warming:
		s.restoreRows(d)
		return
	}
	s.warmUp, s.rows = nil, nil
	d.floats(s.fit.center)
	d.floats(s.fit.scale)
	s.fit.targetC, s.fit.targetS, s.sigma, s.sigma0, s.t = d.float(), d.float(), d.float(), d.float(), d.float()
	d.bounded(s.beta, asgdLargest)
	for j := range s.known {
		s.known[j] = interval{d.float(), d.float()}
	}
	s.block.restoreState(d)
	s.guard.restoreState(d)
	s.path.restore(d)
	s.check(d)
	s.prepare()
}

func (b *asgdBlockRows) appendState(e *encoder) {
	e.word(uint64(b.n))
	e.word(uint64(b.exceeded))
	e.word(uint64(b.refused))
	if b.n == 0 {
		return
	}
	e.floats(b.near.inside, b.near.expected, b.far.inside, b.far.expected, b.stepIntercept, b.scale)
	if len(b.step) <= kernel.Narrow {
		e.floats(b.step...)
	}
}

func (b *asgdBlockRows) restoreState(d *decoder) {
	b.n, b.exceeded, b.refused = int(d.word()), int(d.word()), int(d.word())
	if b.n < 0 || b.n >= asgdBlock || b.exceeded < 0 || b.refused < 0 || b.exceeded > 2*(b.n-b.refused) || b.refused > b.n {
		d.fail("%d halves of %d rows beyond the median, %d refused", b.exceeded, b.n, b.refused)
		return
	}
	if b.n == 0 {
		return
	}
	b.near, b.far = tally{d.float(), d.float()}, tally{d.float(), d.float()}
	b.stepIntercept, b.scale = d.float(), d.float()
	if len(b.step) <= kernel.Narrow {
		d.bounded(b.step, 1)
	}
	for _, t := range []tally{b.near, b.far} {
		if !(t.inside >= 0 && t.inside <= t.expected && t.expected <= asgdBlock) {
			d.fail("%v of %v rows of a block inside", t.inside, t.expected)
		}
	}
	if !(math.Abs(b.scale) <= asgdFarthest && math.Abs(b.stepIntercept) <= 1) {
		d.fail("a step of %v · %v", b.scale, b.stepIntercept)
	}
}

// restoreRows of a wide model: what they make of the basis follows.
func (s *asgd) restoreRows(d *decoder) {
	n, width := d.word(), uint64(len(s.features))
	if n >= basisRows || n*(width+2)*8 > uint64(len(d.in)) {
		d.fail("%d rows of warm-up", n)
		return
	}
	rows := warmRows{x: make([]float64, n*width), y: make([]float64, n), w: make([]float64, n)}
	d.floats(rows.x)
	d.floats(rows.y)
	d.floats(rows.w)
	for i, y := range rows.y {
		if !(rows.w[i] > 0) {
			d.fail("a weight of %v", rows.w[i])
			return
		}
		s.keep(rows.x[i*int(width):(i+1)*int(width)], y, rows.w[i])
	}
}

// check what the steps rely on.
func (s *asgd) check(d *decoder) {
	for _, scale := range append([]float64{s.fit.targetS}, s.fit.scale...) {
		if !usable(scale) {
			d.fail("a scale of %v", scale)
		}
	}
	if !(s.sigma >= smallestSigma && s.sigma <= farthest) || !(s.sigma0 >= 0 && s.sigma0 <= farthest) || !(s.t >= 0 && s.t <= countableRows) {
		d.fail("σ̂ %v after %v rows", s.sigma, s.t)
	}
}

// bounded numbers: whatever is computed of them stays finite.
func (d *decoder) bounded(dst []float64, most float64) {
	for i := range dst {
		if dst[i] = d.float(); math.Abs(dst[i]) > most {
			d.fail("a number of %v", dst[i])
		}
	}
}

// merge averages the shards' coefficients by their numbers of rows, nᵢ of n. The shards are independent, so their errors add up in squares,
//
//	se² = Σ (nᵢ/n)² seᵢ²,   half² = Σ (nᵢ/n)² halfᵢ²
//
// and the interval is if anything too long: the mean of several V̂ is steadier than one. If one shard has no interval, neither has their average.
func (s *asgd) merge(models []*Linear) error {
	total, most := 0.0, models[0]
	for _, m := range models {
		if m.rows.Learned > most.rows.Learned {
			most = m
		}
		total += float64(m.rows.Learned)
	}
	if total == 0 {
		return nil
	}
	base, ok := most.solver.(*asgd)
	if !ok {
		return errors.New("estimator: not all shards are asgd's")
	}
	s.fit, s.warmUp = base.basis(), nil
	s.sigma, s.t, s.frozen = 0, 0, base.frozen
	logScale := 0.0
	for _, m := range models {
		if m.rows.Learned == 0 {
			continue
		}
		share := float64(m.rows.Learned) / total
		s.guard.away.merge(m.solver.(*asgd).away())
		logScale += share * math.Log(s.add(m.solver.(*asgd), share)/s.fit.targetS)
	}
	s.sigma = max(smallestSigma, min(farthest, math.Exp(logScale)))
	s.sigma0 = s.sigma
	for j := range s.beta {
		s.beta[j] = max(-asgdLargest, min(asgdLargest, s.beta[j]))
	}
	for j, i := range s.known {
		if s.known[j] = (interval{}); i.se > 0 && i.half <= math.MaxFloat64 {
			s.known[j] = interval{math.Sqrt(i.se), math.Sqrt(i.half)}
		}
	}
	s.path.start(s.beta, math.Floor(s.t/asgdBlock))
	s.prepare()
	return nil
}

// add a shard's share in the coefficients, and the squares of its share in the intervals; it returns the shard's σ̂ in units of the target.
func (s *asgd) add(shard *asgd, share float64) (scale float64) {
	var now solver = shard
	if shard.warmUp != nil {
		now = shard.warmUp.current()
	}
	var r Report
	now.report(&r)
	for j, c := range append([]Coefficient{r.Intercept}, r.Coefficients...) {
		i := intervalOf(c)
		if i.se == 0 {
			i = interval{math.NaN(), math.NaN()}
		}
		s.known[j].se += share * share * i.se * i.se
		s.known[j].half += share * share * i.half * i.half
	}
	for j, c := range r.Coefficients {
		s.beta[j] += share * (saturate(c.Value) * s.fit.scale[j] / s.fit.targetS)
	}
	s.beta[s.stride] += share * s.fit.target(now.predict(s.fit.center))
	s.t += shard.learned()
	return r.Scale
}

// away is the guard's, which in the warm-up is newton's.
func (s *asgd) away() *away {
	if s.warmUp != nil {
		return &s.warmUp.current().guard.away
	}
	return &s.guard.away
}

// basis the solver works in, which in the warm-up is that of the rows so far.
func (s *asgd) basis() basis {
	if s.warmUp != nil {
		return s.warmUp.current().fit
	}
	return s.fit
}

// learned rows since the start.
func (s *asgd) learned() float64 {
	if s.warmUp != nil {
		return s.warmUp.t
	}
	return s.t + float64(s.block.n)
}
