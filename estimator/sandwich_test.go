package estimator

import (
	"math"
	"math/rand/v2"
	"testing"
)

// autocorrelated rows: features and noise are AR(1) with coefficient φ each, with variance 1.
func autocorrelated(seed uint64, d, rows int, phi float64) Columns {
	r := rand.New(rand.NewPCG(seed, 11))
	state, rest := make([]float64, d+1), math.Sqrt(1-phi*phi)
	for j := range state {
		state[j] = r.NormFloat64()
	}
	c := Columns{Rows: rows, Features: make([][]float64, d)}
	for range rows {
		y := 1.0
		for j := range state {
			state[j] = phi*state[j] + rest*r.NormFloat64()
			if y += state[j]; j < d {
				c.Features[j] = append(c.Features[j], state[j])
			}
		}
		c.Target = append(c.Target, y)
	}
	return c
}

// The 95 % intervals of slopes cover for autocorrelated rows, and with rows that are forgotten. The most that may fail is four standard errors of a share of
// so many intervals; LONG=1 has 200 replications and prints docs/intervals.md's table.
func TestIntervalsCover(t *testing.T) {
	logs, streams := 0.0, 0.0
	for _, s := range []struct {
		phi, halfLife float64
		rows          int
		low           float64
	}{
		{0, 0, 20_000, 0.94}, {0.6, 0, 20_000, 0.94}, {0.9, 0, 20_000, 0.92}, {0.95, 0, 20_000, 0.9}, {0.95, 0, 300_000, 0.92}, {0.99, 0, 300_000, 0.85},
		{0, 500, 10_000, 0.9}, {0, 5000, 40_000, 0.93}, {0.6, 5000, 40_000, 0.92},
	} {
		n := replications(10, 200)
		if s.rows > 100_000 {
			n = replications(0, 100)
		}
		covered, total, length, squares := 0, 0, 0.0, 0.0
		for seed := range n {
			cfg := newtonConfig(3)
			if s.halfLife > 0 {
				cfg.HalfLife = s.halfLife
			}
			for _, b := range learned(t, cfg, autocorrelated(uint64(seed), 3, s.rows, s.phi)).Report().Coefficients {
				if total++; b.Low <= 1 && 1 <= b.High {
					covered++
				}
				length += b.SE
				squares += (b.Value - 1) * (b.Value - 1)
			}
		}
		if total == 0 {
			continue
		}
		share, bound := float64(covered)/float64(total), 4*math.Sqrt(0.05*0.95/float64(total))
		relative := length / math.Sqrt(float64(total)*squares)
		t.Logf("φ = %v, half-life %v, %d rows: coverage %.3f of %d, mean se %.3f of the rms error", s.phi, s.halfLife, s.rows, share, total, relative)
		logs, streams = logs+math.Log(relative), streams+1
		if share < s.low-bound || share > 0.95+bound {
			t.Errorf("φ = %v, half-life %v, %d rows: coverage %.3f, want %v to 0.95", s.phi, s.halfLife, s.rows, share, s.low)
		}
		if spread := 3 / math.Sqrt(2*float64(total)); relative > 1+spread { // that they are too short shows in the coverage
			t.Errorf("φ = %v, half-life %v, %d rows: the mean standard error is %.3f of the rms error", s.phi, s.halfLife, s.rows, relative)
		}
	}
	if relative := math.Exp(logs / streams); !(relative > 0.85 && relative < 1.15) {
		t.Errorf("the standard errors are %.3f of the rms errors, want about 1", relative)
	}
}

func TestBlocksGrowWithTheRows(t *testing.T) {
	for _, s := range []struct {
		t, lambda float64
		want      int
	}{{1024, 1, 64}, {32_768, 1, 64}, {32_769, 1, 128}, {1e6, 1, 256}, {1e9, 1, 2048}, {1e12, 1, 32_768}, {1e9, forgetting(1e5), 128}, {1e9, forgetting(100), 64}} {
		if got := nextBlock(shortestBlock, s.t, s.lambda); got != s.want {
			t.Errorf("after %v rows, λ = %v: %d rows, want %d", s.t, s.lambda, got, s.want)
		}
	}
}
