package estimator

import (
	"math"

	"github.com/streamfit/streamfit/estimator/internal/kernel"
)

// slopes watches the scores of the coefficients: e·zⱼ, summed over a block and divided by the root of the sum of its squares.
type slopes struct {
	n       float64 // blocks measured
	watched int     // coefficients
	over    bool    // one of the CUSUMs has been beyond the threshold of a single coefficient

	kernel.Evidence                   // of each coefficient; padded, as are
	center, scale, perScale []float64 // of the features, in this block: the solver's
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
	return slopes{
		watched: features, center: padded(), scale: padded(), perScale: padded(),
		Evidence: kernel.Evidence{Sum: padded(), Squares: padded(), Mean: padded(), Recent: padded(), Up: padded(), Down: padded(), Up2: padded(), Down2: padded()},
	}
}

// standardiseBy the solver's basis, which seldom changes.
func (s *slopes) standardiseBy(b *basis) {
	copy(s.center, b.center)
	for j, scale := range s.scale[:s.watched] {
		if scale != b.scale[j] {
			s.scale[j], s.perScale[j] = b.scale[j], 1/b.scale[j]
		}
	}
}

// add the whitened scores of rows.
func (s *slopes) add(e, x []float64, stride int) {
	kernel.AddScoresOf(s.Sum, s.Squares, x, stride, s.center, s.perScale, e, slopeClip)
}

func (s *slopes) endBlock() {
	s.n = min(slopeBlocks, s.n+1)
	doubt := meanDoubt / math.Sqrt(s.n)
	if s.n <= fewestBlocks {
		doubt = math.MaxFloat64 // no evidence yet
	}
	most, most2 := s.EndBlock(slopeChains[0].k+doubt, slopeChains[1].k+doubt, s.n)
	s.over = s.over || most >= slopeChains[0].h || most2 >= slopeChains[1].h
}

// cusums of a coefficient: the larger one of either pair.
func (s *slopes) cusums(j int) [2]float64 {
	return [...]float64{max(s.Up[j], s.Down[j]), max(s.Up2[j], s.Down2[j])}
}

// evidence of the coefficient with the most of it, as a share of the threshold; more coefficients take more.
func (s *slopes) evidence() (share float64, feature int) {
	feature = -1
	more := math.Log(float64(max(1, s.watched)))
	for j := range s.watched {
		cusums := s.cusums(j)
		for i, chain := range slopeChains {
			h := chain.h + more/(2*chain.k)
			if v := cusums[i] / h; v > share {
				share, feature = v, j
			}
		}
	}
	return share, feature
}

// size of a coefficient's change. Of n rows with e = Δz + noise the statistic is about √n·Δ/√(1 + Δ²), if z is standardised.
func (s *slopes) size(feature int, c *channel) float64 {
	r := s.Recent[feature] * (1.0 / 4) // √driftBlock
	r = max(-0.99, min(0.99, r))
	return r / math.Sqrt(1-r*r) / c.perScale
}
