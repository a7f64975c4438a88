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
//	q = min(1, (inside + prior)/(expected + 4.1)/0.7)
//	v = q⁴ · (s + (1−s)·(3/ℓ)²),  s = max(0, 2q − 1)
//
// so far rows are held against the rows of their time, not against those of the beginning: when all rows drift, or all are far, none of them is suspect for
// that. From seven tenths of what was expected on a bin is trusted wholly, for tallies are noisy and weights below 1 cost efficiency. The prior is worth five
// rows, which were inside as often as the rows of the bin below, times its distance to this one's. A bin's tally is halved at 1,000 rows: a sensor that begins to glitch is soon found out.
//
// What a distrusted row can do is bounded, however far it is: of a bin with less than half the trust it weighs (3/ℓ)² at most, and the bins go on as far as
// float64 tells numbers apart, the trust in one without rows falling as 1/ℓ. Nor is every row that is inside evidence for its bin: where the slopes are not
// known well enough to say what the target of so far a row must be, it may lie anywhere, see [tells].
//
// The columns in which more than half of the rows are far and distrusted have moved away, see [away].
type guard struct {
	Leverage
	lambda float64 // forgetting factor
	bins   [guardBins]tally
	recent tally // ρ = inside/expected
	away   away
}

// tally of rows: how many were inside, of how many.
type tally struct{ inside, expected float64 }

const (
	nearest   = 3 // in robust standard deviations: what is nearer is trusted
	guardBins = 28
	lostFar   = 0x1p53 // from here on a residual is below the last digit of the prediction

	usualShare   = 0.82                                                  // of normal errors that are inside
	priorRows    = 5 * usualShare                                        // expected rows that a bin's prior is worth
	mostRowsIn   = 1000                                                  // a bin's tally
	recentKeep   = 1 - 1.0/1000                                          // of the rows that ρ is the share of, with every row, and
	recentKeep32 = recentKeep8 * recentKeep8 * recentKeep8 * recentKeep8 // with every 32
	recentKeep8  = recentKeep2 * recentKeep2 * recentKeep2 * recentKeep2
	recentKeep2  = recentKeep * recentKeep
	tolerated    = 0.7  // of what was expected
	noResidual   = 1e-8 // of the target: what is less is rounding, in rows without noise
	surely       = 4    // standard errors
)

// The lower ends of the bins, and their geometric middles.
var (
	binEdges = [guardBins]float64{
		nearest, 4, 5, 6.5, 8, 10, 13, 17, 22, 30, 45, 70, 120, 300, 900, 9e3, 9e4, 9e5, 9e6, 9e7, 9e8, 9e9, 9e10, 9e11, 9e12, 9e13, 9e14, 9e15,
	}
	binMiddles = [guardBins]float64{
		3.5, 4.5, 5.7, 7.2, 8.9, 11.4, 14.9, 19.3, 25.7, 36.7, 56.1, 91.7, 189.7, 520, 2850, 2.85e4, 2.85e5, 2.85e6, 2.85e7, 2.85e8, 2.85e9, 2.85e10, 2.85e11,
		2.85e12, 2.85e13, 2.85e14, 2.85e15, 2.85e16,
	}
)

func newGuard(l Leverage, lambda float64, columns int) guard {
	g := guard{Leverage: l, lambda: lambda}
	if l.Auto {
		g.away = newAway(columns)
	}
	return g
}

// reset forgets what was learned: far rows have to prove themselves anew, as after an alarm that the model no longer holds.
func (g *guard) reset() { *g = newGuard(g.Leverage, g.lambda, len(g.away.sum)) }

// bin of rows so far out; −1 for those that are near.
func (g *guard) bin(far float64) int {
	b := -1
	for b+1 < guardBins && far > binEdges[b+1] {
		b++
	}
	return b
}

// weight v(x) of a row with the standardised features z, which is so far out.
func (g *guard) weight(z []float64, far float64) float64 {
	switch {
	case g.Off:
		return 1
	case g.Auto:
		return g.learned(far, z)
	case far <= g.Cap:
		return 1
	}
	q := g.Cap / far
	return float64(q * q)
}

// learned weight of a row.
func (g *guard) learned(far float64, z []float64) float64 {
	if far > nearest && g.away.moved() {
		far = g.away.farthest(z)
	}
	if far <= nearest {
		return 1
	}
	if far >= lostFar {
		return 0
	}
	ratio, below := 1.0, float64(nearest)
	for b := range g.bin(far) + 1 {
		middle := binMiddles[b]
		believed := min(1, ratio) * below / middle
		t := &g.bins[b]
		ratio, below = (t.inside+float64(priorRows*believed))/(t.expected+priorRows), middle
	}
	q := min(1, ratio/tolerated)
	near := nearest / far
	near *= near
	near += float64(max(0, 1-2*(1-q)) * (1 - near))
	q *= q
	return float64(float64(q*q) * near)
}

// measures tells whether a row of the weight v says something of σ̂. One that is distrusted does not: where most rows hold a glitch, its residuals would make σ̂
// so large that all of them are inside. A cap gives up to all rows.
func (g *guard) measures(v float64) bool { return !g.Auto || v >= 0.5 }

// inside tells whether a row lies on the plane, as far as its noise and the error of its prediction allow.
func inside(r, y, sigma, h float64) bool {
	r = math.Abs(r)
	k := huberK * sigma
	return r <= k || float64(r*r) <= float64(k*k)*(1+h) || r <= noResidual*math.Abs(y)
}

// tells whether a row that is inside says anything for the rows that are as far out: h is small, or its features move the prediction, by lever, by more than
// four standard errors of it. A row far beyond all others lies within the error of its prediction if the slopes are as good as 0; to trust such rows for that
// would fix the slopes at 0.
func tells(lever, sigma, h float64) bool {
	return h <= 1 || float64(lever*lever) > float64(surely*surely*sigma*sigma)*(1+h)
}

// A verdict on a row: whether it is inside, and whether that tells nothing of rows as far out.
type verdict struct{ inside, mute bool }

func verdictOn(r, y, lever, sigma, h float64) (v verdict) {
	v.inside = inside(r, y, sigma, h)
	v.mute = v.inside && !tells(lever, sigma, h)
	return v
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

// tallyFar counts a row with the standardised features z in the bin of those that are so far out; it returns what it adds to the rows that were inside.
func (g *guard) tallyFar(z []float64, far, v float64, seen verdict) float64 {
	in := 0.0
	if seen.inside {
		in = 1
	}
	if !g.Auto {
		return v * in
	}
	if v < 1 {
		g.away.add(z, 1-v)
	}
	if far > nearest && !seen.mute {
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
	g.away.passBlock(rows)
}

// count a row with the standardised features z that was so far out, was given the weight v, and was seen to lie.
func (g *guard) count(z []float64, far, v float64, seen verdict) {
	g.away.pass(g.lambda)
	in := g.tallyFar(z, far, v, seen)
	g.recent.inside = float64(g.recent.inside*recentKeep) + in
	g.recent.expected = float64(g.recent.expected*recentKeep) + v
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
	g.away.appendState(e)
}

func (g *guard) restoreState(d *decoder) {
	if !g.Auto {
		return
	}
	for i := range g.bins {
		g.bins[i].restore(d)
	}
	g.recent.restore(d)
	g.away.restoreState(d)
}

func (t *tally) restore(d *decoder) {
	t.inside, t.expected = d.float(), d.float()
	if !(t.inside >= 0 && t.expected >= 0) || max(t.inside, t.expected) > 2*mostRowsIn {
		d.fail("a tally of %v, expected %v", t.inside, t.expected)
	}
}
