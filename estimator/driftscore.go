package estimator

import "math"

// channel is a score of the rows: whitened by what it was in the rows before this block, and followed by CUSUMs.
type channel struct {
	n                      float64 // rows measured, each as much as it counts
	mean, square, product  float64 // of the score x: E x, E x², E x x₋
	before                 float64 // x₋, of the row before
	sum, squares, products float64 // of this block
	weights, whitened      float64 // likewise: how much its rows count, and Σe

	chains []chain             // mostChains at most
	up     [mostChains]float64 // CUSUMs
	down   [mostChains]float64
	run    [2 * mostChains]float64 // rows since each of them was 0 at the end of a block

	center, perScale, rho float64 // in force in this block; they follow from the state
	drag                  [mostChains]float64
	over                  bool // one of the CUSUMs has been beyond its threshold
}

const (
	channelRows    = 1 << 16 // the mean and the variance are those of about so many rows
	fewestMeasured = 128     // rows from which on there are alarms
	strongestRho   = 0.95
	weakestRho     = -0.5
	meanDoubt      = 1.5 // standard errors of the mean that are allowed for
	scaleDoubt     = 60  // the scale is taken to be longer by so many nths: scores over a scale of n rows have the longer tails of Student's t
)

func newChannel(chains []chain) channel { return channel{chains: chains} }

// step of a chain by e − k.
func (c *channel) step(i int, e, k float64) {
	up, down, h := positivePart(c.up[i]+e-k), positivePart(c.down[i]-e-k), c.chains[i].h
	c.over = c.over || up >= h || down >= h
	c.up[i], c.down[i] = up, down
}

// positivePart is v or 0, without a branch that cannot be foreseen.
func positivePart(v float64) float64 {
	bits := math.Float64bits(v)
	return math.Float64frombits(bits &^ uint64(int64(bits)>>63))
}

// endChains takes the block into the chains, if they go from block to block.
func (c *channel) endChains() {
	if !c.measured() {
		return
	}
	for i := range c.chains {
		c.step(i, c.whitened, float64(c.drag[i]*c.weights))
	}
}

// endBlock takes the rows of the block into the moments.
func (c *channel) endBlock() {
	c.n = min(channelRows, c.n+c.weights)
	if c.n > 0 {
		c.mean += (c.sum - float64(c.weights*c.mean)) / c.n
		c.square += (c.squares - float64(c.weights*c.square)) / c.n
		c.product += (c.products - float64(c.weights*c.product)) / c.n
	}
	for i := range c.chains {
		c.run[i] = running(c.run[i]+driftBlock, c.up[i])
		c.run[mostChains+i] = running(c.run[mostChains+i]+driftBlock, c.down[i])
	}
	c.forgetBlock()
	c.renew()
}

func (c *channel) forgetBlock() {
	c.sum, c.squares, c.products, c.weights, c.whitened = 0, 0, 0, 0, 0
}

// measured tells whether the score's mean and scale are known.
func (c *channel) measured() bool { return c.n >= fewestMeasured }

// running is a run's length, unless the CUSUM has come back to 0; without a branch that cannot be foreseen.
func running(length, cusum float64) float64 {
	var is uint64
	if math.Float64bits(cusum) != 0 {
		is = 1
	}
	return math.Float64frombits(math.Float64bits(length) & -is)
}

// renew what follows from the moments.
func (c *channel) renew() {
	if !c.measured() {
		return
	}
	m := float64(c.mean * c.mean)
	variance := max(c.square-m, 1e-6)
	c.center, c.rho = c.mean, max(weakestRho, min(strongestRho, (c.product-m)/variance))
	c.perScale = 1 / (math.Sqrt(variance*(1-c.rho*c.rho)) * (1 + scaleDoubt/c.n))
	doubt := meanDoubt / math.Sqrt(c.n)
	for i, chain := range c.chains {
		c.drag[i] = chain.k + doubt
	}
}

// evidence is the largest CUSUM as a share of its threshold, and which it is.
func (c *channel) evidence() (share float64, which int) {
	for i, chain := range c.chains {
		if s := c.up[i] / chain.h; s > share {
			share, which = s, i
		}
		if s := c.down[i] / chain.h; s > share {
			share, which = s, mostChains+i
		}
	}
	return share, which
}

// moved is how far the score has moved from its mean in the run of a CUSUM, inBlock rows into this block: each row adds the move less k.
func (c *channel) moved(which int, inBlock float64) float64 {
	i := which % mostChains
	cusum, sign := c.up[i], 1.0
	if which >= mostChains {
		cusum, sign = c.down[i], -1
	}
	return sign * (c.drag[i] + cusum/max(1, c.run[which]+inBlock)) / ((1 - c.rho) * c.perScale)
}

// chain is a CUSUM's k, half the change that it is best at, and its threshold h, both in standard deviations of the whitened score.
type chain struct{ k, h float64 }

const mostChains = 4

// The thresholds h are from simulations: they are as low as they can be with less than one false alarm per million rows of any noise of docs/measured/drift.md,
// together with those of the windows, while the kinds of alarms are still told apart: a quick chain of the spread that was more sensitive would be before those of
// the level and of the coefficients. By Siegmund's approximation (exp(2kb) − 2kb − 1)/(2k²) with b = h + 1.166, for normal scores and a mean that is known, the
// level's raise one in 10⁷ to 10⁸ rows on either side; skewed scores raise more.
var (
	levelChains  = []chain{{0.5, 16.7}, {1.3, 6.75}}
	spreadChains = []chain{{0.12, 65}, {0.25, 34.5}, {0.6, 27}, {1.3, 23.3}}
	slopeChains  = &[2]chain{{0.9, 8.2}, {1.8, 4.3}}
)

// farOut counts the rows far out: a CUSUM over whether most rows are.
type farOut struct {
	n, rate    float64 // rows, and the share of them that was out
	sum, in    float64 // CUSUM; its rows
	above      float64 // of the rows of the CUSUM, those above
	count, far float64 // in this block

	expected, k, threshold float64 // share that is borne; of the CUSUM, in force in this block: they follow from the state
}

const (
	highestRate = 0.2 // of spikes that is always borne
	mostRate    = 0.8
	farOutLog   = 18 // logarithm of the rows between false alarms
)

// add a row.
func (t *farOut) add(out, up bool) {
	t.count++
	step := -t.k
	if out {
		t.far++
		step++
		if up {
			t.above++
		}
		t.in++
	}
	if t.sum += step; t.sum <= 0 {
		t.sum, t.in, t.above = 0, 0, 0
	}
}

// renew k, between the share that is expected and all rows, and the threshold by the exponential bound of the CUSUM, whose exponent is about
// −log(share)/(1 − k).
func (t *farOut) renew() {
	expected := max(highestRate, t.rate)
	if expected == t.expected {
		return
	}
	t.expected, t.k = expected, (1+expected)/2
	t.threshold = farOutLog * (1 - t.k) / -math.Log(min(mostRate, expected))
}

func (t *farOut) endBlock() {
	t.n = min(channelRows, t.n+t.count)
	if t.n > 0 {
		t.rate += (t.far - float64(t.count*t.rate)) / t.n
	}
	t.count, t.far = 0, 0
	t.renew()
}
