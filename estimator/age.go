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
