package estimator

import (
	"errors"
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

func newtonConfig(features int) Config {
	c := sgdConfig(features)
	c.Solver, c.Delta = "newton", Knee{Auto: true}
	return c
}

func drawNewton(t *rapid.T) Config {
	c := newtonConfig(rapid.IntRange(0, 4).Draw(t, "features"))
	c.Loss.Name = rapid.SampledFrom([]string{"huber", "huber", "half-squared", "mse"}).Draw(t, "loss")
	if rapid.Bool().Draw(t, "fixed knee") {
		c.Delta = Knee{Value: rapid.Float64Range(0.1, 3).Draw(t, "delta")}
	}
	c.Leverage = rapid.SampledFrom([]Leverage{{Auto: true}, {Auto: true}, {Cap: 2}, {Off: true}}).Draw(t, "leverage")
	c.HalfLife = rapid.SampledFrom([]float64{math.Inf(1), math.Inf(1), 300}).Draw(t, "half-life")
	if math.IsInf(c.HalfLife, 1) {
		c.HalfLifeTime = rapid.SampledFrom([]Span{0, 30, 3600}).Draw(t, "half-life in event time")
	}
	return c
}

// The promise of promises: how rows are cut into batches, and where the state was written down and taken up again, changes no bit.
func TestNewtonIgnoresBatchBoundariesAndRestarts(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		cfg := drawNewton(rt)
		rows := rapid.SampledFrom([]int{30, 700, 1023, 1024, 1500}).Draw(rt, "rows")
		c := irregular(simulated(rapid.Uint64Range(0, 1e6).Draw(rt, "seed"), len(cfg.Features), rows))
		whole, pieces := newModel(rt, cfg), newModel(rt, cfg)
		whole.SetInterval(100)
		pieces.SetInterval(100)
		whole.Learn(nil, c)
		sameModel(rt, whole, inPieces(rt, pieces, c, rows/2+1))
	})
}

// The step against the formulas of the documentation, in dense matrices.
func TestNewtonStepIsTheFormula(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		cfg := newtonConfig(rapid.IntRange(0, 4).Draw(rt, "features"))
		cfg.HalfLife = rapid.SampledFrom([]float64{math.Inf(1), 50}).Draw(rt, "half-life")
		c := weighted(rapid.Uint64Range(0, 1e6).Draw(rt, "seed"), len(cfg.Features), warmUpRows+1)
		m, err := New(cfg)
		if err != nil {
			rt.Fatal(err)
		}
		m.Learn(nil, part(c, 0, warmUpRows))
		s := m.solver.(*newton)
		size := len(s.beta)
		p, beta := mat.NewDense(size, size, s.dense()), mat.NewVecDense(size, append([]float64(nil), s.beta...))
		z := mat.NewVecDense(size, nil)
		z.SetVec(0, 1)
		for j := range cfg.Features {
			z.SetVec(j+1, (c.Features[j][warmUpRows]-s.fit.center[j])/s.fit.scale[j])
		}
		w, r := c.Weights[warmUpRows], (c.Target[warmUpRows]-s.fit.targetC)/s.fit.targetS-mat.Dot(z, beta)
		a, delta := w*s.guard.weight(z.RawVector().Data[1:], mat.Norm(z.SliceVec(min(1, size-1), size), math.Inf(1))), huberK*s.sigma
		if size == 1 {
			a = w
		}
		var pz mat.VecDense
		pz.MulVec(p, z)
		h := mat.Dot(z, &pz)
		if inside := math.Abs(r) <= delta*(s.lambda+a*h); inside {
			beta.AddScaledVec(beta, a*r/(s.lambda+a*h), &pz)
			var outer mat.Dense
			outer.Outer(a/(s.lambda+a*h), &pz, &pz)
			p.Sub(p, &outer)
		} else {
			beta.AddScaledVec(beta, a*math.Copysign(delta, r)/s.lambda, &pz)
		}
		p.Scale(1/s.lambda, p)
		m.Learn(nil, part(c, warmUpRows, warmUpRows+1))
		if !mat.EqualApprox(p, mat.NewDense(size, size, s.dense()), 1e-12) || !mat.EqualApprox(beta, mat.NewVecDense(size, s.beta), 1e-12) {
			rt.Fatalf("P or β is not that of the formula:\n%v\n%v", mat.Formatted(p), s.dense())
		}
	})
}

