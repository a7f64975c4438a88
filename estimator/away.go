package estimator

import "math"

// away follows how much the guard distrusts because of each column: the weights 1 − v that rows were not given which are far in it.
//
// A column in which that is more than half of the rows, as far as they are remembered, has moved away, and does not make a row far any more: where x has gone
// elsewhere and the plane with it, to stay, the model follows. Columns are told apart for that because rows are not what is spoiled most often: with a glitch in
// one cell of twenty, of 20 columns, two rows of three hold one, and no column has moved.
//
// Lately, in the last 500 to 1,000 rows, two fifths are enough for the report to say that the column cannot be told: that a feature has exploded, or that the
// rows have moved.
type away struct {
	rows   float64   // forgotten with λ,
	sum    []float64 // as Σ 1 − v of the rows that are far in the column
	most   float64   // of the columns
	lately []float64 // the same of the last rows
	last   float64   // and their number
}

const (
	latelyRows  = 1000
	latelyShare = 0.4
	fewLately   = 100
)

func newAway(columns int) away {
	return away{sum: make([]float64, columns), lately: make([]float64, columns)}
}

// pass of a row.
func (a *away) pass(lambda float64) {
	if lambda < 1 {
		a.fade(lambda)
	}
	a.rows++
	a.age(1)
}

// passRun of so many rows, each as pass does; after them a.rows are the rows given.
func (a *away) passRun(rows int, lambda, after float64) {
	if a.most > 0 || a.last+float64(rows) >= latelyRows {
		for range rows {
			a.pass(lambda)
		}
		return
	}
	a.rows = after
	a.last += float64(rows)
}

// fade all that is remembered of what was not given.
func (a *away) fade(lambda float64) {
	if a.rows *= lambda; a.most == 0 {
		return
	}
	a.most *= lambda
	for j := range a.sum {
		a.sum[j] *= lambda
	}
}

// passBlock of rows that have been added, where nothing is forgotten.
func (a *away) passBlock(rows float64) {
	a.rows += rows
	a.age(rows)
}

func (a *away) age(rows float64) {
	if a.last += rows; a.last < latelyRows {
		return
	}
	a.last /= 2
	for j := range a.lately {
		a.lately[j] /= 2
	}
}

// add what was not given to a row with the standardised features z.
func (a *away) add(z []float64, denied float64) {
	for j, v := range z[:min(len(z), len(a.sum))] {
		if math.Abs(v) > nearest {
			a.sum[j] += denied
			a.lately[j] += denied
			a.most = max(a.most, a.sum[j])
		}
	}
}

// moved tells whether a column has moved away.
func (a *away) moved() bool { return 2*a.most > a.rows }

// farthest |zⱼ| of the columns that have not moved away.
func (a *away) farthest(z []float64) (far float64) {
	for j, v := range z[:min(len(z), len(a.sum))] {
		if 2*a.sum[j] <= a.rows {
			far = max(far, math.Abs(v))
		}
	}
	return far
}

// untold names the columns of which it cannot be told whether their rows are far or have moved.
func (a *away) untold(names []string) (far []string) {
	for j, v := range a.lately {
		if a.last >= fewLately && v > latelyShare*a.last {
			far = append(far, names[j])
		}
	}
	return far
}

// merge what cannot be told of another stream: one shard that cannot is enough.
func (a *away) merge(o *away) {
	for j, v := range o.lately {
		if o.last >= fewLately {
			a.last = fewLately
			a.lately[j] = max(a.lately[j], v/o.last*fewLately)
		}
	}
}

func (a *away) appendState(e *encoder) {
	e.floats(a.rows, a.last)
	e.floats(a.sum...)
	e.floats(a.lately...)
}

func (a *away) restoreState(d *decoder) {
	a.rows, a.last = d.float(), d.float()
	d.floats(a.sum)
	d.floats(a.lately)
	a.most = 0
	for j, v := range a.sum {
		if !(v >= 0 && a.lately[j] >= 0) {
			d.fail("less than no rows distrusted")
		}
		a.most = max(a.most, v)
	}
	if !(a.rows >= 0) || !(a.last >= 0 && a.last < latelyRows) {
		d.fail("%v rows, %v of them lately", a.rows, a.last)
	}
}
