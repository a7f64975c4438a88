package estimator

import (
	"math"

	"github.com/streamfit/streamfit/estimator/internal/kernel"
)

const (
	asgdBlock     = 32      // rows between two iterates of the average, with one step of σ̂. Of twice as far apart the average is less exact
	scheduleRows  = 128     // rows between two steps of γ and of the gain of σ̂, and
	seldomRenewal = 1024    // of them
	lateRows      = 1 << 14 // from the start on
	surveyValues  = 2048    // of rows that are surveyed at once: they stay within the first cache

	// The gains by which the average comes closest to the batch fit in simulations, over 5 to 255 features without outliers and with 20 and 40 % of them: half
	// as large or twice as large costs little, a quarter costs coverage, four times costs efficiency where there are outliers.
	asgdPower  = 0.505 // α
	widestGain = 2.5   // γ₀ = min(1, 2.5/√(d+1)) after a batch fit
	wideGain   = 0.5   // γ₀ = 0.5/(d+1) of a wide model, for four times as long as it is on its way

	highestSigmaGain = 0.05

	// What is beyond these bounds is not learned from. β then stays within the second in any number of rows that can be counted, and the sums of the
	// path, of the order of its square, within the numbers.
	asgdFarthest = 1e60 // ‖z‖ and |y|
	asgdLargest  = 1e75 // |β|
)

// asgd is averaged implicit stochastic gradient descent on the Huber loss, O(d) a row. In the basis of the warm-up, with z = (1, z₁, …, z_d), v the leverage
// guard, w the row's weight, a = v·w and r = y − zᵀβ, a row's step is the proximal one,
//
//	β ← argmin_b  a·ρ_δ(y − zᵀb) + ‖b − β‖²/2γ
//
// whose residual afterwards is r⁺ = r − γa‖z‖²ψ_δ(r⁺), which for the Huber loss solves to
//
//	β ← β + u·z,   u = γa·clip(r/(1 + γa‖z‖²), ±δ),   γ = γ₀t^(−α)
//
// The model is the average β̄ of the iterates after every 32nd row, which predicts better than the last of them; its intervals are those of [randomScaling].
// t counts the rows since the start of the stream, those of the warm-up included: the first step is as small as the warm start is good. Rows are counted in
// blocks of 32 of the stream, however it is cut; δ = 1.345 σ̂ and β̄ stand still within a block, γ for four of them or more. The median of |y − zᵀβ̄|, and σ̂ with it,
// is followed as in newton, all rows of a block at once: with e of them beyond it and g = t^(−0.7)(e − 16), σ̂ ← σ̂·(1 + g)/(1 − g). A row that the guard distrusts
// counts as half a row beyond it.
//
// References: Polyak & Juditsky, SIAM J. Control Optim. 30 (1992); Toulis & Airoldi, Ann. Statist. 45 (2017), arXiv 1408.2923; Huber 1964.
type asgd struct {
	features []string
	delta    Knee
	squared  bool // half the squared error: a knee that is never reached
	guard    guard

	warmUp *newton   // that the model is until it starts; nil from then on, and of a wide model
	rows   *warmRows // for the basis of a wide model; nil from then on
	burnIn float64   // 0 if it starts from a batch fit
	fit    basis
	sigma  float64 // σ̂ in the basis's units
	sigma0 float64 // that of a wide model when its average began
	t      float64 // rows since the start
	beta   []float64
	path   randomScaling // of β, of the intercept at the basis's centre, and of that at x = 0
	known  []interval    // of the intercept and the coefficients at the start, until the path has its own
	frozen bool          // the rows come again: known stays

	stride, atOnce   int       // of a row, padded, and rows that are surveyed at once
	shift            []float64 // cⱼ/sⱼ, padded
	block            asgdBlockRows
	gain0, gainRows  float64 // γ = γ₀·max(1, t/t₀)^(−α)
	gamma, sigmaGain float64 // in force until the schedule is renewed
	knee, kneeRaw    float64 // in force in this block: the one of the steps, and δ in the target's units

	// Rows of a block, as the kernel takes them: with c = γa, h = ‖z‖² and q = 1 + ch, u = clip(r, ±δq)·c/q; of a wide model u = clip(r, ±δ)·c/q.
	survey  kernel.Survey
	limit   []float64 // δ of a wide model
	discard [asgdBlock]float64
}

// interval of a coefficient in raw units: its standard error, and half the length of its 95 % interval; 0 where there is none.
type interval struct{ se, half float64 }

