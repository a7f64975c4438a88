package simulation

import (
	"math"
	"reflect"
	"testing"

	"github.com/streamfit/streamfit/estimator"
)

// bounds of a solver in a scenario: the RMSE of its slopes beside the batch fit's, the least coverage of its intervals, and their length beside the batch fit's.
// Of 80 slopes all may be covered by chance: that intervals are not too long is for their length to show, and for the coverage of all scenarios together.
type bounds struct{ ratio, coverage, short, long float64 }

// TestPlain is the short form of the long table: wide enough for 16 seeds of 6,000 rows, but half as many rows used, intervals half or twice as long or steps
// that forget would leave them.
func TestPlain(t *testing.T) {
	newton, asgd := Online("newton", "newton"), Online("asgd", "asgd")
	usual := [2]bounds{{1.02, 0.88, 0.95, 1.1}, {1.15, 0.88, 1.1, 1.5}}
	within := map[string][2]bounds{
		"40 % ± gross outliers":      {{1.05, 0.88, 0.95, 1.1}, {1.35, 0.88, 1.1, 1.5}},
		"AR(1) x and noise, φ = 0.6": {{1.02, 0.88, 1.35, 1.55}, {1.15, 0.88, 1.6, 2.1}},
	}
	covered, scenarios := [2]float64{}, 0.0
	for _, s := range Plain(5, 6000) {
		t.Run(s.Name, func(t *testing.T) {
			scores := Run(s, 16, []Candidate{RLM(), newton, asgd})
			limits, ok := within[s.Name]
			if !ok {
				limits = usual
			}
			for k, name := range []string{"newton", "asgd"} {
				score, limit := scores[k+1], limits[k]
				ratio, width := score.Beside(scores[0])
				t.Logf("%s: ratio %.3f, coverage %.3f, width %.2f", name, ratio, score.Coverage(), width)
				if !(ratio <= limit.ratio) {
					t.Errorf("%s: RMSE %.3f times the batch fit's, want at most %v", name, ratio, limit.ratio)
				}
				if !(width >= limit.short && width <= limit.long) {
					t.Errorf("%s: the intervals are %.3f times as long as the batch fit's, want %v to %v", name, width, limit.short, limit.long)
				}
				if c := score.Coverage(); !(c >= limit.coverage) {
					t.Errorf("%s: the intervals cover %.3f, want at least %v", name, c, limit.coverage)
				}
				covered[k] += score.Coverage()
			}
			scenarios++
		})
	}
	for k, name := range []string{"newton", "asgd"} {
		if c := covered[k] / scenarios; !(c >= 0.925 && c <= 0.975) {
			t.Errorf("%s: the intervals of all scenarios cover %.3f, want 0.925 to 0.975", name, c)
		}
	}
}

// TestFar: bad leverage ruins a fit without a guard; the default guard mends that, by more than a cap can, and costs next to nothing where there is none.
func TestFar(t *testing.T) {
	const rows, seeds = 6000, 4
	off, capped := Online("off", "newton", Guarded(estimator.Leverage{Off: true})), Online("cap 3", "newton", Guarded(estimator.Leverage{Cap: 3}))
	auto := Online("auto", "newton")
	for _, s := range Far(5, rows) {
		t.Run(s.Name, func(t *testing.T) {
			scores := Run(s, seeds, []Candidate{off, capped, auto})
			by3, _ := scores[1].Beside(scores[0])
			ratio, _ := scores[2].Beside(scores[0])
			t.Logf("off %.4f, cap 3 %.3f of it, auto %.3f, which covers %.2f", scores[0].RMSE(), by3, ratio, scores[2].Coverage())
			if s.FarRows == 0 && s.GlitchCells == 0 {
				if !(by3 < 1.4 && ratio < 1.06) {
					t.Errorf("cap 3 costs %.3f, auto %.3f", by3, ratio)
				}
				if c := scores[2].Coverage(); !(c > 0.85) {
					t.Errorf("with auto the intervals cover %.3f", c)
				}
				return
			}
			if !(scores[0].RMSE() > 0.5) {
				t.Errorf("without a guard the error is %.4f: there is nothing to mend", scores[0].RMSE())
			}
			if !(by3 < 0.4 && ratio < 0.08) {
				t.Errorf("cap 3 leaves %.3f of the error, auto %.3f", by3, ratio)
			}
			if c := scores[2].Coverage(); s.FarRows > 0 && !(by3 < 0.05 && ratio < 0.02 && c > 0.85) {
				t.Errorf("cap 3 leaves %.3f of the error, auto %.3f, and covers %.3f", by3, ratio, c)
			}
		})
	}
}

