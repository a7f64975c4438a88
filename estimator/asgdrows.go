package estimator

import (
	"math"
	"math/bits"

	"github.com/streamfit/streamfit/estimator/internal/kernel"
)

// learnRows i, …, i+n−1 of the tile, of one block. What does not wait for the row before is done for all of them at once; row after row go the guard's
// tallies and the steps.
func (s *asgd) learnRows(t *tile, i, n int) {
	b := s.stride
	rows := kernel.Standardised{Z: s.z, Square: s.square[:n], Far: s.far[:n], Product: s.product[:n]}
	kernel.StandardiseRows(&rows, t.x[i*t.stride:], t.stride, s.center, s.perScale, s.path.mean[:b])
	for k := range n {
		t.knee[i+k] = s.kneeRaw
	}
	residuals := s.residuals()
	sides := residuals.Of(s.y[:n], t.prediction[i:i+n], t.y[i:], s.product[:n], s.square[:n])
	if sides.Outside == 0 {
		t.guarded += s.guard.weigh(s.trust[:n], s.far[:n], sides.Inside)
	} else {
		sides.Beyond &^= s.weighExtreme(t, i, n, sides)
	}
	s.exceeded += bits.OnesCount64(sides.Beyond)
	s.setSteps(t.w[i:i+n], n)
	s.beta[b] = kernel.Huber(s.beta[:b], s.z, b, s.y[:n], s.gain[:n], ones[:n], s.limit[:n], s.prediction[:n], s.beta[b], 1)
}

// residuals about the average, whose variance is of the order of a row's: 1/t of it.
func (s *asgd) residuals() kernel.Residuals {
	k := huberK * s.sigma
	return kernel.Residuals{
		Centre: s.fit.targetC, PerUnit: s.perTarget, Unit: s.fit.targetS, Intercept: s.path.mean[s.stride],
		Median: s.sigma * madToSigma, Knee: k, KneeSquare: k * k, PerRow: 1 / (s.t + 1), Rounding: noResidual,
		Largest: asgdFarthest, LargestSquare: asgdFarthest * asgdFarthest,
	}
}

// weighExtreme is for a block with numbers out of range: such rows are counted, and nothing is learned from them. It returns a bit for each.
func (s *asgd) weighExtreme(t *tile, i, n int, sides kernel.Sides) (refused uint64) {
	for k := range n {
		t.prediction[i+k] = s.raw(s.product[k] + s.path.mean[s.stride])
		if s.square[k] < asgdFarthest*asgdFarthest && math.Abs(s.y[k]) < asgdFarthest {
			t.guarded += s.guard.weigh(s.trust[k:k+1], s.far[k:k+1], sides.Inside>>k)
			continue
		}
		clear(s.z[k*s.stride : (k+1)*s.stride])
		s.y[k], s.trust[k], s.square[k] = 0, 0, 0
		t.guarded++
		refused |= 1 << k
	}
	return refused
}

// setSteps of the block's rows: their gains and limits.
func (s *asgd) setSteps(weights []float64, n int) {
	infinite := kernel.Proximal(s.gain[:n], s.limit[:n], s.square[:n], s.trust[:n], weights, s.gamma, s.knee, asgdFarthest)
	for ; infinite != 0; infinite &= infinite - 1 {
		k := bits.TrailingZeros64(infinite)
		s.gain[k] = 1 / (1 + s.square[k]) // a weight that is as good as infinite
	}
	if s.burnIn > 0 { // the limit is of r itself
		for k := range n {
			s.limit[k] = min(s.knee, asgdFarthest)
		}
	}
}

var ones = [asgdBlock]float64{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}
