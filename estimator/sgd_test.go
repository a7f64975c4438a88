package estimator

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/streamfit/streamfit/loss"
)

func sgdConfig(features int) Config {
	c := DefaultConfig()
	for j := range features {
		c.Features = append(c.Features, fmt.Sprintf("x%d", j))
	}
	c.Solver, c.Delta = "sgd", Knee{Value: 1.5}
	return c
}

// averagedSGD has all the state that there is.
func averagedSGD(features int) Config {
	c := sgdConfig(features)
	c.SGD.Penalty, c.SGD.Average = "elasticnet", 20
	return c
}

// drawSGD draws a configuration of solver sgd: every loss, learning rate, penalty and average.
func drawSGD(t *rapid.T) Config {
	c := sgdConfig(rapid.IntRange(0, 9).Draw(t, "features"))
	rate := rapid.SampledFrom([]string{"constant", "invscaling", "optimal", "adaptive", "pa1", "pa2"}).Draw(t, "rate")
	c.Loss = LossSpec{Name: lossEpsilonInsensitive, Beta: 0.7, Tau: 0.3, Epsilon: 0.2}
	if rate != "pa1" && rate != "pa2" {
		c.Loss.Name = rapid.SampledFrom(loss.Names()).Draw(t, "loss")
	}
	c.Delta = Knee{Value: rapid.Float64Range(0.1, 3).Draw(t, "delta")}
	c.SGD = SGD{
		LearningRate: rate,
		Eta0:         rapid.Float64Range(1e-4, 0.1).Draw(t, "eta0"),
		PowerT:       rapid.SampledFrom([]float64{0, 0.25, 0.3, 0.5, 1}).Draw(t, "power_t"),
		Penalty:      rapid.SampledFrom([]string{"l2", "none", "l1", "elasticnet"}).Draw(t, "penalty"),
		Alpha:        rapid.SampledFrom([]float64{1e-4, 0.1, 5, 30}).Draw(t, "alpha"),
		L1Ratio:      rapid.SampledFrom([]float64{0, 0.15, 0.5, 1}).Draw(t, "l1_ratio"),
		Average:      rapid.SampledFrom([]int64{0, 0, 1, 2, 20, 1000}).Draw(t, "average"),
		FitIntercept: rapid.Bool().Draw(t, "fit_intercept"),
	}
	return c
}

// clean rows of a linear model with outliers, without weights.
func clean(seed uint64, features, rows int) Columns {
	c := weighted(seed, features, rows)
	c.Weights = nil
	return c
}

func weighted(seed uint64, features, rows int) Columns {
	r := goldenRecipe{Seed: seed, Rows: rows, Intercept: 2, Noise: 0.5, Rho: 0.5, Share: 0.1, TwoSided: true, Low: 10, High: 50}
	for j := range features {
		r.Offsets = append(r.Offsets, float64(j%3))
		r.Scales = append(r.Scales, 1)
		r.Slopes = append(r.Slopes, 1/float64(1+j))
	}
	return r.columns()
}

// simulated rows with weights, nulls, numbers that are not finite, and weights that are not positive.
func simulated(seed uint64, features, rows int) Columns {
	c := weighted(seed, features, rows)
	c.Valid = bytes.Repeat([]byte{0xFF}, rows/8+1)
	for i := 7; i < rows; i += 41 {
		c.Valid[i/8] &^= 1 << (i % 8)
	}
	for i := 11; i < rows; i += 43 {
		c.Target[i] = math.NaN()
	}
	for i := 3; i < rows; i += 47 {
		c.Weights[i] = 0
	}
	return c
}

// TestSGDEqualsTextbook compares with the oracle over few rows: a step may amplify the last bits of the one before. How far it does is seen from
// targets that differ in their last bits.
func TestSGDEqualsTextbook(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := drawSGD(t)
		if cfg.SGD.LearningRate == "optimal" && cfg.SGD.Alpha < 1 {
			cfg.SGD.Alpha = 5 // scikit-learn's t₀ makes steps of 1 and more there, which diverge
		}
		c := simulated(rapid.Uint64().Draw(t, "seed"), len(cfg.Features), rapid.IntRange(1, 60).Draw(t, "rows"))
		if rapid.Bool().Draw(t, "zero rows") {
			zeroRows(c)
		}
		passes := rapid.IntRange(1, 3).Draw(t, "passes")
		m, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		moved := c
		moved.Target = slices.Clone(c.Target)
		for i := range moved.Target {
			moved.Target[i] *= 1 + 1e-15
		}
		oracle, other := newTextbookSGD(cfg), newTextbookSGD(cfg)
		for pass := range passes {
			if pass > 0 {
				m.EndPass()
				oracle.endPass()
				other.endPass()
			}
			m.Learn(nil, c)
			oracle.learn(c)
			other.learn(moved)
		}
		r := m.Report()
		want, near := oracle.answer(), other.answer()
		size, apart := 0.0, 0.0
		for j, v := range want {
			size, apart = max(size, math.Abs(v)), max(apart, math.Abs(near[j]-v))
		}
		if size > 1e6 {
			t.Skip("diverging")
		}
		for j, v := range want {
			if got := append(r.Coefficients, r.Intercept)[j].Value; !(math.Abs(got-v) <= 1e-9*(1+size)+1e3*apart) {
				t.Fatalf("coefficient %d is %v, want %v", j, got, v)
			}
		}
	})
}

