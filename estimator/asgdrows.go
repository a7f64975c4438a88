package estimator

import (
	"math"
	"math/bits"

	"github.com/streamfit/streamfit/estimator/internal/kernel"
)

// asgdBlockRows is what one block needs: asgd's rows since the last iterate of the average.
type asgdBlockRows struct {
	n, exceeded int   // rows since the last iterate, and twice those of them beyond the median of |r|
	refused     int   // rows that nothing was learned from
	near, far   tally // what they are to the guard: rows of either kind that were inside, and their number, both weighed by v

	// Of few features the iterate is in two parts, β + scale·step, so that a row need not wait for the whole step of the one before. Of many scale is 0.
	step                 []float64
	stepIntercept, scale float64
}

// learnRows i, …, i+n−1 of the tile, of one block. What does not wait for the row before is done for all of them at once; row after row go only the steps,
// and the guard's look at far rows.
func (s *asgd) learnRows(t *tile, i, n int) {
	v := &s.survey
	sides := v.Of(t.x[i*t.stride:], t.stride, t.y[i:], t.w[i:], t.prediction[i:i+n])
	for k := range n {
		t.knee[i+k] = s.kneeRaw
	}
	far := sides.Outside | sides.Infinite | sides.Distant
	near := n
	if far != 0 {
		near -= bits.OnesCount64(far)
		refused, distrusted := s.learnFar(t, i, far, sides)
		sides.Beyond &^= refused | distrusted
		s.block.refused += bits.OnesCount64(refused)
		s.block.exceeded += bits.OnesCount64(distrusted)
	}
	s.block.near.inside += float64(bits.OnesCount64(sides.Inside &^ far))
	s.block.near.expected += float64(near)
	s.block.exceeded += 2 * bits.OnesCount64(sides.Beyond)
	s.takeSteps(n)
}

// takeSteps of the block's rows. Those of a wide model are clipped at the same |r| for all of them.
func (s *asgd) takeSteps(n int) {
	v, b, limit := &s.survey, s.stride, s.survey.Limit
	if s.burnIn > 0 {
		limit = s.limit
	}
	if b > kernel.Narrow {
		s.beta[b] = kernel.Huber(s.beta[:b], v.Z, b, v.Y[:n], v.Gain, ones[:], limit, s.discard[:], s.beta[b], 1)
		return
	}
	steps := kernel.Steps{Kept: s.beta[:b], Step: s.block.step, KeptIntercept: s.beta[b], StepIntercept: s.block.stepIntercept, Scale: s.block.scale}
	steps.Take(v.Z, v.Y[:n], v.Gain, limit)
	s.beta[b], s.block.stepIntercept, s.block.scale = steps.KeptIntercept, steps.StepIntercept, steps.Scale
}

// learnFar weighs the rows that are set: those that are far, and the extreme ones. Where numbers are out of range nothing is learned from a row: it is
// counted, and returned as a bit, as are rows by which σ̂ is not measured.
func (s *asgd) learnFar(t *tile, i int, rows uint64, sides kernel.Sides) (refused, distrusted uint64) {
	for ; rows != 0; rows &= rows - 1 {
		k := bits.TrailingZeros64(rows)
		z := s.survey.Z[k*s.stride : (k+1)*s.stride]
		if sides.Outside>>k&1 == 1 {
			t.prediction[i+k] = s.raw(kernel.Dot(z, s.path.mean[:s.stride]) + s.path.mean[s.stride])
			if !(s.survey.Square[k] < asgdFarthest*asgdFarthest && math.Abs(s.survey.Y[k]) < asgdFarthest) {
				clear(z)
				s.survey.Y[k], s.survey.Gain[k], s.survey.Limit[k] = 0, 0, 0
				t.guarded++
				refused |= 1 << k
				continue
			}
		}
		v := s.guard.weight(z, s.survey.Far[k])
		if v < 1 {
			t.guarded++
		}
		if !s.guard.measures(v) {
			distrusted |= 1 << k
		}
		s.setStep(k, v*t.w[i+k])
		seen := verdict{inside: sides.Inside>>k&1 == 1}
		seen.mute = seen.inside && !tells(kernel.Dot(z, s.path.mean[:s.stride]), s.sigma, float64((1+s.survey.Square[k])*s.survey.PerRow))
		s.block.far.add(s.guard.tallyFar(z, s.survey.Far[k], v, seen), v)
	}
	return refused, distrusted
}

// setStep of row k, which weighs a, as the survey does for rows that are trusted.
func (s *asgd) setStep(k int, a float64) {
	v := &s.survey
	h := 1 + v.Square[k]
	c := s.gamma * a
	q := 1 + float64(c*h)
	if v.Gain[k], v.Limit[k] = c/q, min(float64(s.knee*q), asgdFarthest); q > math.MaxFloat64 {
		v.Gain[k] = 1 / h // a weight that is as good as infinite
	}
}

// about the average, whose variance is of the order of a row's: 1/t of it.
func (s *asgd) resurvey() {
	k := huberK * s.sigma
	v := &s.survey
	v.Intercept, v.Median, v.Knee, v.KneeSquare, v.PerRow = s.path.mean[s.stride], s.sigma*madToSigma, k, k*k, 1/(s.t+1)
	v.Gamma, v.StepKnee = s.gamma, s.knee
}

func (s *asgd) newSurvey() kernel.Survey {
	room := func() []float64 { return make([]float64, asgdBlock+kernel.Lanes) }
	return kernel.Survey{
		Centre: make([]float64, s.stride), PerScale: make([]float64, s.stride), Mean: s.path.mean[:s.stride],
		Z: make([]float64, s.atOnce*s.stride), Y: room(), Square: room(), Far: room(), Gain: room(), Limit: room(),
		Rounding: noResidual, Largest: asgdFarthest, LargestSquare: asgdFarthest * asgdFarthest, Nearest: s.guard.nearest(), Most: asgdFarthest,
	}
}

var ones = func() (all [asgdBlock]float64) {
	for i := range all {
		all[i] = 1
	}
	return all
}()
