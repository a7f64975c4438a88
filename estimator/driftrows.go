package estimator

import (
	"math"
	"math/bits"

	"github.com/streamfit/streamfit/estimator/internal/kernel"
)

// watchedRows of a block on their way into the monitor: of those that count, their scores; of all, in order, their residuals and whitened scores of the level.
type watchedRows struct {
	kernel.Watch
	u, e  [driftBlock]float64
	far   uint32 // bit i: row i is out
	left  uint32 // likewise: it does not count at all
	stale uint32 // likewise: nor is it out, or any sign of how things are
}

// quickLevel and quickestLevel are the level's chains, which go from row to row; both directions of both fill a vector.
const quickLevel, quickestLevel = 0, 1

// watchRows of a tile. If there are several and one of them may raise an alarm, nothing is changed and it tells so.
func (d *monitor) watchRows(t *tile, from, to int) bool {
	b, n := t.watched, to-from
	counted := d.residuals(b, t.prediction[from:to], t.y[from:to], t.staleOf(from, to))
	d.load(b)
	b.Add(counted)
	out := d.out
	beyond := out.addRows(b, n) || d.level.exceededBy(b)
	if n > 1 && (beyond || d.level.over) {
		return false
	}
	d.level.over = d.level.over || beyond && d.level.exceededBy(b)
	d.out = out
	d.keep(b)
	d.history.addRows(b.u[:n], b.stale)
	d.slopes.add(b.whitened(n), t.x[from*t.stride:], t.stride)
	return true
}

// residuals of rows; it returns the number of those that count.
func (d *monitor) residuals(b *watchedRows, prediction, y []float64, stale []bool) (counted int) {
	b.far, b.left, b.stale = 0, 0, 0
	for i, p := range prediction {
		if stale != nil && stale[i] {
			b.left |= 1 << i
			b.stale |= 1 << i
			continue
		}
		u := y[i] - p
		if !(math.Abs(u) <= math.MaxFloat64) {
			u = saturate(u)
		}
		u *= d.perScale
		b.u[i] = u
		b.U[counted], b.Weight[counted] = u, 1
		far := math.Abs(u)
		if far > innermost {
			if far > beyond {
				b.far |= 1 << i
			}
			weight := (outermost - far) * (1.0 / (outermost - innermost))
			if !(weight > 0) {
				b.left |= 1 << i
				continue
			}
			b.Weight[counted] = weight
		}
		counted++
	}
	return counted
}

// load what the rows are added to.
func (d *monitor) load(b *watchedRows) {
	d.level.load(&b.Level, levelClip)
	d.spread.load(&b.Spread, spreadClip)
	b.Weights = d.level.weights
	c := &d.level
	b.Cusum = [...]float64{c.up[quickLevel], c.up[quickestLevel], c.down[quickLevel], c.down[quickestLevel]}
	b.Drag = [...]float64{c.drag[quickLevel], c.drag[quickestLevel], c.drag[quickLevel], c.drag[quickestLevel]}
	b.Most = [kernel.Lanes]float64{}
}

// keep what they came to.
func (d *monitor) keep(b *watchedRows) {
	d.level.keep(&b.Level)
	d.spread.keep(&b.Spread)
	d.level.weights, d.spread.weights = b.Weights, b.Weights
	c := &d.level
	c.up[quickLevel], c.up[quickestLevel], c.down[quickLevel], c.down[quickestLevel] = b.Cusum[0], b.Cusum[1], b.Cusum[2], b.Cusum[3]
}

func (c *channel) load(s *kernel.Scores, most float64) {
	s.Sum, s.Squares, s.Products, s.Whitened = c.sum, c.squares, c.products, c.whitened
	s.Center, s.Rho, s.PerScale, s.Most = c.center, c.rho, c.perScale, most
	s.X[kernel.Lanes-1] = c.before
}

func (c *channel) keep(s *kernel.Scores) {
	c.sum, c.squares, c.products, c.whitened = s.Sum, s.Squares, s.Products, s.Whitened
	c.before = s.X[kernel.Lanes-1]
}

// exceededBy rows: one of the CUSUMs from row to row.
func (c *channel) exceededBy(b *watchedRows) bool {
	return max(b.Most[0], b.Most[2]) >= c.chains[quickLevel].h || max(b.Most[1], b.Most[3]) >= c.chains[quickestLevel].h
}

// whitened scores of n rows, 0 of those that do not count.
func (b *watchedRows) whitened(n int) []float64 {
	if b.left == 0 {
		return b.Level.E[:n]
	}
	counted := 0
	for i := range n {
		if b.e[i] = 0; b.left>>i&1 == 0 {
			b.e[i] = b.Level.E[counted]
			counted++
		}
	}
	return b.e[:n]
}

// addRows that are out or not, and tell whether most were for too long.
func (t *farOut) addRows(b *watchedRows, n int) (exceeded bool) {
	for i := 0; i < n; i++ {
		if b.stale>>i&1 == 1 {
			continue
		}
		if t.sum == 0 && b.stale == 0 { // and stays it up to the next row that is out
			quiet := min(n-i, bits.TrailingZeros32(b.far>>i))
			t.count += float64(quiet)
			if i += quiet; i == n {
				break
			}
		}
		t.add(b.far>>i&1 == 1, b.u[i] > 0)
		exceeded = exceeded || t.sum >= t.threshold
	}
	return exceeded
}

// addRows' residuals, but for those that are stale.
func (h *history) addRows(u []float64, stale uint32) {
	for i, u := range u {
		if stale>>i&1 == 1 {
			continue
		}
		h.last[h.rows%driftBlock] = u
		if math.Abs(u) > mostKept {
			h.last[h.rows%driftBlock] = math.Copysign(mostKept, u)
		}
		h.rows++
	}
}

// mostKept of a residual, in σ̂.
const mostKept = 1e6