func newASGD(c Config) *asgd {
	d := len(c.Features)
	stride := kernel.Padded(d)
	s := &asgd{
		features: c.Features, delta: c.Delta, squared: c.Loss.Name != lossHuber, guard: newGuard(c.Leverage, 1, d),
		atOnce: max(kernel.Lanes, min(asgdBlock, surveyValues/max(1, stride)/kernel.Lanes*kernel.Lanes)),
		fit:    newBasis(d), sigma: 1, sigma0: 1, stride: stride, beta: make([]float64, stride+2), path: newRandomScaling(stride + 2), known: make([]interval, d+1),
		shift: make([]float64, stride), limit: make([]float64, asgdBlock),
	}
	s.block.step = make([]float64, stride)
	s.survey = s.newSurvey()
	if wide(d, c.WarmUp) {
		s.rows, s.burnIn = &warmRows{d: d}, burnIn(d)
		s.gain0, s.gainRows = wideGain/float64(d+1), steadyWay*s.burnIn
		s.prepare()
		return s
	}
	s.warmUp = newNewton(c)
	s.gain0, s.gainRows = min(1, widestGain/math.Sqrt(float64(d+1))), 1
	return s
}

func (s *asgd) learn(t *tile) {
	for i := 0; i < t.n; {
		if s.warming() {
			s.warm(t, i)
			i++
			continue
		}
		n := min(asgdBlock-s.block.n, t.n-i, s.atOnce)
		s.learnRows(t, i, n)
		if s.block.n += n; s.block.n == asgdBlock {
			s.endBlock()
		}
		i += n
	}
}

// prepare what follows from the state.
func (s *asgd) prepare() {
	v := &s.survey
	v.Location, v.PerUnit, v.Unit, v.Nearest = s.fit.targetC, 1/s.fit.targetS, s.fit.targetS, s.guard.nearest()
	for j, c := range s.fit.center {
		v.Centre[j], v.PerScale[j] = c, 1/s.fit.scale[j]
		s.shift[j] = max(-asgdFarthest, min(asgdFarthest, c/s.fit.scale[j]))
	}
	s.schedule()
	s.renew()
}

// schedule γ and the gain of σ̂'s logarithm: functions of t that are renewed every 128 rows, later every 1,024, for powers are dear and these hardly move.
func (s *asgd) schedule() {
	every := float64(s.renewal())
	t := math.Floor(s.t/every) * every
	s.gamma = s.gain0 * math.Pow(max(1, (t+1)/s.gainRows), -asgdPower)
	if s.onTheWay() {
		s.gamma *= travelGain
	}
	s.sigmaGain = min(math.Pow(t+1, -0.7), highestSigmaGain)
}

// renewal is after how many rows the schedule is renewed.
func (s *asgd) renewal() uint64 {
	if s.t < lateRows {
		return scheduleRows
	}
	return seldomRenewal
}

// renew the knee.
func (s *asgd) renew() {
	switch {
	case s.squared:
		s.knee, s.kneeRaw = math.Inf(1), math.Inf(1)
	case s.delta.Auto:
		s.knee, s.kneeRaw = huberK*s.sigma, saturate(huberK*s.sigma*s.fit.targetS)
	default:
		s.knee, s.kneeRaw = s.delta.Value/s.fit.targetS, s.delta.Value
	}
	if s.onTheWay() && !s.squared {
		s.knee = travelKnee * s.sigma
	}
	if s.burnIn > 0 {
		for k := range s.limit {
			s.limit[k] = min(s.knee, asgdFarthest)
		}
	}
	s.resurvey()
}

// raw prediction of one in the basis.
func (s *asgd) raw(p float64) float64 {
	if v := s.fit.targetC + float64(p*s.fit.targetS); v-v == 0 {
		return v
	}
	return s.fit.raw(saturate(p))
}

// endBlock adds the iterate to the average, and moves σ̂, γ and the guard.
func (s *asgd) endBlock() {
	b := s.stride
	s.t += asgdBlock
	iterate := &s.block
	s.beta[b] += float64(iterate.scale * iterate.stepIntercept)
	s.beta[b+1] = max(-asgdLargest, min(asgdLargest, s.beta[b]-s.path.reference[b]-s.path.addHead(s.beta, iterate.step, iterate.scale, s.shift)))
	s.path.addRest(s.beta, b)
	s.guard.fold(s.block.near, s.block.far, float64(asgdBlock-s.block.refused))
	s.startAnew()
	step := float64(s.sigmaGain * (float64(s.block.exceeded)/2 - asgdBlock/2))
	s.sigma = max(smallestSigma, min(farthest, s.sigma*((1+step)/(1-step))))
	s.block = asgdBlockRows{step: s.block.step}
	if uint64(s.t)%s.renewal() < asgdBlock {
		s.schedule()
	}
	s.renew()
}

func (s *asgd) predict(x []float64) float64 {
	if s.warmUp != nil {
		return s.warmUp.predict(x)
	}
	z := s.survey.Z[:s.stride]
	clear(z[copy(z, x):])
	kernel.Standardise(z, z, s.survey.Centre, s.survey.PerScale)
	return s.raw(kernel.Dot(z, s.survey.Mean) + s.path.mean[s.stride])
}
