package estimator

import (
	"math"
	"slices"
)

// age is the clock of a newton solver that forgets in event time. With h the half-life and T the newest time, a row at the time t counts 2^(−(T−t)/h): when T
// goes on by Δ, all that was learned is multiplied by λ = 2^(−Δ/h); a row that comes late by Δ enters with that weight, and moves nothing. Ages are the
// differences of times alone, so the order of the rows does not matter for what they count in the sums of the fit.
//
// One wrong clock, years ahead, would forget everything, and make all that follows late. So a row that leaps ahead, by more than a half-life, is learned as if it
// were of the time T, and T goes on only when four of 64 rows have leapt: to the least of their times. After a pause of the stream that is with its fourth row.
type age struct {
	halfLife float64 // seconds
	newest   float64 // T
	begun    bool
	weight   float64 // Σ of what the ages of the rows leave of them
	faded    float64 // half-lives in the running block of scores

	leaps, since uint64  // rows that have leapt ahead and are not yet believed; rows since the first of them
	ahead        float64 // the least of their times

	time float64 // of the row at hand, and
	left float64 // what its own age leaves of it; no part of the state
}

const (
	leap      = 1.0 // half-lives
	witnesses = 4
	leapRows  = 64
	longPause = 0.5 // half-lives
	mostFaded = 1e9 // half-lives: nothing is left of anything
)

func newAge(c Config) *age {
	if c.HalfLifeTime == 0 {
		return nil
	}
	return &age{halfLife: float64(c.HalfLifeTime), left: 1}
}

// forgets tells whether old rows count less.
func (c Config) forgets() bool { return c.HalfLifeTime != 0 || !math.IsInf(c.HalfLife, 1) }

// timed tells whether a row without a time cannot be learned from.
func (c Config) timed() bool { return c.Trend.given() || c.HalfLifeTime != 0 }

// see a row: by how many half-lives the newest time goes on with it, or by how many it is late.
func (a *age) see(seconds float64) (gone, late float64) {
	if a.since++; a.since > leapRows {
		a.leaps = 0
	}
	if !a.begun {
		a.begun, a.newest = true, seconds
		return 0, 0
	}
	to := seconds
	switch by := a.between(a.newest, seconds); {
	case by <= 0:
		return 0, -by
	case by > leap:
		if to = a.leapt(seconds); to == a.newest {
			return 0, 0
		}
	}
	gone = a.between(a.newest, to)
	a.newest = to
	return gone, 0
}

// leapt is where the newest time goes on to after a row that has leapt ahead.
func (a *age) leapt(seconds float64) float64 {
	if a.leaps == 0 {
		a.ahead, a.since = seconds, 0
	}
	a.ahead = min(a.ahead, seconds)
	if a.leaps++; a.leaps < witnesses {
		return a.newest
	}
	a.leaps = 0
	to := max(a.newest, a.ahead)
	if a.between(to, seconds) <= leap {
		to = seconds
	}
	return to
}

// between two times, in half-lives.
func (a *age) between(from, to float64) float64 {
	return max(-mostFaded, min(mostFaded, difference(to, from)/a.halfLife))
}

// pass a row at a time in seconds: what was learned ages with the newest time.
func (s *newton) pass(seconds float64) {
	a := s.age
	gone, late := a.see(seconds)
	a.time, a.left = seconds, math.Exp2(-late)
	s.lambda = math.Exp2(-gone)
	a.weight = float64(a.weight*s.lambda) + a.left
	if gone > longPause {
		if s.rows == nil || s.when != nil { // otherwise nothing is learned before the next refit, which ages the rows themselves
			s.pause(gone)
		}
		s.lambda = 1
	} else {
		a.faded = min(a.faded+gone, mostFaded)
	}
	s.guard.lambda = s.lambda
}

// pause of the rows, so long that more is forgotten than the steps of one row bear. P grows by 1/λ. M would fall by λ², and the intervals stay as they are:
// weights that are all multiplied by the same number estimate the same coefficients. But what no row has told of for so long may have moved, so M falls by λ,
// and the variances grow by 1/λ, as if the rows that are left were all that there ever were.
func (s *newton) pause(gone float64) {
	keep := math.Exp2(-gone)
	s.forget(keep)
	for i := range s.meat {
		s.meat[i] *= keep
	}
	for j := range s.score {
		s.score[j] *= math.Sqrt(keep)
	}
	s.guard.away.fade(keep)
	if s.when != nil {
		s.when.weight *= keep
		s.when.square *= keep
	}
	if s.rows == nil {
		s.t = min(s.t, max(relaxedRows, math.Floor(s.age.weight)))
		s.schedule()
	}
}

