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
// were of the time T, and T goes on only when such rows are eight more than those that were on time meanwhile, and either go on for half a half-life themselves, or are
// a sixteenth of the rows that are remembered: a burst of one wrong clock's is neither.
//
// If wrong clocks are so many, what follows is late by more than a half-life. Then T is taken back to where such rows agree that it is, when they are more than those
// that are on time: by sixteen if T is new, of fewer than 64 rows, and otherwise by four times as many as are remembered, or 1,024.
type age struct {
	halfLife float64 // seconds
	newest   float64 // T
	begun    bool
	weight   float64 // Σ of what the ages of the rows leave of them
	faded    float64 // half-lives in the running block of scores

	first  bool   // T is of the first row of a pass, and few have told of it since
	onTime uint64 // rows that have

	leaps  uint64             // rows that have leapt ahead, less those that have not
	since  float64            // time of the first of them
	leapt  [witnesses]float64 // and of the newest
	behind uint64             // rows that are late and agree on
	late   float64            // a time

	time float64 // of the row at hand, and
	left float64 // what its own age leaves of it; no part of the state
}

const (
	leap      = 1.0 // half-lives
	mostFaded = 1e9 // half-lives: nothing is left of anything

	witnesses    = 8    // rows, at least, that make a time believed, and
	witnessShare = 16   // as many as this part of what is remembered
	trusted      = 64   // rows that have told of a time from which on
	objections   = 1024 // rows, at least, that take it back, and
	overturn     = 4    // as many times what is remembered
	objectionsAt = 16   // to a newer time
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

// see a row: by how many half-lives the newest time goes on with it, and by how many it is late.
func (a *age) see(seconds float64) (gone, late float64) {
	if !a.begun {
		a.begun = true
		a.set(seconds, 0)
		a.first = true
		return 0, 0
	}
	by := a.between(a.newest, seconds)
	switch {
	case by > leap:
		return a.leapAhead(seconds)
	case by < -leap:
		a.fallBehind(seconds)
		return 0, max(0, a.between(seconds, a.newest))
	}
	a.onTime++
	a.first = a.first && a.onTime < witnesses
	a.leaps -= min(a.leaps, 1)
	a.behind -= min(a.behind, 1)
	if by <= 0 {
		return 0, -by
	}
	a.newest = seconds
	return by, 0
}

// set the newest time, of which so many rows tell.
func (a *age) set(seconds float64, onTime uint64) {
	a.newest, a.onTime, a.first, a.leaps, a.behind = seconds, onTime, false, 0, 0
}

// enough rows ahead are believed.
func (a *age) enough() uint64 { return max(witnesses, uint64(a.weight/witnessShare)) }

// leapAhead, if the row is believed: to the time that most of the newest such rows lead up to. A time that a pass has begun with, and that no other rows have told
// of, was itself the wrong one: it has not gone on.
func (a *age) leapAhead(seconds float64) (gone, late float64) {
	if a.leaps == 0 {
		a.since = seconds
	}
	a.leapt[a.leaps%witnesses] = seconds
	if a.leaps++; a.leaps < witnesses || a.leaps < a.enough() && a.between(a.since, seconds) < leap/2 {
		return 0, 0
	}
	to := max(a.newest, a.newestOf(a.leapt[:]))
	if !a.first {
		gone = a.between(a.newest, to)
	}
	a.set(to, witnesses)
	return gone, max(0, a.between(seconds, to))
}

// fallBehind by more than a half-life, and say at what time the row thinks it is.
func (a *age) fallBehind(seconds float64) {
	switch {
	case a.behind == 0:
		a.behind, a.late = 1, seconds
	case math.Abs(a.between(a.late, seconds)) <= leap:
		a.behind, a.late = a.behind+1, max(a.late, seconds)
	default:
		a.behind--
	}
	if a.behind >= max(objections, uint64(overturn*a.weight)) || a.behind >= objectionsAt && a.onTime < trusted {
		a.set(a.late, witnesses)
	}
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
	out, n := *rows, rows.n()
	out.w, out.left = make([]float64, n), make([]float64, n)
	a.set(a.newestOf(rows.time), 0)
	a.weight, a.faded = 0, 0
	for i, t := range rows.time {
		by := a.between(a.newest, t)
		out.left[i] = math.Exp2(min(0, by))
		out.w[i] = rows.w[i] * out.left[i]
		a.weight += out.left[i]
		if math.Abs(by) <= leap {
			a.onTime++
		}
	}
	return &out
}

// newestOf some times: beyond a sixteenth of them, for wrong clocks, it is the one that the others lead up to without a leap.
func (a *age) newestOf(times []float64) float64 {
	sorted := slices.Sorted(slices.Values(times))
	n := len(sorted)
	i := n - min(1+n/4, max(witnesses, n/16))
	for i+1 < n && a.between(sorted[i], sorted[i+1]) <= leap {
		i++
	}
	return sorted[i]
}

// restart the clock, for a further pass over the same rows: it is set by the first of them.
func (a *age) restart() {
	if a != nil {
		a.begun = false
	}
}

// join the clocks of shards: the newest of their times, of those that more than a few rows tell of, if there are any.
func (a *age) join(models []*Linear) {
	if a == nil {
		return
	}
	told := false
	for _, m := range models {
		o := m.solver.(*newton).current().age
		tells := o.onTime >= witnesses
		if !o.begun || told && !tells {
			continue
		}
		if !a.begun || tells && !told || o.newest > a.newest {
			a.begun, a.newest = true, o.newest
		}
		told = told || tells
	}
}

// leaves of a shard's information, at the newest time of all. It counts the shard's rows.
func (a *age) leaves(o *age) float64 {
	if a == nil || !o.begun {
		return 1
	}
	keep := math.Exp2(min(0, a.between(a.newest, o.newest)))
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
	e.floats(a.newest, a.weight, a.faded, a.late, a.since)
	e.floats(a.leapt[:]...)
	for _, n := range [...]uint64{truth(a.begun), truth(a.first), a.onTime, a.leaps, a.behind} {
		e.word(n)
	}
}

func (a *age) restoreState(d *decoder) {
	if a == nil {
		return
	}
	a.newest, a.weight, a.faded, a.late, a.since = d.float(), d.float(), d.float(), d.float(), d.float()
	d.floats(a.leapt[:])
	a.begun, a.first = d.word() == 1, d.word() == 1
	a.onTime, a.leaps, a.behind = d.word(), d.word(), d.word()
	if !(a.weight >= 0 && a.weight <= countableRows && a.faded >= 0) {
		d.fail("rows of weight %v, faded by %v half-lives", a.weight, a.faded)
	}
}
