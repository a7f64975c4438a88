package estimator

import (
	"math"

	"github.com/streamfit/streamfit/estimator/internal/kernel"
)

// tile is a run of rows that can be learned from, gathered from the columns row by row: what a solver learns at a time. How a stream is cut into
// tiles changes no bit of what is learned.
type tile struct {
	d, stride int // columns, and their number padded to full vectors
	features  int // columns that are gathered; those of the trend follow
	trend     Trend
	n         int       // rows
	x         []float64 // n×stride, padded with zeros
	y, w      []float64 // targets; weights, above 0
	alike     bool      // all of w are 1
	time      []float64 // event times; not filled where there is no time
	timed     bool
	needsTime bool // a row without a time cannot be learned from

	view    *tile        // a part of it
	watched *watchedRows // room for the drift detector, which needs it for no longer than a block, and
	tracked *trackedRows // for the solver tracking; nil for the others

	// What the solver says of each row, before it learns from it.
	prediction, knee []float64
	stale            []bool // so late that it says nothing of how things are now; nil: none is
	guarded          uint64 // rows that the leverage guard weighed down

	words []byte // room for a state on its way out or in
}

// A tile's features stay within the processor's second cache, and its rows within these bounds.
const (
	tileValues           = 32768
	fewestRows, mostRows = 8, 256
)

func newTile(c Config) *tile {
	d := c.columns()
	stride, rows := strideOf(d), rowsOf(d)
	t := &tile{
		d: d, stride: stride, features: len(c.Features), trend: c.Trend, x: make([]float64, rows*stride), y: make([]float64, rows+kernel.Lanes)[:rows],
		w: make([]float64, rows+kernel.Lanes)[:rows], prediction: make([]float64, rows+kernel.Lanes)[:rows], knee: make([]float64, rows),
		time: make([]float64, rows), needsTime: c.timed(), view: &tile{}, watched: &watchedRows{},
	}
	if c.HalfLifeTime != 0 {
		t.stale = make([]bool, rows)
	}
	if c.Solver == solverTracking {
		t.tracked = &trackedRows{}
	}
	return t
}

// rowsOf a tile of d features.
func rowsOf(d int) int {
	return max(fewestRows, min(mostRows, tileValues/max(1, kernel.Padded(d))))
}

// strideOf the rows: padded, and by one line of the cache more where rows would otherwise lie over each other in it.
func strideOf(d int) int {
	stride := kernel.Padded(d)
	if stride >= wideRow && stride%wideRow == 0 {
		stride += cacheLine
	}
	return stride
}

const wideRow, cacheLine = 64, 8 // values

// row i's features.
func (t *tile) row(i int) []float64 { return t.x[i*t.stride : i*t.stride+t.d] }

// part of the tile, rows from, …, to−1; valid until the next one is made.
func (t *tile) part(from, to int) *tile {
	p := t.view
	*p = *t
	p.n, p.guarded = to-from, 0
	p.x, p.y, p.w, p.time = t.x[from*t.stride:to*t.stride], t.y[from:to], t.w[from:to], t.time[from:to]
	p.prediction, p.knee, p.stale = t.prediction[from:to], t.knee[from:to], t.staleOf(from, to)
	return p
}

// staleOf rows from, …, to−1.
func (t *tile) staleOf(from, to int) []bool {
	if t.stale == nil {
		return nil
	}
	return t.stale[from:to]
}

// timeOf row i; NaN: not known.
func (t *tile) timeOf(i int) float64 {
	if !t.timed {
		return math.NaN()
	}
	return t.time[i]
}

// gather as many rows from the one at the index as fit. It returns the index of the row after them, and appends to dst the rows that cannot be learned from.
func (t *tile) gather(dst []Skipped, c Columns, at int) ([]Skipped, int) {
	t.n, t.guarded, t.timed = 0, 0, c.Time != nil
	run := min(len(t.y), c.count()-at)
	if c.Pick == nil && t.gatherAll(c, at, run) {
		return dst, at + run
	}
	for k := at; k < at+run; k++ {
		i := c.row(k)
		if reason, ok := t.gatherRow(c, i); !ok {
			dst = append(dst, Skipped{Row: i, Reason: reason})
		}
	}
	return dst, at + run
}