// forget all but a part of the information, at once. What the ridge needs is given back as keepRidge does, but to the information itself: P/λ can be beyond
// what a downdate bears.
func (s *newton) forget(keep float64) {
	m, ridged := len(s.beta), false
	for j := range s.beta {
		ridged = ridged || !(s.variance(j)*leastInformation < keep)
	}
	if !ridged {
		for i := range s.p {
			s.p[i] /= keep
		}
		return
	}
	information := invertDefinite(s.dense(), m)
	for i := range information {
		information[i] *= keep
	}
	for j := range s.beta {
		if !(s.variance(j)*leastInformation < keep) {
			information[j*m+j] += (1 - keep) * ridge
		}
	}
	s.setDense(invertDefinite(information, m))
}

// forgets tells whether old rows count less.
func (s *newton) forgets() bool { return s.age != nil || s.lambda < 1 }

// fading is the λ of one row; in event time, that of as many rows as are remembered.
func (s *newton) fading() float64 {
	if s.age == nil {
		return s.lambda
	}
	return 1 - 1/max(1, s.age.weight)
}

// fadedInBlock is −log of what the running block has left of what was before it.
func (s *newton) fadedInBlock() float64 {
	if s.age == nil {
		return -float64(s.block) * math.Log(s.lambda)
	}
	return s.age.faded * math.Ln2
}

// fresh tells whether the row at hand says something of the scale now.
func (a *age) fresh() bool { return a == nil || a.left >= 0.5 }

// aged weight of the row at hand.
func (a *age) aged(w float64) float64 {
	if a == nil {
		return w
	}
	return w * a.left
}

// nextBlock of scores begins.
func (a *age) nextBlock() {
	if a != nil {
		a.faded = 0
	}
}

// weigh the rows of a warm-up by their age. The newest time is looked for among all of them, whatever their order.
func (a *age) weigh(rows *warmRows) *warmRows {
	if a == nil {
		return rows
	}
	out := *rows
	out.w = make([]float64, rows.n())
	a.newest, a.weight, a.faded, a.leaps = a.newestOf(rows.time), 0, 0, 0
	for i, t := range rows.time {
		left := math.Exp2(-max(0, a.between(t, a.newest)))
		out.w[i] = rows.w[i] * left
		a.weight += left
	}
	return &out
}

// newestOf the times of a warm-up: the last one that three others, or a quarter of a few, lead up to without a leap.
func (a *age) newestOf(times []float64) float64 {
	sorted := slices.Sorted(slices.Values(times))
	want := min(witnesses, 1+len(sorted)/witnesses)
	led := 1
	for i := len(sorted) - 2; i >= 0 && led < want; i-- {
		if led++; a.between(sorted[i], sorted[i+1]) > leap {
			led = 1
		}
		if led == want {
			return sorted[i+want-1]
		}
	}
	return sorted[len(sorted)-want]
}

// restart the clock, for a further pass over the same rows: it is set by the first of them.
func (a *age) restart() {
	if a != nil {
		a.begun, a.leaps = false, 0
	}
}

// join the clocks of shards: the newest of their times.
func (a *age) join(models []*Linear) {
	if a == nil {
		return
	}
	for _, m := range models {
		if o := m.solver.(*newton).current().age; o.begun && (!a.begun || o.newest > a.newest) {
			a.newest, a.begun = o.newest, true
		}
	}
}

// leaves of a shard's information, at the newest time of all. It counts the shard's rows.
func (a *age) leaves(o *age) float64 {
	if a == nil || !o.begun {
		return 1
	}
	keep := math.Exp2(-a.between(o.newest, a.newest))
	a.weight += float64(keep * o.weight)
	return keep
}

// copy for a refit beside the solver.
func (a *age) copy() *age {
	if a == nil {
		return nil
	}
	c := *a
	return &c
}

func (a *age) appendState(e *encoder) {
	if a == nil {
		return
	}
	e.floats(a.newest, a.weight, a.faded, a.ahead)
	e.word(truth(a.begun))
	e.word(a.leaps)
	e.word(a.since)
}

func (a *age) restoreState(d *decoder) {
	if a == nil {
		return
	}
	a.newest, a.weight, a.faded, a.ahead = d.float(), d.float(), d.float(), d.float()
	a.begun, a.leaps, a.since = d.word() == 1, d.word(), d.word()
	if !(a.weight >= 0 && a.faded >= 0) || a.leaps >= witnesses {
		d.fail("rows of weight %v, faded by %v half-lives, %d of them ahead", a.weight, a.faded, a.leaps)
	}
}
