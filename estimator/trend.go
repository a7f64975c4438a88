package estimator

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Trend makes the time a feature. With t the time of a row in seconds, the model has beside its features
//
//	(t − origin)/Unit                                    the slope
//	cos 2πkt/p, sin 2πkt/p    k = 1 … Harmonics          for each period p of Season
//
// and its intercept is the level: the trend at the newest reading, without the season. The origin moves along with the rows (see the type when), so that
// the arithmetic is as exact after ten years as on the first day. The phase of a season is that of t, since 1970-01-01T00:00Z: 0 is midnight in UTC for 24h.
type Trend struct {
	Time      string // the column of Columns.Time, which names the coefficients: ts.slope, ts.24h.cos1, …; "": no trend
	Unit      Span   // of the slope
	Season    []Span // periods
	Harmonics int    // pairs of columns a period
}

func (t Trend) given() bool { return t.Time != "" }

// equal trends are learned in the same way; what is said of none does not matter.
func (t Trend) equal(o Trend) bool {
	if !t.given() || !o.given() {
		return t.given() == o.given()
	}
	return t.Time == o.Time && t.Unit == o.Unit && slices.Equal(t.Season, o.Season) && (t.Harmonics == o.Harmonics || len(t.Season) == 0)
}

// Columns of the design that the time becomes; 0 where there is no trend.
func (t Trend) Columns() int {
	if !t.given() {
		return 0
	}
	return 1 + 2*t.Harmonics*len(t.Season)
}

// names of the columns' coefficients.
func (t Trend) names() []string {
	if !t.given() {
		return nil
	}
	names := []string{t.Time + ".slope"}
	for _, period := range t.Season {
		for k := 1; k <= t.Harmonics; k++ {
			names = append(names, fmt.Sprintf("%s.%s.cos%d", t.Time, period, k), fmt.Sprintf("%s.%s.sin%d", t.Time, period, k))
		}
	}
	return names
}

// row writes the columns of the time t to dst. The first is t itself: the solver takes the origin off.
func (t Trend) row(dst []float64, seconds float64) {
	dst[0] = seconds
	dst = dst[1:]
	for _, period := range t.Season {
		fourier(dst[:2*t.Harmonics], phase(seconds, float64(period)))
		dst = dst[2*t.Harmonics:]
	}
}

// phase of a time in a period: (t mod period)/period, in [0, 1). The remainder is exact, so that the phase is as good in 2026 as in 1970, where the
// cosine of 2πt/p itself would have lost seven digits to the rounding of its argument.
func phase(t, period float64) float64 {
	turns := math.Floor(t / period)
	if !(math.Abs(turns) < 1<<52) { // the quotient is rounded to more than a turn
		rest := math.Mod(t, period)
		if rest < 0 {
			rest += period
		}
		return below1(rest / period)
	}
	rest := math.FMA(-turns, period, t) // exact: the remainder is on the grid of t and the period
	if rest < 0 {                       // the quotient was rounded up to the next turn
		rest += period
	}
	return below1(rest / period)
}

// below1 puts what was rounded up to a whole turn at its beginning.
func below1(phase float64) float64 {
	if phase >= 1 {
		return 0
	}
	return phase
}

// fourier writes cos 2πkφ, sin 2πkφ for k = 1, 2, … to dst; the higher ones by the addition theorem.
func fourier(dst []float64, phase float64) {
	if len(dst) == 0 {
		return
	}
	sin1, cos1 := math.Sincos(2 * math.Pi * phase)
	dst[0], dst[1] = cos1, sin1
	for k := 2; k < len(dst); k += 2 {
		c, s := dst[k-2], dst[k-1]
		dst[k] = float64(c*cos1) - float64(s*sin1)
		dst[k+1] = float64(s*cos1) + float64(c*sin1)
	}
}

// columns of the design: the features, then those of the trend.
func (c Config) columns() int { return len(c.Features) + c.Trend.Columns() }

// names of the coefficients.
func (c Config) names() []string { return append(slices.Clone(c.Features), c.Trend.names()...) }

const mostHarmonics = 50

// validateTrend collects the faults of the trend.
func (c Config) validateTrend() (faults []error) {
	t := c.Trend
	add := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if !t.given() {
		return nil
	}
	if slices.Contains(c.Features, t.Time) {
		add("trend.time %q is a feature too; the trend makes its own columns of it", t.Time)
	}
	for _, name := range t.names() {
		if slices.Contains(c.Features, name) {
			add("trend.time %q: feature %q has the name of one of the trend's coefficients", t.Time, name)
		}
	}
	if !(t.Unit > 0) || math.IsInf(float64(t.Unit), 0) {
		add("trend.unit %s is no length of time above 0", t.Unit)
	}
	if len(t.Season) > 0 && (t.Harmonics < 1 || t.Harmonics > mostHarmonics) {
		add("trend.harmonics %d is none of 1 to %d", t.Harmonics, mostHarmonics)
		return faults
	}
	if c.solver() != solverNewton {
		faults = append(faults, errors.New("solver "+c.solver()+" fits no trend; want newton"))
	}
	return append(faults, t.validateSeason()...)
}

// validateSeason collects periods that are none, and those that have a wave in common: its coefficients could not be told apart.
func (t Trend) validateSeason() (faults []error) {
	for i, p := range t.Season {
		if !(p > 0) || math.IsInf(float64(p), 0) {
			faults = append(faults, fmt.Errorf("trend.season %s is no period above 0", p))
			continue
		}
		for _, q := range t.Season[:i] {
			if k, l, same := sameWave(float64(q), float64(p), t.Harmonics); same {
				faults = append(faults, fmt.Errorf("trend.season: harmonic %d of %s is harmonic %d of %s; leave one period out, or take fewer harmonics", k, q, l, p))
			}
		}
	}
	return faults
}

func sameWave(p, q float64, harmonics int) (k, l int, same bool) {
	for k = 1; k <= harmonics; k++ {
		for l = 1; l <= harmonics; l++ {
			if math.Abs(float64(float64(k)*q)-float64(float64(l)*p)) <= 1e-9*p {
				return k, l, true
			}
		}
	}
	return 0, 0, false
}
