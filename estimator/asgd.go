package estimator

import (
	"math"

	"github.com/streamfit/streamfit/estimator/internal/kernel"
)

const (
	asgdBlock = 16    // rows between two iterates of the average, with one step of γ and σ̂
	asgdGain  = 1.0   // γ₀
	asgdPower = 0.505 // α

	// What is beyond these bounds is not learned from. β then stays within the second in any number of rows that can be counted, and the sums of the
	// path, of the order of its square, within the numbers.
	asgdFarthest = 1e60 // |z| and |r|
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
// The model is the average β̄ of the iterates after every 16th row, which predicts better than the last of them; its intervals are those of [randomScaling].
// t counts the rows since the start of the stream, those of the warm-up included: the first step is as small as the warm start is good. Rows are counted in
// blocks of 16 of the stream, however it is cut; γ, δ = 1.345 σ̂ and β̄ stand still within a block. σ̂ follows the median of |y − zᵀβ̄| as newton's does.
//
// References: Polyak & Juditsky, SIAM J. Control Optim. 30 (1992); Toulis & Airoldi, Ann. Statist. 45 (2017), arXiv 1408.2923; Huber 1964.
type asgd struct {
	features []string
	delta    Knee
	squared  bool // half the squared error: a knee that is never reached
	guard    Leverage

	warmUp *newton // that the model is until it starts; nil from then on
	fit    basis
	sigma  float64 // σ̂ in the basis's units
	t      float64 // rows since the start
	beta   []float64
	path   randomScaling // of β, of the intercept at the basis's centre, and of that at x = 0
	known  []interval    // of the intercept and the coefficients at the start, until the path has its own
	frozen bool          // the rows come again: known stays

	stride               int
	center, perScale     []float64 // of the features, padded
	shift                []float64 // cⱼ/sⱼ, padded
	inBlock, exceeded    int       // rows since the last iterate of the average, and those of them beyond the median of |r|
	gamma, knee, kneeRaw float64   // in force in this block

	// Rows of a block, as the kernel takes them: with c = γa and h = ‖z‖², u = clip(r, ±δ(1 + ch)) / (1/c + h).
	z                    []float64
	y, gain, limit, last [asgdBlock]float64
}

// interval of a coefficient in raw units: its standard error, and half the length of its 95 % interval; 0 where there is none.
type interval struct{ se, half float64 }

func newASGD(c Config) *asgd {
	d := len(c.Features)
	stride := kernel.Padded(d)
	s := &asgd{
		features: c.Features, delta: c.Delta, squared: c.Loss.Name != lossHuber, guard: c.Leverage,
		fit: newBasis(d), sigma: 1, stride: stride, beta: make([]float64, stride+2), path: newRandomScaling(stride + 2), known: make([]interval, d+1),
		center: make([]float64, stride), perScale: make([]float64, stride), shift: make([]float64, stride), z: make([]float64, asgdBlock*stride),
	}
	s.warmUp = newNewton(c)
	return s
}

func (s *asgd) learn(t *tile) {
	for i := 0; i < t.n; {
		if s.warmUp != nil {
			s.warm(t, i)
			i++
			continue
		}
		n := min(asgdBlock-s.inBlock, t.n-i)
		s.learnRows(t, i, n)
		if s.inBlock += n; s.inBlock == asgdBlock {
			s.endBlock()
		}
		i += n
	}
}

// warm the model up with row i; after the last row of the warm-up it starts.
func (s *asgd) warm(t *tile, i int) {
	w := s.warmUp
	t.prediction[i], t.knee[i] = w.predict(t.row(i)), w.knee()
	if w.learnRow(t.row(i), t.y[i], t.w[i]) {
		t.guarded++
	}
	if w.rows == nil {
		s.start()
	}
}

// start from the batch fit of the warm-up, which counts as the average of its rows.
func (s *asgd) start() {
	w := s.warmUp
	var r Report
	w.report(&r)
	s.hold(&r)
	s.fit, s.sigma, s.t = w.fit, w.sigma, w.t
	copy(s.beta, w.beta[1:])
	s.beta[s.stride] = w.beta[0]
	s.path.start(s.beta, math.Floor(s.t/asgdBlock))
	s.warmUp = nil
	s.prepare()
}

// prepare what follows from the state.
func (s *asgd) prepare() {
	for j, c := range s.fit.center {
		s.center[j], s.perScale[j] = c, 1/s.fit.scale[j]
		s.shift[j] = max(-asgdFarthest, min(asgdFarthest, c/s.fit.scale[j]))
	}
	s.renew()
}

// renew what stands still within a block.
func (s *asgd) renew() {
	s.gamma = asgdGain * math.Pow(s.t+1, -asgdPower)
	switch {
	case s.squared:
		s.knee, s.kneeRaw = math.Inf(1), math.Inf(1)
	case s.delta.Auto:
		s.knee, s.kneeRaw = huberK*s.sigma, saturate(huberK*s.sigma*s.fit.targetS)
	default:
		s.knee, s.kneeRaw = s.delta.Value/s.fit.targetS, s.delta.Value
	}
}

// learnRows i, …, i+n−1 of the tile, of one block.
func (s *asgd) learnRows(t *tile, i, n int) {
	b, median := s.stride, s.sigma*madToSigma
	for k := range n {
		z := s.z[k*b : (k+1)*b]
		kernel.Standardise(z, t.x[(i+k)*t.stride:][:b], s.center, s.perScale)
		far, y := kernel.MaxAbs(z), s.fit.target(t.y[i+k])
		mean := kernel.Dot(z, s.path.mean) + s.path.mean[b]
		t.prediction[i+k], t.knee[i+k] = s.fit.raw(saturate(mean)), s.kneeRaw
		if !(far < asgdFarthest && math.Abs(y) < asgdFarthest) {
			s.leaveOut(k)
			t.guarded++ // numbers out of range: counted, and nothing is learned from them
			continue
		}
		if math.Abs(y-mean) > median {
			s.exceeded++
		}
		v := s.guard.weight(far)
		if v < 1 {
			t.guarded++
		}
		c, h := s.gamma*v*t.w[i+k], 1+kernel.Dot(z, z)
		s.y[k], s.gain[k], s.limit[k] = y, 1/(1/c+h), min(s.knee*(1+float64(c*h)), asgdFarthest)
	}
	s.beta[b] = kernel.Huber(s.beta[:b], s.z, b, s.y[:n], s.gain[:n], ones[:n], s.limit[:n], s.last[:n], s.beta[b], 1)
}

// leaveOut row k of the run: a step of nothing.
func (s *asgd) leaveOut(k int) {
	clear(s.z[k*s.stride : (k+1)*s.stride])
	s.y[k], s.gain[k], s.limit[k] = 0, 0, 0
}

var ones = [asgdBlock]float64{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}

// endBlock adds the iterate to the average, and moves σ̂ and γ.
func (s *asgd) endBlock() {
	b := s.stride
	s.t += asgdBlock
	offset := s.beta[b] - s.path.reference[b]
	for j, c := range s.shift {
		offset -= float64(c * (s.beta[j] - s.path.reference[j]))
	}
	s.beta[b+1] = max(-asgdLargest, min(asgdLargest, offset))
	s.path.add(s.beta)
	gain := min(2*math.Pow(s.t, -0.7), highestGain)
	s.sigma = max(smallestSigma, min(farthest, s.sigma*math.Exp(gain*float64(s.exceeded-asgdBlock/2))))
	s.inBlock, s.exceeded = 0, 0
	s.renew()
}

func (s *asgd) predict(x []float64) float64 {
	if s.warmUp != nil {
		return s.warmUp.predict(x)
	}
	z := s.z[:s.stride]
	clear(z[copy(z, x):])
	kernel.Standardise(z, z, s.center, s.perScale)
	return s.fit.raw(saturate(kernel.Dot(z, s.path.mean) + s.path.mean[s.stride]))
}
