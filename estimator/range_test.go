package estimator

import (
	"bytes"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// Rows with a number beyond the range are skipped, however the stream is cut, and what is learned is what the rows without them teach, to the bit.
func TestRowsOutOfRangeAreSkipped(t *testing.T) {
	beyond := []float64{math.Nextafter(largest, 2*largest), -2 * largest, math.MaxFloat64, -1e300}
	rapid.Check(t, func(rt *rapid.T) {
		cfg := newtonConfig(3)
		cfg.Solver = rapid.SampledFrom([]string{solverNewton, solverASGD, solverSGD, solverTracking}).Draw(rt, "solver")
		cfg.WarmUp = 64
		if cfg.Solver == solverSGD {
			cfg.Delta = Knee{Value: 1}
		}
		const rows = 300
		c := clean(rapid.Uint64Range(0, 1e6).Draw(rt, "seed"), 3, rows)
		c.Weights = make([]float64, rows)
		far, pick := uint64(0), []int32(nil)
		for i := range rows {
			c.Weights[i] = 1
			column := [][]float64{c.Features[0], c.Features[2], c.Target, c.Weights}[rapid.IntRange(0, 3).Draw(rt, "column")]
			switch rapid.IntRange(0, 20).Draw(rt, "what") {
			case 0:
				column[i] = beyond[i%len(beyond)]
				c.Weights[i] = math.Abs(c.Weights[i])
				far++
				continue
			case 1:
				column[i] = largest // is still learned from
			}
			pick = append(pick, int32(i))
		}
		whole, pieces, without := newModel(rt, cfg), newModel(rt, cfg), newModel(rt, cfg)
		whole.Learn(nil, c)
		for at := 0; at < rows; {
			to := min(rows, at+rapid.IntRange(1, 40).Draw(rt, "rows"))
			pieces.Learn(nil, part(c, at, to))
			at = to
		}
		if !bytes.Equal(snapshotOf(rt, whole), snapshotOf(rt, pieces)) {
			rt.Fatal("the state depends on how the rows are cut")
		}
		c.Pick = pick
		without.Learn(nil, c)
		got, want := whole.Report(), without.Report()
		if got.Rows.Skipped[ReasonRange] != far {
			rt.Fatalf("%d rows skipped for their range, want %d", got.Rows.Skipped[ReasonRange], far)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateNaNs(), cmpopts.IgnoreFields(Rows{}, "Skipped")); diff != "" {
			rt.Fatal(diff)
		}
	})
}

// A model that has learned nothing has no numbers.
func TestUnlearnedModelHasNoNumbers(t *testing.T) {
	for _, solver := range []string{solverNewton, solverASGD, solverSGD, solverTracking} {
		cfg := newtonConfig(2)
		if cfg.Solver = solver; solver == solverSGD {
			cfg.Delta = Knee{Value: 1}
		}
		m := newModel(t, cfg)
		m.Learn(nil, Columns{Rows: 1, Features: [][]float64{{math.NaN()}, {1}}, Target: []float64{1}})
		r := m.Report()
		for _, c := range append(r.Coefficients, r.Intercept) {
			if !math.IsNaN(c.Value) || !math.IsNaN(c.SE) {
				t.Errorf("%s: %+v of no rows", solver, c)
			}
		}
		if r.Status != StatusWarmup || len(r.Coefficients) != 2 || !math.IsNaN(r.Scale) || solver != solverSGD && !math.IsNaN(r.Delta) {
			t.Errorf("%s: %+v", solver, r)
		}
	}
}