// No finite row may make a coefficient that is not.
func TestNewtonStaysFinite(t *testing.T) {
	extremes := []float64{0, 1, -1, largest, -largest, 5e-324, -1e-300, 1e50, 1e30, 3}
	rapid.Check(t, func(rt *rapid.T) {
		cfg := drawNewton(rt)
		rows := rapid.SampledFrom([]int{1, 2, 40, 1100, 1400}).Draw(rt, "rows")
		c := irregular(clean(rapid.Uint64Range(0, 1e6).Draw(rt, "seed"), len(cfg.Features), rows))
		share := rapid.IntRange(1, 10).Draw(rt, "one in")
		wild := rapid.IntRange(0, 3).Draw(rt, "kind")
		extreme := rapid.SampledFrom(extremes)
		for i := range rows {
			for j := range c.Features {
				switch {
				case wild == 1:
					c.Features[j][i] = extremes[3] // a constant column, and all of them the same
				case wild == 2:
					c.Features[j][i] = c.Features[0][i]
				case i%share == 0:
					c.Features[j][i] = extreme.Draw(rt, "x")
				}
			}
			if cfg.HalfLifeTime > 0 && i%share == 0 && rapid.Bool().Draw(rt, "wild clock") {
				c.Time[i] = extreme.Draw(rt, "t")
			}
			if wild == 3 || i%share == 0 {
				c.Target[i] = extreme.Draw(rt, "y")
			}
		}
		m, err := New(cfg)
		if err != nil {
			rt.Fatal(err)
		}
		m.Learn(nil, c)
		checkFinite(rt, m)
		again, err := Restore(snapshotOf(rt, m))
		if err != nil {
			rt.Fatal(err)
		}
		checkFinite(rt, again)
	})
}

func checkFinite(t interface{ Fatalf(string, ...any) }, m *Linear) {
	r := m.Report()
	for _, c := range append(r.Coefficients, r.Intercept) {
		lost := r.Rows.Learned == 0 || len(r.Degenerate) > 0 && (c.Name == "" || slices.Contains(r.Degenerate, c.Name))
		if !isFinite(c.Value) && !(math.IsNaN(c.Value) && lost) {
			t.Fatalf("coefficient %+v after %d rows", c, r.Rows.Learned)
		}
		if math.IsInf(c.SE, 0) || math.IsInf(c.Low, 0) || math.IsInf(c.High, 0) {
			t.Fatalf("interval %+v after %d rows", c, r.Rows.Learned)
		}
	}
	if r.Rows.Learned == 0 {
		return
	}
	for what, v := range map[string]float64{
		"scale": r.Scale, "mean": r.Loss.Mean, "window": r.Loss.Window, "mae": r.Loss.MAE, "rmse": r.Loss.RMSE, "baseline": r.Loss.Baseline,
	} {
		if r.Rows.Learned > 0 && !isFinite(v) {
			t.Fatalf("%s is %v after %d rows", what, v, r.Rows.Learned)
		}
	}
}

// Half the squared error with no guard is recursive least squares: after any number of rows, the batch least squares.
func TestNewtonWithSquaredLossIsLeastSquares(t *testing.T) {
	c := clean(5, 3, 3000)
	cfg := newtonConfig(3)
	cfg.Loss.Name, cfg.Leverage = "half-squared", Leverage{Off: true}
	m, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	m.Learn(nil, c)
	x := mat.NewDense(c.Rows, 4, nil)
	for i := range c.Rows {
		x.Set(i, 0, 1)
		for j := range 3 {
			x.Set(i, j+1, c.Features[j][i])
		}
	}
	var want mat.VecDense
	if err := want.SolveVec(x, mat.NewVecDense(c.Rows, c.Target)); err != nil {
		t.Fatal(err)
	}
	for j, got := range append([]Coefficient{m.Report().Intercept}, m.Report().Coefficients...) {
		if relative(got.Value, want.AtVec(j)) > 1e-6 {
			t.Errorf("coefficient %d is %v, least squares give %v", j, got.Value, want.AtVec(j))
		}
	}
}

func TestLinearPredictsBeforeItLearns(t *testing.T) {
	c := clean(6, 2, 3000)
	m, err := New(newtonConfig(2))
	if err != nil {
		t.Fatal(err)
	}
	absolute, prediction := 0.0, make([]float64, 1)
	for i := range c.Rows {
		row := part(c, i, i+1)
		m.Predict(prediction, row)
		absolute += math.Abs(prediction[0] - c.Target[i])
		m.Learn(nil, row)
	}
	if got, want := m.Report().Loss.MAE, absolute/float64(c.Rows); relative(got, want) > 1e-12 {
		t.Errorf("mean absolute error %v, predictions made before each row give %v", got, want)
	}
}

