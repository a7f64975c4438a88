package estimator

import (
	"math/rand/v2"
	"testing"
)

// The intervals are worth something from the first dozens of rows on: a model with a short warm-up lives with them.
func TestIntervalsOfFewRowsCover(t *testing.T) {
	const replications = 200
	for _, rows := range []int{24, 64, 150, 700} {
		random := rand.New(rand.NewPCG(11, uint64(rows)))
		covered := 0
		for range replications {
			c := Columns{Rows: rows, Features: [][]float64{make([]float64, rows), make([]float64, rows)}, Target: make([]float64, rows)}
			for i := range rows {
				c.Features[0][i], c.Features[1][i] = random.NormFloat64(), random.NormFloat64()
				c.Target[i] = 3 + 2*c.Features[0][i] + random.NormFloat64()
			}
			r := learned(t, newtonConfig(2), c).Report()
			if r.Coefficients[0].Low <= 2 && 2 <= r.Coefficients[0].High {
				covered++
			}
		}
		if share := float64(covered) / replications; share < 0.89 || share > 0.985 {
			t.Errorf("of %d rows: the intervals cover the slope in %.1f %% of %d simulations, want 95 %%", rows, 100*share, replications)
		} else {
			t.Logf("of %d rows: %.1f %%", rows, 100*share)
		}
	}
}