func TestRunIsAFunctionOfTheSeeds(t *testing.T) {
	s := Scenario{Features: 2, Rows: 1500, TailX: 3, TailNoise: 2, Phi: 0.3, Skedastic: true, Outliers: gross(0.1, false), GlitchCells: 0.01, FarRows: 0.01}
	candidates := []Candidate{Online("newton", "newton")}
	first, second := Run(s, 3, candidates), Run(s, 3, candidates)
	if !reflect.DeepEqual(first, second) {
		t.Errorf("%v, then %v", first, second)
	}
}

// TestDraw measures the rows against their recipe.
func TestDraw(t *testing.T) {
	const rows = 200_000
	for _, c := range []struct {
		name                   string
		scenario               Scenario
		mean, variance, follow float64 // of the noise y − truth, in its own units, and its autocorrelation
	}{
		{"normal", Scenario{}, 0, 1, 0},
		{"AR(1)", Scenario{Phi: 0.6}, 0, 1, 0.6},
		{"skedastic", Scenario{Skedastic: true}, 0, 1, 0},
		{"two-sided", Scenario{Outliers: gross(0.2, false)}, 0, 1 + 0.2*3700, 0},
		{"one-sided", Scenario{Outliers: gross(0.2, true)}, 0.2 * 55, 1 + 0.2*3700 - 11*11, 0},
		{"heavy tails in x", Scenario{TailX: 3}, 0, 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := c.scenario
			s.Features, s.Rows = 3, rows
			sample := s.Draw(2)
			noise := make([]float64, rows)
			for i := range noise {
				noise[i] = (sample.Columns.Target[i] - level) / sigma
				for j, slope := range sample.Truth {
					noise[i] -= slope * (sample.Columns.Features[j][i] - s.offsetOf(j)) / sigma
				}
			}
			mean, variance, follow := moments(noise)
			spread := math.Sqrt(c.variance)
			if math.Abs(mean-c.mean) > 0.01*spread || math.Abs(variance/c.variance-1) > 0.03 || math.Abs(follow-c.follow) > 0.01 {
				t.Errorf("mean %.3f, variance %.3f, autocorrelation %.3f; want %v, %v, %v", mean, variance, follow, c.mean, c.variance, c.follow)
			}
		})
	}
}

// TestDrift: the truth of a sample is that of its last row.
func TestDrift(t *testing.T) {
	s := Scenario{Features: 1, Rows: 100, Drift: func(row int, truth []float64) { truth[1] = float64(row) }}
	sample := s.Draw(1)
	if got := sample.Truth[0] / sample.Unit[0]; math.Abs(got-99) > 1e-9 {
		t.Errorf("the truth after 100 rows is %v, want 99", got)
	}
}

func moments(v []float64) (mean, variance, follow float64) {
	n := float64(len(v))
	for _, x := range v {
		mean += x / n
	}
	for i, x := range v {
		variance += (x - mean) * (x - mean) / n
		if i > 0 {
			follow += (x - mean) * (v[i-1] - mean) / n
		}
	}
	return mean, variance, follow / variance
}

// TestLaw against the batch fit itself.
func TestLaw(t *testing.T) {
	for _, s := range Plain(5, 2000) {
		if !s.OfNormalRows() {
			continue
		}
		if got, want := Run(s, 20, []Candidate{RLM()})[0].RMSE(), Law(s); math.Abs(got/want-1) > 0.15 {
			t.Errorf("%s: a batch fit's RMSE is %.4f, by the law %.4f", s.Name, got, want)
		}
	}
}
