package estimator

import "math"

// guard weighs down rows that are far out in x, ℓ = max|zⱼ|, and cannot be trusted. By a fixed cap that is Mallows' form, v = min(1, cap/ℓ)², which keeps
// the score's expectation at zero.
//
// Learned from the residuals (leverage auto), it tells good leverage from bad: a row of heavy-tailed x, or of a feature that runs away, as time does, lies
// on the plane that the other rows show; a glitch does not. Rows with ℓ > 3 are tallied by ℓ in bins, and in each of them
//
//	inside    rows with |r| ≤ 1.345 σ̂ √(1+h), before they were learned; h σ̂² is the variance of their prediction
//	expected  Σ ρ over the rows, where ρ is the share of the last 1,000 rows or so, weighted by v, that were inside
//	v = min(1, (inside + prior)/(expected + 4.1)/0.7)⁴
//
// so far rows are held against the rows of their time, not against those of the beginning: when all rows drift, or all are far, none of them is suspect for
// that. From seven tenths of what was expected on a bin is trusted wholly, for tallies are noisy and weights below 1 cost efficiency. The prior is worth five
// rows, which were inside as often as the rows of the bin below, times its distance to this one's. A bin's tally is halved at 1,000 rows: a sensor that begins to glitch is soon found out.
//
// More than half of the rows, as far as they are remembered, are never distrusted: where x has moved away and the plane with it, to stay, the model follows.
type guard struct {
	Leverage
	lambda  float64 // forgetting factor
	bins    [guardBins]tally
	recent  tally   // ρ = inside/expected
	trusted float64 // Σ v, and
	rows    float64 // their number, both forgotten with λ
}

// tally of rows: how many were inside, of how many.
type tally struct{ inside, expected float64 }

const (
	nearest   = 3 // in robust standard deviations: what is nearer is trusted
	guardBins = 14

	usualShare   = 0.82                                                  // of normal errors that are inside
	priorRows    = 5 * usualShare                                        // expected rows that a bin's prior is worth
	mostRowsIn   = 1000                                                  // a bin's tally
	recentKeep   = 1 - 1.0/1000                                          // of the rows that ρ is the share of, with every row, and
	recentKeep32 = recentKeep8 * recentKeep8 * recentKeep8 * recentKeep8 // with every 32
	recentKeep8  = recentKeep2 * recentKeep2 * recentKeep2 * recentKeep2
	recentKeep2  = recentKeep * recentKeep
	tolerated    = 0.7  // of what was expected
	noResidual   = 1e-8 // of the target: what is less is rounding, in rows without noise
)

// The lower ends of the bins, and their geometric middles.
var (
	binEdges   = [guardBins]float64{nearest, 4, 5, 6.5, 8, 10, 13, 17, 22, 30, 45, 70, 120, 300}
	binMiddles = [guardBins]float64{3.5, 4.5, 5.7, 7.2, 8.9, 11.4, 14.9, 19.3, 25.7, 36.7, 56.1, 91.7, 189.7, 520}
)

func newGuard(l Leverage, lambda float64) guard {
	g := guard{Leverage: l, lambda: lambda}
	g.reset()
	return g
}

// reset forgets what was learned: far rows have to prove themselves anew, as after an alarm that the model no longer holds.
func (g *guard) reset() {
	g.bins = [guardBins]tally{}
	g.recent = tally{}
	g.trusted, g.rows = 0, 0
}

// bin of rows so far out; −1 for those that are near.
func (g *guard) bin(far float64) int {
	b := -1
	for b+1 < guardBins && far > binEdges[b+1] {
		b++
	}
	return b
}

// weight v(x) of a row that is so far out.
func (g *guard) weight(far float64) float64 {
	switch {
	case g.Off:
		return 1
	case g.Auto && (far <= nearest || 2*g.trusted < g.rows):
		return 1
	case g.Auto:
		return g.learned(g.bin(far))
	case far <= g.Cap:
		return 1
	}
	q := g.Cap / far
	return float64(q * q)
}

// learned weight of a bin's rows.
func (g *guard) learned(bin int) float64 {
	ratio, below := 1.0, float64(nearest)
	for b := range bin + 1 {
		middle := binMiddles[b]
		believed := min(1, ratio) * below / middle
		t := &g.bins[b]
		ratio, below = (t.inside+float64(priorRows*believed))/(t.expected+priorRows), middle
	}
	q := ratio / tolerated
	q *= q
	return min(1, float64(q*q))
}

// inside tells whether a row lies on the plane, as far as its noise and the error of its prediction allow.
func inside(r, y, sigma, h float64) bool {
	r = math.Abs(r)
	k := huberK * sigma
	return r <= k || float64(r*r) <= float64(k*k)*(1+h) || r <= noResidual*math.Abs(y)
}

// nearest that rows are whose weight is 1, whatever was learned.
func (g *guard) nearest() float64 {
	switch {
	case g.Off:
		return math.Inf(1)
	case g.Auto:
		return nearest
	}
	return g.Cap
}

// tallyFar counts a row in the bin of those that are so far out; it returns what it adds to the rows that were inside.
func (g *guard) tallyFar(far, v float64, inside bool) float64 {
	in := 0.0
	if inside {
		in = 1
	}
	if g.Auto && far > nearest {
		g.bins[g.bin(far)].add(in, g.share())
	}
	return v * in
}

// fold a block of rows, near and far, into what is remembered: forgotten by blocks of 32 rows, as [guard.count] forgets row by row. For a guard whose λ is 1.
func (g *guard) fold(near, far tally, rows float64) {
	if !g.Auto {
		return
	}
	inside, expected := near.inside+far.inside, near.expected+far.expected
	g.recent.inside = float64(g.recent.inside*recentKeep32) + inside
	g.recent.expected = float64(g.recent.expected*recentKeep32) + expected
	g.trusted += expected
	g.rows += rows
}

// count a row that was so far out, was given the weight v, and lay inside or not.
func (g *guard) count(far, v float64, inside bool) {
	in := g.tallyFar(far, v, inside)
	g.recent.inside = float64(g.recent.inside*recentKeep) + in
	g.recent.expected = float64(g.recent.expected*recentKeep) + v
	g.trusted = float64(g.trusted*g.lambda) + v
	g.rows = float64(g.rows*g.lambda) + 1
}

// share ρ of recent rows that were inside.
func (g *guard) share() float64 { return (g.recent.inside + usualShare) / (g.recent.expected + 1) }

func (t *tally) add(inside, expected float64) {
	t.inside += inside
	t.expected += expected
	if t.expected > mostRowsIn {
		t.inside, t.expected = t.inside/2, t.expected/2
	}
}

func (g *guard) appendState(e *encoder) {
	if !g.Auto {
		return
	}
	for _, t := range append(g.bins[:], g.recent) {
		e.floats(t.inside, t.expected)
	}
	e.floats(g.trusted, g.rows)
}

func (g *guard) restoreState(d *decoder) {
	if !g.Auto {
		return
	}
	for i := range g.bins {
		g.bins[i].restore(d)
	}
	g.recent.restore(d)
	g.trusted, g.rows = d.float(), d.float()
}

func (t *tally) restore(d *decoder) {
	t.inside, t.expected = d.float(), d.float()
	if !(t.inside >= 0 && t.expected >= 0) || max(t.inside, t.expected) > 2*mostRowsIn {
		d.fail("a tally of %v, expected %v", t.inside, t.expected)
	}
}
