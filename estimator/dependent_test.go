package estimator

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// planeRows have y = 1 + Σ xⱼ + normal noise, after the columns were made what they shall be.
func planeRows(seed uint64, d, rows int, change func(i int, x []float64, r *rand.Rand)) Columns {
	r := rand.New(rand.NewPCG(seed, 3))
	c := Columns{Rows: rows, Features: make([][]float64, d)}
	x := make([]float64, d)
	for i := range rows {
		y := 1 + r.NormFloat64()
		for j := range x {
			x[j] = 5 + r.NormFloat64()
		}
		change(i, x, r)
		for j, v := range x {
			c.Features[j] = append(c.Features[j], v)
			y += v
		}
		c.Target = append(c.Target, y)
	}
	return c
}

func without(c Columns, column int) Columns {
	c.Features = slices.Delete(slices.Clone(c.Features), column, column+1)
	return c
}

func names(coefficients []Coefficient) (all []string) {
	for _, c := range coefficients {
		all = append(all, c.Name)
	}
	return all
}

// The fit beside a constant column is the fit without it; the column is named and has no numbers.
func TestConstantColumnsAreNamed(t *testing.T) {
	for _, constant := range []float64{0, 7, -1e9, 0.1, 1e-300} {
		for _, rows := range []int{2, 100, 5000} {
			c := planeRows(1, 3, rows, func(_ int, x []float64, _ *rand.Rand) { x[1] = constant })
			got, want := learned(t, newtonConfig(3), c).Report(), learned(t, newtonConfig(2), without(c, 1)).Report()
			if rows > 2 && (!slices.Equal(got.Degenerate, []string{"x1"}) || len(want.Degenerate) > 0) {
				t.Errorf("%v in %d rows: degenerate %v", constant, rows, got.Degenerate)
			}
			if status := map[bool]Status{true: StatusDegenerate, false: StatusWarmup}[rows >= warmUpRows]; got.Status != status {
				t.Errorf("%v in %d rows: status %s", constant, rows, got.Status)
			}
			if !math.IsNaN(got.Coefficients[1].Value) {
				t.Errorf("%v in %d rows: %+v", constant, rows, got.Coefficients[1])
			}
			got.Coefficients[1].Name = "x1" // of the fit without it, x2 is the second
			kept := []Coefficient{got.Intercept, got.Coefficients[0], got.Coefficients[2]}
			if kept[2].Name = "x1"; rows > 2 {
				if diff := cmp.Diff(append([]Coefficient{want.Intercept}, want.Coefficients...), kept, cmpopts.EquateApprox(1e-9, 1e-9)); diff != "" {
					t.Errorf("%v in %d rows: %s", constant, rows, diff)
				}
			}
		}
	}
}

// Of collinear columns those are named that are not identified, and the others are right.
func TestCollinearColumnsAreNamed(t *testing.T) {
	for name, of := range map[string]struct {
		change    func(i int, x []float64, r *rand.Rand)
		named     []string
		intercept bool
	}{
		"twice the same":  {func(_ int, x []float64, _ *rand.Rand) { x[2] = x[0] }, []string{"x0", "x2"}, true},
		"a multiple":      {func(_ int, x []float64, _ *rand.Rand) { x[2] = float64(float32(-3 * x[0])) }, []string{"x0", "x2"}, true},
		"and a constant":  {func(_ int, x []float64, _ *rand.Rand) { x[2] = 2*x[0] + 100 }, []string{"x0", "x2"}, false},
		"a sum of two":    {func(_ int, x []float64, _ *rand.Rand) { x[2] = x[0] + 2*x[1] }, []string{"x0", "x1", "x2"}, true},
		"all but one row": {func(i int, x []float64, _ *rand.Rand) { x[2] = x[0]; x[3] += float64(i / 3000 * 1e6) }, []string{"x0", "x2"}, true},
	} {
		c := planeRows(2, 4, 5000, of.change)
		got, want := learned(t, newtonConfig(4), c).Report(), learned(t, newtonConfig(3), without(c, 2)).Report()
		if !slices.Equal(got.Degenerate, of.named) || got.Status != StatusDegenerate || len(want.Degenerate) > 0 {
			t.Errorf("%s: status %s, degenerate %v", name, got.Status, got.Degenerate)
		}
		if math.IsNaN(got.Intercept.Value) == of.intercept {
			t.Errorf("%s: intercept %+v", name, got.Intercept)
		}
		for j, c := range got.Coefficients {
			if math.IsNaN(c.Value) != slices.Contains(of.named, c.Name) {
				t.Errorf("%s: %+v", name, c)
			}
			if j == 3 && relative(c.Value, want.Coefficients[2].Value) > 1e-9 {
				t.Errorf("%s: %+v, without the column %+v", name, c, want.Coefficients[2])
			}
		}
	}
}

