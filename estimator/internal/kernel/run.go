package kernel

import "math"

// Run is newton's state over a run of rows that are like most: their features are near, their numbers within bounds, and no row sharpens a coefficient beyond
// measure. Slices are padded as [Regard] and [Advance] have them.
type Run struct {
	Centre, PerScale, Z, Beta, Score, P, PZ []float64

	Coefficients                int     // that are no padding,
	Fading                      int     // and as many of them if λ < 1, else 0
	Location, Unit              float64 // of the target: y = (raw − Location)/Unit
	Nearest, Reach, Sharp       float64 // bounds of max|zⱼ|, |r| and a·h
	Lambda, PerLambda           float64
	Knee, RawKnee, KneePerSigma float64        // the knee is Knee + KneePerSigma·σ̂, in the target's units RawKnee + KneePerSigma·σ̂·Unit
	Sigma, Median               float64        // σ̂; of |r|, in σ̂
	Down, Up, Smallest, Most    float64        // what moves σ̂, and its bounds
	InsideKnee, Rounding        float64        // a row is inside if |r| ≤ k = InsideKnee·σ̂, r² ≤ k²(1 + h) or |r| ≤ Rounding·|y|
	Keep                        [Lanes]float64 // what is left of the sums with every row
	Sums                        [Lanes]float64 // of rows: those that were inside, all, and all with another Keep; the last is not used
}

// LearnRun learns rows in their order, each by one model after another. The models have the same coefficients. It returns in how many steps, of a model by a row:
// up to the first row that is not like most for one of them, of which that model is not changed. With a the row's weight,
//
//	far, product, h: by [Regard];  prediction = Location + product·Unit;  knee: in force
//	r = y − product,  denominator = λ + ah,  inside = |r| ≤ knee·denominator
//	gain = inside ? a·r/denominator : a·sign(r)·knee/λ,  root = inside ? √(a/denominator) : 0
//	β, score, P: by [Advance], P only if inside or λ < 1;  σ̂ ← σ̂·(|r| > Median·σ̂ ? Up : Down), within its bounds
//
// x holds the rows, each padded to stride; prediction and knee have a number for every model in the first row, then in the second.
func LearnRun(models []Run, x []float64, stride int, y, weight, prediction, knee []float64) (steps int) {
	n := len(y)
	if n == 0 || len(models) == 0 {
		return 0
	}
	width, features := len(models[0].Beta), len(models[0].Centre)
	_, _ = x[:(n-1)*stride+features], weight[:n]
	for i := range models {
		s := &models[i]
		_, _, _, _, _ = s.Beta[:width], s.Centre[:features], s.PerScale[:features], s.Z[:max(width, 1+features)], s.Score[:width]
		_, _ = s.PZ[:width], s.P[:s.Coefficients*width]
		if len(s.Centre) != features || len(s.Beta) != width || features != width && features != width-Lanes {
			panic("kernel: models of other coefficients")
		}
	}
	return run(models, x, stride, y, weight[:n], prediction[:n*len(models)], knee[:n*len(models)])
}

func runPortable(models []Run, x []float64, stride int, y, weight, prediction, knee []float64) (steps int) {
	for i, target := range y {
		for k := range models {
			var ok bool
			if prediction[steps], knee[steps], ok = models[k].learn(x[i*stride:], target, weight[i]); !ok {
				return steps
			}
			steps++
		}
	}
	return steps
}

// learn a row, if it is like most.
func (s *Run) learn(x []float64, raw, a float64) (prediction, knee float64, ok bool) {
	width := len(s.Beta)
	z := s.Z[:max(width, 1+len(s.Centre))]
	z[0] = 1
	far, product, h := regardPortable(z, x, s.Centre, s.PerScale, s.Beta, s.P, s.PZ[:width], s.Coefficients)
	target := (raw - s.Location) / s.Unit
	r, h := target-product, max(0, h)
	size, delta, ah := math.Abs(r), s.Knee+float64(s.KneePerSigma*s.Sigma), float64(a*h)
	prediction, knee = s.Location+float64(product*s.Unit), s.RawKnee+float64(float64(s.KneePerSigma*s.Sigma)*s.Unit)
	denominator := s.Lambda + ah
	inside := size <= float64(delta*denominator)
	if !(far <= s.Nearest) || prediction-prediction != 0 || !(size < s.Reach) || !(h <= math.MaxFloat64) || inside && ah >= s.Sharp {
		return prediction, knee, false
	}
	gain, root, rows := float64(a*math.Copysign(delta, r))/s.Lambda, 0.0, s.Fading
	if inside {
		gain, root, rows = float64(a*r)/denominator, math.Sqrt(a/denominator), s.Coefficients
	}
	advancePortable(s.Beta, s.Score[:width], s.P[:s.Coefficients*width], s.PZ[:width], z[:width], rows, gain, float64(a*max(-delta, min(delta, r))), root, s.PerLambda)
	s.tally(size, target, h)
	s.follow(size)
	return prediction, knee, true
}

// tally whether the row was inside.
func (s *Run) tally(size, target, h float64) {
	in, k := 0.0, s.InsideKnee*s.Sigma
	if size <= k || float64(size*size) <= float64(float64(k*k)*(1+h)) || size <= float64(s.Rounding*math.Abs(target)) {
		in = 1
	}
	for i, row := range [Lanes]float64{in, 1, 1, 1} {
		s.Sums[i] = float64(s.Sums[i]*s.Keep[i]) + row
	}
}

// follow the median of |r|.
func (s *Run) follow(size float64) {
	move := s.Down
	if size > float64(s.Sigma*s.Median) {
		move = s.Up
	}
	s.Sigma = max(min(float64(s.Sigma*move), s.Most), s.Smallest)
}
