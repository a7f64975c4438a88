package estimator

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The intervals of streams of a few rows, as a model per key has them: they cover about what they should, in the warm-up and after it.
func TestIntervalsOfShortStreamsCover(t *testing.T) {
	const streams = 150
	for _, warmUp := range []int{64, 1024} {
		for _, rows := range []int{16, 50, 64, 300} {
			cfg := newtonConfig(2)
			cfg.WarmUp = warmUp
			family, err := NewFamily(cfg)
			if err != nil {
				t.Fatal(err)
			}
			covered, without := 0, 0
			for seed := range uint64(streams) {
				m := family.New()
				m.Learn(nil, gaussian(seed, rows))
				for _, c := range m.Report().Coefficients {
					if math.IsNaN(c.SE) {
						without++
					} else if c.Low <= 2 && 2 <= c.High {
						covered++
					}
				}
			}
			share := float64(covered) / (2*streams - float64(without))
			t.Logf("warm-up %4d, %4d rows: %.3f", warmUp, rows, share)
			if share < 0.82 || share > 0.99 {
				t.Errorf("warm-up %d, %d rows: %.3f of the 95 %% intervals cover", warmUp, rows, share)
			}
		}
	}
}

// gaussian rows: y = 5 + 2x₁ + 2x₂ + e.
func gaussian(seed uint64, rows int) Columns {
	r := rand.New(rand.NewPCG(seed, 9))
	c := Columns{Rows: rows, Features: [][]float64{make([]float64, rows), make([]float64, rows)}, Target: make([]float64, rows)}
	for i := range rows {
		a, b := 100+10*r.NormFloat64(), r.NormFloat64()
		c.Features[0][i], c.Features[1][i], c.Target[i] = a, b, 5+2*a+2*b+r.NormFloat64()
	}
	return c
}

func TestOfNoMoreRowsThanCoefficientsThereIsNoInterval(t *testing.T) {
	for rows := range 5 {
		m := newModel(t, newtonConfig(2))
		m.Learn(nil, gaussian(1, rows))
		for _, c := range append(m.Report().Coefficients, m.Report().Intercept) {
			if has := !math.IsNaN(c.SE); has != (rows > 3) {
				t.Errorf("%d rows: coefficient %+v", rows, c)
			}
		}
	}
}