// TestSGDIgnoresBatchBoundaries cuts the same rows anywhere, restores from a snapshot at the cuts, and wants the same bytes.
func TestSGDIgnoresBatchBoundaries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := drawSGD(t)
		rows := rapid.IntRange(1, 200).Draw(t, "rows")
		c := simulated(rapid.Uint64().Draw(t, "seed"), len(cfg.Features), rows)
		whole, pieces := newModel(t, cfg), newModel(t, cfg)
		for pass := range rapid.IntRange(1, 2).Draw(t, "passes") {
			if pass > 0 {
				whole.EndPass()
				pieces.EndPass()
			}
			whole.Learn(nil, c)
			pieces = inPieces(t, pieces, c, c.Rows)
		}
		sameModel(t, whole, pieces)
	})
}

func snapshotOf(t interface{ Fatal(...any) }, m *Linear) []byte {
	b, err := m.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestSGDStaysFinite feeds finite rows of any size: no coefficient, prediction or loss is ever NaN or infinite, and every state can be restored.
func TestSGDStaysFinite(t *testing.T) {
	extreme := rapid.OneOf(rapid.SampledFrom([]float64{0, 1, -1, 1e50, largest, -largest, 5e-324}), rapid.Float64Range(-largest, largest))
	rapid.Check(t, func(t *rapid.T) {
		cfg := drawSGD(t)
		cfg.SGD.Eta0 = rapid.SampledFrom([]float64{1e-300, 0.01, 1, 1e300}).Draw(t, "extreme eta0")
		rows := rapid.IntRange(1, 30).Draw(t, "rows")
		c := Columns{Rows: rows}
		column := rapid.SliceOfN(extreme, rows, rows)
		for range cfg.Features {
			c.Features = append(c.Features, column.Draw(t, "x"))
		}
		c.Target = column.Draw(t, "y")
		m, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		m.Learn(nil, c)
		m.EndPass()
		m.Learn(nil, c)
		predictions := make([]float64, rows)
		m.Predict(predictions, c)
		r := m.Report()
		for _, coefficient := range append(r.Coefficients, r.Intercept) {
			predictions = append(predictions, coefficient.Value)
		}
		if l := r.Loss; !allFinite(append(predictions, l.Mean, l.SinceLast, l.Window, l.MAE, l.RMSE, l.Baseline)) {
			t.Fatalf("predictions and coefficients %v, loss %+v", predictions, l)
		}
		if _, err := Restore(snapshotOf(t, m)); err != nil {
			t.Fatal(err)
		}
	})
}

// TestSGDRefusesAStep: the row of which ∞ − ∞ would come changes nothing but the status.
func TestSGDRefusesAStep(t *testing.T) {
	cfg := sgdConfig(2)
	cfg.Loss.Name, cfg.SGD.Eta0 = "half-squared", 1e240
	m, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	m.Learn(nil, Columns{Rows: 1, Features: [][]float64{{1}, {1}}, Target: []float64{5}})
	before := m.Report()
	m.Learn(nil, Columns{Rows: 1, Features: [][]float64{{largest}, {1}}, Target: []float64{-largest}}) // a step of 1e240·1e12·1e60
	after := m.Report()
	if after.Status != StatusDegenerate || after.Rows.Learned != 2 {
		t.Errorf("status %s after %d rows, want degenerate after 2", after.Status, after.Rows.Learned)
	}
	if diff := cmp.Diff(append(before.Coefficients, before.Intercept), append(after.Coefficients, after.Intercept), cmpopts.EquateNaNs()); diff != "" {
		t.Error("the refused step changed the model", diff)
	}
	if m, err = Restore(snapshotOf(t, m)); err != nil {
		t.Fatal(err)
	}
	m.Learn(nil, Columns{Rows: 1, Features: [][]float64{{1}, {1}}, Target: []float64{5}})
	if r := m.Report(); r.Status != StatusDegenerate || r.Intercept == after.Intercept {
		t.Errorf("it goes on learning, and stays degenerate: %+v", r)
	}
}

// TestSGDAcceptsTheLargestNumbers: weights whose sum overflows, but which are numbers themselves, are no reason to refuse.
func TestSGDAcceptsTheLargestNumbers(t *testing.T) {
	cfg := sgdConfig(2)
	cfg.Loss.Name = "half-squared"
	m, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	m.Learn(nil, Columns{Rows: 1, Features: [][]float64{{largest}, {largest}}, Target: []float64{largest}}) // a step of 0.01·1e12·1e60
	r := m.Report()
	if w := r.Coefficients; r.Status != StatusOK || w[0].Value < 0.9e70 || w[1].Value < 0.9e70 {
		t.Errorf("status %s, coefficients %v", r.Status, w)
	}
}

func TestSGDStepAllocatesNothing(t *testing.T) {
	for _, s := range []*sgd{newBenchmarkSGD(t, 16, "invscaling"), newSGD(averagedSGD(16).SGD, loss.Huber{Delta: 1}, make([]string, 16))} {
		x, y := make([]float64, 16), 1.0
		if n := testing.AllocsPerRun(100, func() { s.step(x, s.predict(x), y, 1) }); n != 0 {
			t.Errorf("%v allocations a row", n)
		}
	}
}

// TestSGDLearnAllocatesNothing: not for a whole batch either, by the kernels for few features and for many, and row by row.
func TestSGDLearnAllocatesNothing(t *testing.T) {
	for _, features := range []int{0, 3, 8, 13, 16, 40} {
		for _, penalty := range []string{"l2", "l1"} {
			cfg := sgdConfig(features)
			cfg.SGD.Penalty = penalty
			m, batch := newModel(t, cfg), weighted(9, features, 1500)
			if n := testing.AllocsPerRun(10, func() { m.Learn(nil, batch) }); n != 0 {
				t.Errorf("%d features, penalty %s: %v allocations a batch", features, penalty, n)
			}
		}
	}
}
