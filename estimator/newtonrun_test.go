package estimator

import (
	"bytes"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// drawRunConfig of a solver that learns in runs, and rows for it: some are far, some beyond all bounds, some weigh as good as nothing or more than all others.
func drawRunConfig(t *rapid.T, features, rows int) (Config, Columns) {
	cfg := newtonConfig(rapid.IntRange(0, features).Draw(t, "features"))
	cfg.Leverage = rapid.SampledFrom([]Leverage{{Auto: true}, {Auto: true}, {Cap: 2}, {Off: true}}).Draw(t, "leverage")
	cfg.Loss.Name = rapid.SampledFrom([]string{"huber", "huber", "half-squared"}).Draw(t, "loss")
	if rapid.Bool().Draw(t, "fixed knee") {
		cfg.Delta = Knee{Value: rapid.OneOf(rapid.Float64Range(0.1, 3), rapid.SampledFrom([]float64{1e290, 1e300, 1e306})).Draw(t, "delta")}
	}
	cfg.HalfLife = rapid.SampledFrom([]float64{math.Inf(1), 300, 20, 6.6, 2}).Draw(t, "half-life") // 0.9 is λ of 6.58
	c := weighted(rapid.Uint64Range(0, 1e6).Draw(t, "seed"), len(cfg.Features), warmUpRows+rapid.SampledFrom([]int{50, 700, rows}).Draw(t, "rows"))
	wild := rapid.SampledFrom([]float64{5, -1e7, 1e30, 1e59}).Draw(t, "wild")
	every := rapid.SampledFrom([]int{3, 40, 1 << 30}).Draw(t, "every")
	for i := every; i < c.Rows; i += every {
		if len(c.Features) > 0 {
			c.Features[i%len(c.Features)][i] *= wild
		}
		if i%2 == 0 {
			c.Target[i] *= wild
		}
		c.Weights[i] = math.Min(1e60, c.Weights[i]*math.Abs(wild))
	}
	return cfg, c
}

// A run is its rows, to the bit.
func TestNewtonRunsAreTheirRows(t *testing.T) {
	runs := 0
	rapid.Check(t, func(rt *rapid.T) {
		cfg, c := drawRunConfig(rt, 19, 3000)
		together, apart := newNewton(cfg), newNewton(cfg)
		tiles := newTile(cfg)
		for at := 0; at < c.Rows; {
			if _, at = tiles.gather(nil, c, at); together.runs() {
				runs++
			}
			together.learn(tiles)
			guarded := uint64(0)
			for i := range tiles.n {
				prediction, knee, weighedDown := apart.learnAlone(tiles, i)
				sameNumbers(rt, i, tiles, prediction, knee)
				if weighedDown {
					guarded++
				}
			}
			if tiles.guarded != guarded {
				rt.Fatalf("%d rows guarded, alone %d", tiles.guarded, guarded)
			}
			sameState(rt, together, apart)
		}
	})
	if runs == 0 {
		t.Error("no run")
	}
}

// Solvers that learn side by side are what each of them is by itself, and together what they are row by row.
func TestTrackingIsItsSolvers(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		cfg, c := drawRunConfig(rt, 6, 1000)
		cfg.HalfLife, cfg.Solver = math.Inf(1), solverTracking
		together, rowByRow, apart := newTracking(cfg), newTracking(cfg), newTracking(cfg)
		tiles := newTile(cfg)
		for at := 0; at < c.Rows; {
			_, at = tiles.gather(nil, c, at)
			together.learn(tiles)
			guarded := uint64(0)
			for i := range tiles.n {
				weighedDown := false
				for _, n := range apart.bank {
					_, _, by := n.learnAlone(tiles, i)
					weighedDown = weighedDown || by
				}
				if weighedDown {
					guarded++
				}
				prediction, knee := tiles.prediction[i], tiles.knee[i]
				rowByRow.learn(tiles.part(i, i+1))
				sameNumbers(rt, i, tiles, prediction, knee)
			}
			if tiles.guarded != guarded {
				rt.Fatalf("%d rows guarded, by one of the solvers %d", tiles.guarded, guarded)
			}
			for k, n := range together.bank {
				sameState(rt, n, apart.bank[k])
			}
			if together.mix != rowByRow.mix || together.loss != rowByRow.loss {
				rt.Fatalf("weights %v after losses %v; row by row %v, %v", together.mix.weight, together.loss, rowByRow.mix.weight, rowByRow.loss)
			}
		}
	})
}

func sameNumbers(t *rapid.T, i int, got *tile, prediction, knee float64) {
	if math.Float64bits(got.prediction[i]) != math.Float64bits(prediction) || math.Float64bits(got.knee[i]) != math.Float64bits(knee) {
		t.Fatalf("row %d of the tile: %v and knee %v, alone %v and %v", i, got.prediction[i], got.knee[i], prediction, knee)
	}
}

func sameState(t *rapid.T, got, want *newton) {
	var a, b encoder
	got.appendState(&a)
	want.appendState(&b)
	if !bytes.Equal(a.out, b.out) {
		t.Fatalf("β %v, σ̂ %v, guard %+v after %v rows; row by row %v, %v, %+v after %v",
			got.beta, got.sigma, got.guard.recent, got.t, want.beta, want.sigma, want.guard.recent, want.t)
	}
}