// A column that begins to vary is learned, in whatever units it varies, and one wild cell among the first does not matter.
func TestColumnsWake(t *testing.T) {
	for name, change := range map[string]func(i int, x []float64, r *rand.Rand){
		"constant":     func(i int, x []float64, _ *rand.Rand) { x[1] = 7 + x[1]*vary(i) },
		"small":        func(i int, x []float64, _ *rand.Rand) { x[1] = 1e-9 * x[1] * vary(i) },
		"large":        func(i int, x []float64, _ *rand.Rand) { x[1] = 1e9 * x[1] * vary(i) },
		"collinear":    func(i int, x []float64, _ *rand.Rand) { x[1] = 2*x[0] + x[1]*vary(i) },
		"a wild cell":  func(i int, x []float64, _ *rand.Rand) { x[1] = (x[1] + wild(i)) * vary(i) },
		"seldom not 0": func(i int, x []float64, _ *rand.Rand) { x[1] = float64(i%50/49) * vary(i) },
	} {
		c := planeRows(3, 3, 40_000, change)
		for i := range c.Rows {
			if name == "a wild cell" {
				c.Target[i] -= wild(i) * vary(i)
			}
			c.Target[i] += (units(name) - 1) * c.Features[1][i] // an effect like that of the others
		}
		m := learned(t, newtonConfig(3), part(c, 0, 4000))
		if r := m.Report(); !slices.Contains(r.Degenerate, "x1") {
			t.Errorf("%s: degenerate %v before it varies", name, r.Degenerate)
		}
		m.Learn(nil, part(c, 4000, c.Rows))
		r := m.Report()
		if len(r.Degenerate) > 0 || r.Status != StatusOK {
			t.Errorf("%s: status %s, degenerate %v after 36,000 rows that vary", name, r.Status, r.Degenerate)
		}
		for _, b := range r.Coefficients {
			want := 1.0
			if b.Name == "x1" {
				want = units(name)
			}
			if !(math.Abs(b.Value-want) < 4*b.SE && b.SE < 0.05*want) {
				t.Errorf("%s: %+v, want %v", name, b, want)
			}
		}
	}
}

// units in which a column's slope is 1/units.
func units(name string) float64 {
	switch name {
	case "small":
		return 1e9
	case "large":
		return 1e-9
	default:
		return 1
	}
}

// vary from row 5,000 on.
func vary(i int) float64 { return float64(min(1, i/5000)) }

func wild(i int) float64 {
	if i == 5003 {
		return 1e6
	}
	return 0
}

// A column that is forgotten while it stands still has no numbers until it varies again.
func TestForgottenColumnsAreNamed(t *testing.T) {
	cfg := newtonConfig(3)
	cfg.HalfLife = 200
	c := planeRows(4, 3, 40_000, func(i int, x []float64, _ *rand.Rand) {
		if i >= 5000 && i < 30_000 {
			x[1] = 5
		}
	})
	m, at := learned(t, cfg, part(c, 0, 0)), 0
	for _, step := range []struct {
		to    int
		named []string
	}{{5000, nil}, {29_000, []string{"x1"}}, {40_000, nil}} {
		m.Learn(nil, part(c, at, step.to))
		at = step.to
		r := m.Report()
		if !slices.Equal(r.Degenerate, step.named) {
			t.Errorf("after %d rows: degenerate %v, want %v", at, r.Degenerate, step.named)
		}
		for _, b := range r.Coefficients {
			if !slices.Contains(step.named, b.Name) && !(math.Abs(b.Value-1) < 4*b.SE && b.SE < 0.2) {
				t.Errorf("after %d rows: %+v", at, b)
			}
		}
	}
}

