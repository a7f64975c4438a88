package goodness

import "math"

// ZTest of the hypothesis that a coefficient is 0: z = value / se, and the two-sided p = P(|N(0,1)| ≥ |z|), to full relative precision down to the
// smallest number (|z| about 38), 0 beyond. NaN where there is no standard error, or it is 0.
func ZTest(value, se float64) (z, p float64) {
	if !(se > 0) || math.IsInf(se, 0) || math.IsNaN(value) || math.IsInf(value, 0) {
		return math.NaN(), math.NaN()
	}
	z = value / se
	return z, math.Erfc(math.Abs(z) / math.Sqrt2)
}
