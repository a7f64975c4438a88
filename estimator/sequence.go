package estimator

import "math"

const (
	sequenceMiss  = 0.05   // α: the chance that the truth is ever outside
	sequenceTight = 10_000 // rows after which the sequence is tightest
	sequenceFrom  = 256    // rows from which on a standard error is good enough for it
)

// Sequence bounds a coefficient of solver newton, after so many rows, so that with 95 % the truth lies within all the bounds of a stream at once, however often
// one looks and whenever one stops: an asymptotic confidence sequence. With ρ that makes it tightest after 10,000 rows and se the standard error at row t,
//
//	β ± se·√(2(tρ² + 1)/(tρ²) · log(√(tρ² + 1)/α))
//
// It is about 1.5 times as long as the interval for one look. NaN where there is no standard error, and before row 256.
//
// Reference: Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas, Time-uniform central limit theory and asymptotic confidence sequences, Ann. Statist. 52 (2024).
func Sequence(c Coefficient, rows uint64) (low, high float64) {
	if rows < sequenceFrom {
		return math.NaN(), math.NaN()
	}
	half := c.SE * sequenceWidth(float64(rows))
	return c.Value - half, c.Value + half
}

// sequenceWidth is half the length in standard errors. ρ² is (2 log 1/α + log(2 log 1/α) + 1)/t* of the reference, a root of which it is in closed form.
func sequenceWidth(t float64) float64 {
	twice := -2 * math.Log(sequenceMiss)
	u := t * (twice + math.Log(twice) + 1) / sequenceTight
	return math.Sqrt(2 * (u + 1) / u * math.Log(math.Sqrt(u+1)/sequenceMiss))
}