// gatherAll gathers a run of rows column by column, if all of them can be learned from.
func (t *tile) gatherAll(c Columns, at, run int) bool {
	if c.Valid != nil && !valid(c.Valid, at, run) {
		return false
	}
	if !kernel.Gather(t.x, t.stride, c.Features, at, run) || !kernel.Within(c.Target[at:at+run]) {
		return false
	}
	if t.needsTime && (c.Time == nil || !t.gatherTimes(c.Time[at:at+run])) {
		return false
	}
	copy(t.y, c.Target[at:at+run])
	if t.timed {
		copy(t.time, c.Time[at:at+run])
	}
	t.n = run
	return t.weigh(c, at, run)
}

// gatherTimes makes the trend's columns, if there is one, of the times of the rows from the first on; false if one of them cannot be learned from.
func (t *tile) gatherTimes(times []float64) bool {
	if !kernel.Within(times) {
		return false
	}
	if !t.trend.given() {
		return true
	}
	for i, seconds := range times {
		t.trend.row(t.row(i)[t.features:], seconds)
	}
	return true
}

// weighAlike gives all rows the weight 1.
func (t *tile) weighAlike() {
	if t.alike {
		return
	}
	t.alike = true
	for i := range t.w {
		t.w[i] = 1
	}
}

// weigh the rows; false if one of them has no weight that can be learned with.
func (t *tile) weigh(c Columns, at, run int) bool {
	if c.Weights == nil {
		t.weighAlike()
		return true
	}
	t.alike = false
	for i, w := range c.Weights[at : at+run] {
		if !(w > 0 && w <= largest) {
			t.n = 0
			return false
		}
		t.w[i] = w
	}
	return true
}

// predicted rows of the tile, as they were before they were learned.
func (t *tile) predicted() Predicted {
	p := Predicted{Prediction: t.prediction[:t.n], Target: t.y[:t.n], Knee: t.knee[:t.n]}
	if t.trend.given() {
		p.Time = t.time[:t.n]
	}
	return p
}

// gatherRow adds row i of the columns, or tells why it cannot be learned from.
func (t *tile) gatherRow(c Columns, i int) (Reason, bool) {
	if c.Valid != nil && !valid(c.Valid, i, 1) {
		return ReasonNull, false
	}
	y, w := c.Target[i], 1.0
	if c.Weights != nil {
		w = c.Weights[i]
	}
	t.y[t.n], t.w[t.n], t.alike = y, w, false
	if t.timed {
		t.time[t.n] = c.Time[i]
	}
	seconds := 0.0
	if t.needsTime {
		seconds = c.timeOf(i)
	}
	within := kernel.Gather(t.x[t.n*t.stride:], t.stride, c.Features, i, 1)
	rest := [...]float64{y, w, seconds}
	switch {
	case !allFinite(rest[:]) || !within && !allFinite(t.row(t.n)[:t.features]):
		return ReasonNonFinite, false
	case !(w > 0):
		return ReasonWeight, false
	case !within || !kernel.Within(rest[:]):
		return ReasonRange, false
	}
	if t.trend.given() {
		t.trend.row(t.row(t.n)[t.features:], seconds)
	}
	t.n++
	return 0, true
}

// largest magnitude of a number that is learned from. What the model is made of is products of up to four of them, of residuals and features in the
// standard errors: with it they are still numbers, also where a column's scale is 1. No quantity that is measured in any unit comes near.
const largest = kernel.Largest

// valid tells whether bits at, …, at+n−1 of an Arrow validity bitmap are all set.
func valid(bitmap []byte, at, n int) bool {
	for i := at; i < at+n; {
		if i%8 == 0 && at+n-i >= 8 {
			if bitmap[i/8] != 0xff {
				return false
			}
			i += 8
			continue
		}
		if bitmap[i/8]>>(i%8)&1 == 0 {
			return false
		}
		i++
	}
	return true
}
