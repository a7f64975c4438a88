package estimator

import "math"

// TrendReport is what a model with a trend says of it at the newest reading. Where it has features, too, that is for all of them 0, as for the intercept.
type TrendReport struct {
	Time         float64        // of the newest reading, in seconds
	Level        Coefficient    // the intercept: the trend at Time, without the season
	Slope        Coefficient    // per Config.Trend.Unit
	Season       []SeasonReport // in the order of Config.Trend.Season
	Forecast     *Forecast      // nil: no horizon is set
	LastResidual float64        // of the last row, predicted before it was learned, in σ̂
}

// SeasonReport is the wave of one period.
type SeasonReport struct {
	Period    Span
	Amplitude Coefficient // half the way from its lowest to its highest point
	Phase     float64     // where it is highest: a share of the period, counted from 1970-01-01T00:00Z
	Peak      float64     // when it was highest last, in seconds
}

// Forecast of one reading: the interval is that of readings, noise and all, if the trend goes on as it does and the noise is normal.
type Forecast struct {
	Time             float64 // seconds
	Value, Low, High float64
}

// trendReport of the solver as it is now, from its covariance and what has been reported.
func (s *newton) trendReport(now *newton, cov []float64, r *Report) *TrendReport {
	t := &TrendReport{
		Time: s.when.newest(), Level: r.Intercept, Slope: r.Coefficients[s.when.column], LastResidual: saturate(s.when.residual / r.Scale),
	}
	column := s.when.column + 1 // of the waves
	for _, period := range s.when.trend.Season {
		n := 2 * s.when.trend.Harmonics
		t.Season = append(t.Season, now.season(cov, column, n, period, t.Time))
		column += n
	}
	return t
}

// season of the n coefficients of waves from a column on.
func (s *newton) season(cov []float64, column, n int, period Span, newest float64) SeasonReport {
	waves := make([]float64, n)
	for i := range waves {
		waves[i] = s.beta[column+1+i] * s.fit.targetS
	}
	high := extreme(waves)
	for i := range waves {
		waves[i] = -waves[i]
	}
	low := extreme(waves)
	top, bottom := make([]float64, n), make([]float64, n)
	fourier(top, high)
	fourier(bottom, low)
	gradient := make([]float64, len(s.beta)) // of the amplitude: where the extremes are does not matter in first order
	for i := range top {
		gradient[column+1+i] = (top[i] - bottom[i]) / 2
	}
	half := make([]float64, len(s.beta))
	timesVector(half, cov, gradient)
	se := math.Sqrt(max(0, dot(half, gradient))) * s.fit.targetS
	since := phase(newest, float64(period)) - high
	if since < 0 {
		since++
	}
	return SeasonReport{
		Period: period, Amplitude: coefficient("", dot(s.beta, gradient)*s.fit.targetS, se),
		Phase: high, Peak: newest - float64(since*float64(period)),
	}
}

// extreme is the phase at which Σ aₖ cos 2πkφ + bₖ sin 2πkφ is highest: the best of a grid, then Newton steps to the zero of the derivative.
func extreme(waves []float64) float64 {
	basis := make([]float64, len(waves))
	points := 16 * len(waves)
	best, highest := 0.0, math.Inf(-1)
	for i := range points {
		at := float64(i) / float64(points)
		fourier(basis, at)
		if v := dot(waves, basis); v > highest {
			best, highest = at, v
		}
	}
	for range 8 {
		fourier(basis, best)
		first, second := 0.0, 0.0 // derivatives by the angle 2πφ
		for i := 0; i < len(waves); i += 2 {
			k := float64(i/2 + 1)
			first += float64(k * (float64(waves[i+1]*basis[i]) - float64(waves[i]*basis[i+1])))
			second -= float64(float64(k*k) * (float64(waves[i]*basis[i]) + float64(waves[i+1]*basis[i+1])))
		}
		if !(second < 0) {
			break
		}
		step := first / second / (2 * math.Pi)
		best -= max(-1/float64(points), min(1/float64(points), step))
	}
	return below1(best - math.Floor(best))
}

// forecast of a reading at a time. Where there is no interval, there is none.
func (s *newton) forecast(seconds float64) *Forecast {
	now := s.current()
	x := make([]float64, len(s.beta)-1)
	s.when.trend.row(x[s.when.column:], seconds)
	z, half := make([]float64, len(s.beta)), make([]float64, len(s.beta))
	now.fit.standardise(z, x)
	timesVector(half, now.covariance(), z)
	sd := math.Sqrt(max(0, dot(half, z))+float64(now.sigma*now.sigma)) * now.fit.targetS
	c := coefficient("", now.fit.raw(dot(z, now.beta)), sd)
	return &Forecast{Time: seconds, Value: c.Value, Low: c.Low, High: c.High}
}
