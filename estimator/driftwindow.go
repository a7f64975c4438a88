package estimator

import "math"

// windows look for a change of the level at the end of some block before: for each of several numbers K of blocks, the generalised likelihood ratio of a jump
// K blocks ago, and that of a ramp that began then. With the scores zᵢ of the newest K blocks, i = ½ … K − ½ blocks after the change,
//
//	jump   (Σ z)²/(2K·16)      ramp   (Σ i·z)²/(2·16·Σ i²)
//
// The scores are of rows less the mean of all rows before (recursive residuals), so that their sums need no allowance for a mean that is known from few rows.
//
// References: A. S. Willsky, H. L. Jones, IEEE Trans. Automat. Contr. 21 (1976); T. L. Lai, J. R. Statist. Soc. B 57 (1995), on windows;
// R. L. Brown, J. Durbin, J. M. Evans, J. R. Statist. Soc. B 37 (1975), on recursive residuals.
type windows struct {
	sum, first [windowCount]float64 // Σ z, Σ i·z

	used int // so many of the windows are in use, in this block

	all *[windowCount]window
}

// window of so many blocks; what turns the squares of its sums into shares of their thresholds.
type window struct {
	blocks               uint64
	newest               float64 // i of the newest block
	jumpShare, rampShare float64
}

const windowCount = 13

// levelWindows, a third of an octave from one to the next.
var levelWindows = newLevelWindows([windowCount]uint64{4, 5, 6, 8, 10, 13, 16, 20, 25, 32, 40, 51, historyBlocks})

// The thresholds of the logarithm of the likelihood ratio. In as many rows a long window has fewer chances to be wrong than a short one, about as many as it is
// shorter: it takes less evidence for the same rate of false alarms. The figures are from simulations, as those of the chains.
const (
	jumpThreshold   = 14.9
	rampThreshold   = 15.5
	thresholdOctave = 0.5 // less for a window twice as long
	shortestRamp    = 8   // blocks
)

func newLevelWindows(blocks [windowCount]uint64) *[windowCount]window {
	var all [windowCount]window
	for j, k := range blocks {
		n, less := float64(k), thresholdOctave*math.Log2(float64(k))
		all[j] = window{blocks: k, newest: n - 0.5, jumpShare: 1 / (2 * driftBlock * n * (jumpThreshold - less))}
		if k >= shortestRamp {
			squares := n * (4*n*n - 1) / 12
			all[j].rampShare = 1 / (2 * driftBlock * squares * (rampThreshold - less))
		}
	}
	return &all
}

func newWindows() windows { return windows{all: levelWindows} }

// within so many rows: half of those that are measured, so that there are as many before the change to compare with; and what the model remembers. What lasts
// longer than that it has learned, and what is then left is how it lags behind a level that wanders.
func (w *windows) within(rows float64) {
	for w.used < windowCount && float64(driftBlock*w.all[w.used].blocks) <= rows {
		w.used++
	}
	for w.used > 0 && float64(driftBlock*w.all[w.used-1].blocks) > rows {
		w.used--
	}
}

// slide by a block of such a score, before the history has it, and tell whether one of the ratios is beyond its threshold.
func (w *windows) slide(score float64, h *history) (over bool) {
	for j := range w.all {
		k := &w.all[j]
		last := h.blocks[(h.n-k.blocks)%historyBlocks]
		w.first[j] += float64(k.newest*score) + float64(0.5*last) - w.sum[j]
		w.sum[j] += score - last
	}
	return w.evidence() >= 1
}

// share of the threshold that there is evidence for in a window.
func (w *windows) share(j int) float64 {
	k, sum, first := &w.all[j], w.sum[j], w.first[j]
	jump, ramp := sum*sum*k.jumpShare, first*first*k.rampShare
	if ramp > jump {
		return ramp
	}
	return jump
}

// evidence is the largest of the shares.
func (w *windows) evidence() float64 {
	most := 0.0
	for j := range w.used {
		if share := w.share(j); share > most {
			most = share
		}
	}
	return most
}

// blockScore is the sum of the block's whitened scores, as if all its rows counted: its variance is that of so many.
func (c *channel) blockScore() float64 {
	if c.weights == 0 {
		return 0
	}
	return c.whitened * math.Sqrt(driftBlock/c.weights)
}