func TestSinceLastRunsFromTheLastMultipleOfTheInterval(t *testing.T) {
	c := clean(7, 1, 2500)
	m, err := New(newtonConfig(1))
	if err != nil {
		t.Fatal(err)
	}
	m.SetInterval(1000)
	sum := func(rows int) float64 {
		m.Learn(nil, part(c, int(m.Rows().Learned), rows))
		return m.Report().Loss.Mean * float64(rows)
	}
	one, two := sum(1000), sum(2000)
	if got, want := m.Report().Loss.SinceLast, (two-one)/1000; relative(got, want) > 1e-12 {
		t.Errorf("at 2000 rows: %v, want the mean of the last thousand, %v", got, want)
	}
	end := sum(2500)
	if got, want := m.Report().Loss.SinceLast, (end-two)/500; relative(got, want) > 1e-12 {
		t.Errorf("at 2500 rows: %v, want the mean since 2000, %v", got, want)
	}
}

func TestMergedShardsAreAsGoodAsOnePass(t *testing.T) {
	c := clean(8, 3, 40_000)
	one, err := New(newtonConfig(3))
	if err != nil {
		t.Fatal(err)
	}
	one.Learn(nil, c)
	var shards []*Linear
	for k := range 4 {
		shard, err := New(newtonConfig(3))
		if err != nil {
			t.Fatal(err)
		}
		ends := []int{0, 300, 9000, 20_000, 40_000} // the first is still in its warm-up
		shard.Learn(nil, part(c, ends[k], ends[k+1]))
		shards = append(shards, shard)
	}
	merged, err := Merge(shards...)
	if err != nil {
		t.Fatal(err)
	}
	want, got := one.Report(), merged.Report()
	if got.Rows.Learned != 40_000 || got.Status != StatusOK {
		t.Errorf("%d rows, status %s", got.Rows.Learned, got.Status)
	}
	for j, c := range append([]Coefficient{got.Intercept}, got.Coefficients...) {
		w := append([]Coefficient{want.Intercept}, want.Coefficients...)[j]
		if apart := math.Abs(c.Value-w.Value) / w.SE; apart > 0.3 {
			t.Errorf("coefficient %d is %.2f standard errors from one pass", j, apart)
		}
		if ratio := c.SE / w.SE; ratio < 0.85 || ratio > 1.15 {
			t.Errorf("standard error %d is %.2f of that of one pass", j, ratio)
		}
	}
	if relative(got.Loss.MAE, want.Loss.MAE) > 0.05 {
		t.Errorf("mean absolute error %v, one pass has %v", got.Loss.MAE, want.Loss.MAE)
	}
}

func TestMergeRefusesWhatDoesNotFit(t *testing.T) {
	a, errA := New(newtonConfig(1))
	b, errB := New(newtonConfig(2))
	if err := errors.Join(errA, errB); err != nil {
		t.Fatal(err)
	}
	if _, err := Merge(a, b); err == nil {
		t.Error("models of different features were merged")
	}
	if _, err := Merge(); err == nil {
		t.Error("nothing was merged to something")
	}
}

func TestLearnAllocatesNothing(t *testing.T) {
	c := timed(weighted(9, 8, 2000))
	for _, cfg := range []Config{newtonConfig(8), trendConfig(8, day)} {
		m := learned(t, cfg, part(c, 0, warmUpRows))
		batch := part(c, warmUpRows, 2000)
		if n := testing.AllocsPerRun(10, func() { m.Learn(nil, batch) }); n != 0 {
			t.Errorf("%v allocations a batch", n)
		}
	}
}

func TestDegenerateColumnsAreSaid(t *testing.T) {
	c := clean(10, 2, 3000)
	for i := range c.Rows {
		c.Features[1][i] = 7
	}
	m, err := New(newtonConfig(2))
	if err != nil {
		t.Fatal(err)
	}
	m.Learn(nil, c)
	if r := m.Report(); r.Status != StatusDegenerate {
		t.Errorf("a constant column: status %s, coefficients %+v", r.Status, r.Coefficients)
	}
}

func BenchmarkNewton(b *testing.B) {
	for _, d := range []int{4, 16, 64} {
		b.Run(map[int]string{4: "d=4", 16: "d=16", 64: "d=64"}[d], func(b *testing.B) {
			const rows = 10_000
			c := clean(1, d, rows)
			m, err := New(newtonConfig(d))
			if err != nil {
				b.Fatal(err)
			}
			m.Learn(nil, c)
			b.ReportAllocs()
			for b.Loop() {
				m.Learn(nil, c)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
		})
	}
}
