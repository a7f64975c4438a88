package simulation

import (
	"math"
	"reflect"
	"testing"

	"github.com/streamfit/streamfit/estimator"
)

// bounds of a solver in a scenario: the RMSE of its slopes beside the batch fit's, and the coverage of its intervals.
type bounds struct{ ratio, least, most float64 }

// TestPlain is the short form of the long table: wide enough for 16 seeds of 6,000 rows, but half as many rows used, intervals half as long or steps that
// forget would leave them.
func TestPlain(t *testing.T) {
	newton, asgd := Online("newton", "newton"), Online("asgd", "asgd")
	usual := [2]bounds{{1.02, 0.88, 1}, {1.15, 0.88, 1}}
	within := map[string][2]bounds{"40 % ± gross outliers": {{1.05, 0.88, 1}, {1.35, 0.88, 1}}}
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
				if c := score.Coverage(); !(c >= limit.least && c <= limit.most) {
					t.Errorf("%s: the intervals cover %.3f, want %v to %v", name, c, limit.least, limit.most)
				}
			}
		})
	}
}

// TestFar: bad leverage ruins a fit without a guard, and a guard costs nothing where there is none.
func TestFar(t *testing.T) {
	const rows, seeds = 6000, 4
	off, capped := Online("off", "newton", Guarded(estimator.Leverage{Off: true})), Online("cap 3", "newton", Guarded(estimator.Leverage{Cap: 3}))
	for _, s := range Far(5, rows) {
		scores := Run(s, seeds, []Candidate{off, capped})
		t.Logf("%s: off %.4f (%.2f), cap 3 %.4f (%.2f)", s.Name, scores[0].RMSE(), scores[0].Coverage(), scores[1].RMSE(), scores[1].Coverage())
		ratio, _ := scores[1].Beside(scores[0])
		switch {
		case s.FarRows > 0 && !(ratio < 0.05):
			t.Errorf("%s: cap 3 leaves %.3f of the error", s.Name, ratio)
		case s.FarRows == 0 && s.GlitchCells == 0 && !(ratio < 1.4):
			t.Errorf("%s: cap 3 costs %.3f", s.Name, ratio)
		}
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
