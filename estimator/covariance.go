package estimator

import "math"

// normal95 bounds 95 % of a standard normal distribution.
const normal95 = 1.959963984540054

// covariance P M P with the pending block in M, m×m.
func (s *newton) covariance() []float64 {
	m := len(s.beta)
	meat := append([]float64(nil), s.meat...)
	addOuter(meat, 1, s.score)
	mirror(meat, m)
	half, out := make([]float64, m*m), make([]float64, m*m)
	p := s.dense()
	multiply(half, p, meat, m)
	multiply(out, half, p, m)
	if s.rows != nil && s.counted <= float64(m) { // nothing is left of the rows to measure an error by
		for i := range out {
			out[i] = math.NaN()
		}
	}
	return out
}

func multiply(dst, a, b []float64, m int) {
	for i := range m {
		for j := range m {
			sum := 0.0
			for k := range m {
				sum += float64(a[i*m+k] * b[k*m+j])
			}
			dst[i*m+j] = sum
		}
	}
}

// rawCoefficients of standardised ones, with standard errors from their covariance:
//
//	βⱼ = s_y βⱼ′ / sⱼ,   intercept = c_y + s_y β₀′ − Σ βⱼcⱼ
//
// The coefficient of a trend's time is for its unit, and the intercept is at a time of its own instead of at 0.
func (b *basis) rawCoefficients(names []string, beta, cov []float64) (intercept Coefficient, slopes []Coefficient) {
	m := len(beta)
	value := b.targetC + float64(b.targetS*beta[0])
	gradient := make([]float64, m) // of the intercept
	gradient[0] = b.targetS
	for j, name := range names {
		unit := b.targetS / b.scale[j]
		slope, center := float64(beta[j+1]*unit), b.center[j]
		if j == b.time {
			center = difference(center, b.at)
		}
		value -= float64(slope * center)
		gradient[j+1] = -float64(unit * center)
		if j == b.time {
			slope, unit = slope*b.unit, unit*b.unit
		}
		slopes = append(slopes, coefficient(name, slope, math.Sqrt(max(0, cov[(j+1)*m+j+1]))*unit))
	}
	half := make([]float64, m)
	timesVector(half, cov, gradient)
	return coefficient("", value, math.Sqrt(max(0, dot(half, gradient)))), slopes
}

// coefficient with its 95 % interval; a standard error that is no number, or zero where nothing can be exact, is none.
func coefficient(name string, value, se float64) Coefficient {
	c := Coefficient{Name: name, Value: saturate(value), SE: se, Low: value - normal95*se, High: value + normal95*se}
	if math.IsNaN(value) {
		c.Value = 0
	}
	if !isFinite(se) || se <= 0 || !isFinite(c.Low) || !isFinite(c.High) {
		c.SE, c.Low, c.High = math.NaN(), math.NaN(), math.NaN()
	}
	return c
}

// report in raw units. During the warm-up it is the exact fit of the rows so far, made on a copy.
func (s *newton) report(r *Report) {
	now := s.current()
	r.Solver = "newton"
	beta, cov := now.fit.plain(now.beta, now.covariance())
	if s.when != nil {
		now.fit.at, now.fit.unit = s.when.newest(), float64(s.when.trend.Unit)
	}
	r.Intercept, r.Coefficients = now.fit.rawCoefficients(s.config().names(), beta, cov)
	now.identify(r)
	r.Scale, r.Delta = saturate(now.sigma*now.fit.targetS), now.knee()
	r.Status = StatusOK
	if s.rows != nil {
		r.Status = StatusWarmup
	}
	for _, c := range r.Coefficients {
		if math.Abs(c.Value) == math.MaxFloat64 || (math.IsNaN(c.SE) && s.rows == nil) {
			r.Status = StatusDegenerate
		}
	}
	r.doubt(&now.guard, s.config().names())
	if math.IsInf(r.Delta, 0) {
		r.Delta = math.NaN()
	}
	if s.when != nil && s.when.rows > 0 {
		flat := *now
		flat.beta = beta
		r.Trend = s.trendReport(&flat, cov, r)
	}
}

// current is the solver itself, or in the warm-up a copy that is refitted to all rows so far.
func (s *newton) current() *newton {
	if s.rows == nil || s.rows.n() == 0 {
		return s
	}
	if s.refitted != nil && s.refitted.t == s.t {
		return s.refitted
	}
	copied := newNewton(s.config())
	copied.rows, copied.t, copied.age = s.rows, s.t, s.age.copy()
	copied.refit()
	s.refitted = copied
	return copied
}

func (s *newton) config() Config {
	c := DefaultConfig()
	c.Features, c.Delta, c.Leverage, c.HalfLife, c.WarmUp = s.features, s.delta, s.guard.Leverage, math.Inf(1), s.warmUp
	if s.when != nil {
		c.Trend = s.when.trend
	}
	if s.squared {
		c.Loss.Name = "half-squared"
	}
	return c
}