// Almost collinear columns are as good as the fit of the columns that they were made of, however small the difference.
func TestAlmostCollinearColumnsAreFitted(t *testing.T) {
	for _, difference := range []float64{1e-1, 1e-3, 1e-5} {
		c := planeRows(5, 4, 20_000, func(_ int, x []float64, r *rand.Rand) { x[2] = x[0] + difference*r.NormFloat64() })
		apart := c
		apart.Features = slices.Clone(c.Features)
		apart.Features[2] = make([]float64, c.Rows)
		for i, v := range c.Features[2] {
			apart.Features[2][i] = (v - c.Features[0][i]) / difference
		}
		got, want := learned(t, newtonConfig(4), c).Report(), learned(t, newtonConfig(4), apart).Report()
		if len(got.Degenerate) > 0 {
			t.Errorf("difference %v: degenerate %v", difference, got.Degenerate)
		}
		for _, j := range []int{1, 2, 3} {
			unit := 1.0
			if j == 2 {
				unit = difference
			}
			b, w := got.Coefficients[j], want.Coefficients[j]
			if off := math.Abs(b.Value*unit-w.Value) / w.SE; off > 0.1 || math.Abs(b.SE*unit/w.SE-1) > 0.05 {
				t.Errorf("difference %v: %+v, the fit of the difference itself has %+v", difference, b, w)
			}
		}
	}
}

// Where a column sleeps or wakes does not depend on batches and restarts.
func TestDependentColumnsIgnoreBatchBoundariesAndRestarts(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		wakes, kind := rapid.IntRange(0, 2000).Draw(rt, "wakes"), rapid.IntRange(0, 2).Draw(rt, "kind")
		c := planeRows(rapid.Uint64Range(0, 1e6).Draw(rt, "seed"), 3, 2200, func(i int, x []float64, _ *rand.Rand) {
			switch {
			case i >= wakes:
			case kind == 0:
				x[1] = 3
			case kind == 1:
				x[1] = x[0]
			default:
				x[1], x[2] = x[0]+1e-4*x[1], 0
			}
		})
		cfg := newtonConfig(3)
		cfg.Solver = rapid.SampledFrom([]string{solverNewton, solverNewton, solverASGD, solverTracking}).Draw(rt, "solver")
		whole, pieces := learned(t, cfg, c), newModel(rt, cfg)
		for at := 0; at < c.Rows; {
			next := min(c.Rows, at+rapid.IntRange(1, 900).Draw(rt, "piece"))
			pieces.Learn(nil, part(c, at, next))
			var err error
			if pieces, err = Restore(snapshotOf(rt, pieces)); err != nil {
				rt.Fatal(err)
			}
			at = next
		}
		if diff := cmp.Diff(whole.Report(), pieces.Report(), cmpopts.EquateNaNs()); diff != "" {
			rt.Fatal(diff)
		}
		if !slices.Equal(snapshotOf(rt, whole), snapshotOf(rt, pieces)) {
			rt.Fatal("the snapshots differ")
		}
	})
}

// Shards of which one has seen a column vary know of it together; where none has, it is named.
func TestMergedShardsWithDependentColumns(t *testing.T) {
	for name, until := range map[string]int{"one saw it vary": 10_000, "none did": 20_000} {
		c := planeRows(6, 3, 20_000, func(i int, x []float64, _ *rand.Rand) {
			if i < until {
				x[1] = 2*x[0] + 1
			}
		})
		merged, err := Merge(learned(t, newtonConfig(3), part(c, 0, 12_000)), learned(t, newtonConfig(3), part(c, 12_000, 20_000)))
		if err != nil {
			t.Fatal(err)
		}
		r := merged.Report()
		if named := until == 20_000; named != slices.Equal(r.Degenerate, []string{"x0", "x1"}) {
			t.Errorf("%s: degenerate %v of %v", name, r.Degenerate, names(r.Coefficients))
		}
		for _, b := range r.Coefficients {
			if !slices.Contains(r.Degenerate, b.Name) && !(math.Abs(b.Value-1) < 4*b.SE && b.SE < 0.1) {
				t.Errorf("%s: %+v", name, b)
			}
		}
	}
}

// asgd names a constant column, too, and makes no number up for it.
func TestASGDNamesAConstantColumn(t *testing.T) {
	c := clean(1, 3, 20_000)
	for i := range c.Features[1] {
		c.Features[1][i] = 7
	}
	r := learned(t, asgdConfig(3), c).Report()
	if !slices.Equal(r.Degenerate, []string{"x1"}) || r.Status != StatusDegenerate || !math.IsNaN(r.Coefficients[1].Value) {
		t.Errorf("status %s, degenerate %v, coefficients %v", r.Status, r.Degenerate, r.Coefficients)
	}
	if math.IsNaN(r.Intercept.SE) || math.IsNaN(r.Coefficients[0].SE) || math.IsNaN(r.Coefficients[2].SE) {
		t.Errorf("the others are known: %v, %v", r.Intercept, r.Coefficients)
	}
}
