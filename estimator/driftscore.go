package estimator

import "math"

// channel is a score of the rows: whitened by what it was in the rows before this block, and followed by CUSUMs.
type channel struct {
	n                      float64 // rows measured, each as much as it counts
	mean, square, product  float64 // of the score x: E x, E x², E x x₋
	before                 float64 // x₋, of the row before
	sum, squares, products float64 // of this block
	weights, whitened      float64 // likewise: how much its rows count, and Σe

	chains *[chainCount]chain
	slow   int                 // so many of the chains go from block to block, the others from row to row
	up     [chainCount]float64 // CUSUMs
	down   [chainCount]float64
	run    [2 * chainCount]float64 // rows since each of them was 0 at the end of a block

	center, perScale, rho float64 // in force in this block; they follow from the state
	drag                  [chainCount]float64
	over                  bool // one of the CUSUMs has been beyond its threshold
}

const (
	channelRows    = 1 << 16 // the mean and the variance are those of about so many rows
	fewestMeasured = 128     // rows from which on there are alarms
	strongestRho   = 0.95
	weakestRho     = -0.5
	meanDoubt      = 1.5 // standard errors of the mean that are allowed for
	scaleDoubt     = 1   // and of the scale, by half of them
)

func newChannel(chains *[chainCount]chain, slow int) channel {
	return channel{chains: chains, slow: slow}
}

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

// endChains takes the block into the chains that go from block to block.
func (c *channel) endChains() {
	if c.n < fewestMeasured {
		return
	}
	for i := range c.slow {
		c.step(i, c.whitened, float64(c.drag[i]*c.weights))
	}
}

// endBlock takes the rows of the block into the moments; doubt is 1/√n of the rows with them.
func (c *channel) endBlock(doubt float64) {
	c.n = min(channelRows, c.n+c.weights)
	if c.n > 0 {
		c.mean += (c.sum - float64(c.weights*c.mean)) / c.n
		c.square += (c.squares - float64(c.weights*c.square)) / c.n
		c.product += (c.products - float64(c.weights*c.product)) / c.n
	}
	for i := range chainCount {
		c.run[i] = running(c.run[i]+driftBlock, c.up[i])
		c.run[chainCount+i] = running(c.run[chainCount+i]+driftBlock, c.down[i])
	}
	c.sum, c.squares, c.products, c.weights, c.whitened = 0, 0, 0, 0, 0
	c.renew(doubt)
}

// running is a run's length, unless the CUSUM has come back to 0; without a branch that cannot be foreseen.
func running(length, cusum float64) float64 {
	var is uint64
	if math.Float64bits(cusum) != 0 {
		is = 1
	}
	return math.Float64frombits(math.Float64bits(length) & -is)
}

// renew what follows from the moments.
func (c *channel) renew(doubt float64) {
	if c.n < fewestMeasured {
		return
	}
	m := float64(c.mean * c.mean)
	variance := max(c.square-m, 1e-6)
	c.center, c.rho = c.mean, max(weakestRho, min(strongestRho, (c.product-m)/variance))
	c.perScale = 1 / (math.Sqrt(variance*(1-c.rho*c.rho)) * (1 + scaleDoubt*doubt))
	for i, chain := range c.chains {
		c.drag[i] = chain.k + meanDoubt*doubt
	}
}

// evidence is the largest CUSUM as a share of its threshold, and which it is.
func (c *channel) evidence() (share float64, which int) {
	for i, chain := range c.chains {
		if s := c.up[i] / chain.h; s > share {
			share, which = s, i
		}
		if s := c.down[i] / chain.h; s > share {
			share, which = s, chainCount+i
		}
	}
	return share, which
}

// moved is how far the score has moved from its mean in the run of a CUSUM, inBlock rows into this block: each row adds the move less k.
func (c *channel) moved(which int, inBlock float64) float64 {
	i := which % chainCount
	cusum, sign := c.up[i], 1.0
	if which >= chainCount {
		cusum, sign = c.down[i], -1
	}
	return sign * (c.drag[i] + cusum/max(1, c.run[which]+inBlock)) / ((1 - c.rho) * c.perScale)
}

// chain is a CUSUM's k, half the change that it is best at, and its threshold h, both in standard deviations of the whitened score.
type chain struct{ k, h float64 }

const chainCount = 4

// The thresholds h. By Siegmund's approximation (exp(2kb) − 2kb − 1)/(2k²) with b = h + 1.166, for normal scores and a mean that is known, those of the level are one false alarm in
// 10⁷ to 10⁸ rows on either side; with scores of shorter tails, and what is allowed for the mean, there are fewer. The spread's score is skewed, and its thresholds and those of the
// coefficients are from simulations. They are as low as they can be with less than one false alarm per million rows of any noise of docs/measured/drift.md, while the
// kinds of alarms are still told apart: a quick chain of the spread that was more sensitive would be before those of the level and of the coefficients.
var (
	levelChains  = &[chainCount]chain{{0.1, 75}, {0.2, 38}, {0.5, 17.2}, {1.3, 6.9}}
	spreadChains = &[chainCount]chain{{0.12, 68}, {0.25, 36}, {0.6, 28}, {1.3, 24}}
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
