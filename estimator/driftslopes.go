package estimator

import (
	"math"

	"github.com/streamfit/streamfit/estimator/internal/kernel"
)

// slopes watches the scores of the coefficients: e·zⱼ, summed over a block and divided by the root of the sum of its squares.
type slopes struct {
	n     float64 // blocks measured
	score []slopeScore
	over  bool // one of the CUSUMs has been beyond the threshold of a single coefficient

	sum, squares     []float64 // Σ e·z, Σ (e·z)² of this block; padded, as are
	center, perScale []float64 // of the features, in this block: the solver's
}

// slopeScore is of one coefficient.
type slopeScore struct {
	mean     float64 // of the blocks' statistics
	up, down [2]float64
	recent   float64 // mean of the statistics of the last four blocks or so, less their mean
}

const (
	slopeClip    = 2.5  // |z| beyond which it counts no more
	slopeBlocks  = 4096 // the mean is that of about so many blocks
	fewestBlocks = 8
	mostWatched  = 64
)

// newSlopes watches the coefficients of so many features. Of very many none is watched by itself: that would take longer than to learn them, and a change of one
// shows in the spread.
func newSlopes(features int) slopes {
	if features > mostWatched {
		features = 0
	}
	padded := func() []float64 { return make([]float64, kernel.Padded(features)) }
	return slopes{score: make([]slopeScore, features), sum: padded(), squares: padded(), center: padded(), perScale: padded()}
}

func (s *slopes) standardiseBy(b *basis) {
	copy(s.center, b.center)
	for j := range s.score {
		s.perScale[j] = 1 / b.scale[j]
	}
}

// add a row's whitened score; the row is padded.
func (s *slopes) add(e float64, x []float64) {
	kernel.AddScores(s.sum, s.squares, x, s.center, s.perScale, e, slopeClip)
}

func (s *slopes) endBlock() {
	s.n = min(slopeBlocks, s.n+1)
	doubt := meanDoubt / math.Sqrt(s.n)
	for j := range s.score {
		c := &s.score[j]
		statistic := 0.0
		if s.squares[j] > 0 {
			statistic = s.sum[j] / math.Sqrt(s.squares[j])
		}
		if s.n > fewestBlocks {
			for i, chain := range slopeChains {
				k := chain.k + doubt
				c.up[i] = max(0, c.up[i]+(statistic-c.mean)-k)
				c.down[i] = max(0, c.down[i]-(statistic-c.mean)-k)
				s.over = s.over || max(c.up[i], c.down[i]) >= chain.h
			}
		}
		c.recent += (statistic - c.mean - c.recent) / 4
		c.mean += (statistic - c.mean) / s.n
	}
	clear(s.sum)
	clear(s.squares)
}

// evidence of the coefficient with the most of it, as a share of the threshold; more coefficients take more.
func (s *slopes) evidence() (share float64, feature int) {
	feature = -1
	more := math.Log(float64(max(1, len(s.score))))
	for j := range s.score {
		c := &s.score[j]
		for i, chain := range slopeChains {
			h := chain.h + more/(2*chain.k)
			if v := max(c.up[i], c.down[i]) / h; v > share {
				share, feature = v, j
			}
		}
	}
	return share, feature
}

// size of a coefficient's change. Of n rows with e = Δz + noise the statistic is about √n·Δ/√(1 + Δ²), if z is standardised.
func (s *slopes) size(feature int, c *channel) float64 {
	r := s.score[feature].recent * (1.0 / 4) // √driftBlock
	r = max(-0.99, min(0.99, r))
	return r / math.Sqrt(1-r*r) / c.perScale
}
