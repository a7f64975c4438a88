package estimator

import (
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

func asgdConfig(features int) Config {
	c := newtonConfig(features)
	c.Solver = "asgd"
	return c
}

func drawASGD(t *rapid.T) Config {
	c := drawNewton(t)
	c.Solver, c.HalfLife, c.HalfLifeTime = "asgd", math.Inf(1), 0
	return c
}

func newModel(t interface{ Fatal(...any) }, cfg Config) *Linear {
	m, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestASGDIgnoresBatchBoundariesAndRestarts(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		cfg := drawASGD(rt)
		rows := rapid.SampledFrom([]int{30, 1023, 1024, 1500, 3000}).Draw(rt, "rows")
		c := simulated(rapid.Uint64Range(0, 1e6).Draw(rt, "seed"), len(cfg.Features), rows)
		passes := rapid.IntRange(1, 2).Draw(rt, "passes")
		whole, pieces := newModel(rt, cfg), newModel(rt, cfg)
		whole.SetInterval(100)
		pieces.SetInterval(100)
		for pass := range passes {
			if pass > 0 {
				whole.EndPass()
				pieces.EndPass()
			}
			whole.Learn(nil, c)
			pieces = inPieces(rt, pieces, c, rows/2+1)
		}
		sameModel(rt, whole, pieces)
	})
}

// plainASGD is the oracle: from the state that the warm-up left, with all iterates kept, and the interval by its definition.
type plainASGD struct {
	guard       *plainGuard
	fit         basis
	beta        []float64 // intercept first
	sigma, t    float64
	iterates    [][]float64
	predictions []float64
}

func (o *plainASGD) average() []float64 {
	mean := make([]float64, len(o.beta))
	for _, b := range o.iterates {
		for j, v := range b {
			mean[j] += v / float64(len(o.iterates))
		}
	}
	return mean
}

func (o *plainASGD) learn(cfg Config, c Columns, from int) {
	for i := from; i < c.Rows; i += 32 {
		mean, gamma, exceeded := o.average(), math.Min(1, 2.5/math.Sqrt(float64(len(o.beta))))*math.Pow(math.Floor(o.t/128)*128+1, -0.505), 0.0
		delta := 1.345 * o.sigma
		if !cfg.Delta.Auto {
			delta = cfg.Delta.Value / o.fit.targetS
		}
		inside, weight := 0.0, 0.0
		for k := i; k < min(i+32, c.Rows); k++ {
			z, norm := []float64{1}, 1.0
			for j := range c.Features {
				v := (c.Features[j][k] - o.fit.center[j]) / o.fit.scale[j]
				z, norm = append(z, v), norm+v*v
			}
			y := (c.Target[k] - o.fit.targetC) / o.fit.targetS
			o.predictions = append(o.predictions, o.fit.targetC+o.fit.targetS*dot(z, mean))
			v := o.guard.weight(z[1:])
			switch {
			case cfg.Leverage.Auto && v < 0.5:
				exceeded += 0.5
			case math.Abs(y-dot(z, mean)) > o.sigma*0.6744897501960817:
				exceeded++
			}
			a := v * c.Weights[k]
			if o.guard.count(z[1:], v, y-dot(z, mean), y, dot(z[1:], mean[1:]), o.sigma, norm/(o.t+1)) {
				inside += v
			}
			weight += v
			r := y - dot(z, o.beta)
			after := r / (1 + gamma*a*norm)
			if math.Abs(after) > delta {
				after = math.Copysign(delta, r)
			}
			if cfg.Loss.Name != "huber" {
				after = r / (1 + gamma*a*norm)
			}
			for j, v := range z {
				o.beta[j] += gamma * a * after * v
			}
		}
		if i+32 <= c.Rows {
			o.t += 32
			o.guard.pass(inside, weight)
			o.iterates = append(o.iterates, append([]float64(nil), o.beta...))
			g := math.Pow(math.Floor((o.t-32)/128)*128+1, -0.7) * (exceeded - 16)
			o.sigma *= (1 + g) / (1 - g)
		}
	}
}

// error of a linear functional of the average by random scaling, and the path's part that is seen.
func (o *plainASGD) error1(functional []float64, before int) float64 {
	n, v, partial := float64(len(o.iterates)), 0.0, 0.0
	mean := o.average()
	for _, b := range o.iterates {
		partial += dot(functional, b) - dot(functional, mean)
		v += partial * partial / n / n
	}
	return math.Sqrt(v / n / (1 - float64(before*before)/n/n))
}

func TestASGDIsTheFormula(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		cfg := drawASGD(rt)
		if rapid.IntRange(0, 19).Draw(rt, "wide") == 0 {
			cfg.Features = asgdConfig(rapid.SampledFrom([]int{16, 64}).Draw(rt, "many features")).Features
		}
		rows := warmUpRows + rapid.SampledFrom([]int{1, 16, 100, 600, 1100, 1507}).Draw(rt, "rows")
		c := weighted(rapid.Uint64Range(0, 1e6).Draw(rt, "seed"), len(cfg.Features), rows)
		m := newModel(rt, cfg)
		m.Learn(nil, part(c, 0, warmUpRows))
		s := m.solver.(*asgd)
		warm := m.Report()
		o := &plainASGD{guard: newPlainGuard(&s.guard), fit: s.fit, sigma: s.sigma, t: s.t, beta: append([]float64{s.beta[s.stride]}, s.beta[:len(cfg.Features)]...)}
		for range warmUpRows / 32 {
			o.iterates = append(o.iterates, append([]float64(nil), o.beta...))
		}
		o.learn(cfg, c, warmUpRows)
		var got []float64
		m.Watch(func(p Predicted) { got = append(got, p.Prediction...) })
		m.Learn(nil, part(c, warmUpRows, rows))
		if diff := cmp.Diff(o.predictions, got, cmpopts.EquateApprox(1e-9, 1e-9)); diff != "" {
			rt.Fatal("predictions", diff)
		}
		r, mean := m.Report(), o.average()
		intercept := make([]float64, len(mean))
		intercept[0] = o.fit.targetS
		value := o.fit.targetC + o.fit.targetS*mean[0]
		check := func(what string, c, before Coefficient, value float64, functional []float64) {
			error1 := o.error1(functional, warmUpRows/32)
			low, se := value-6.747*error1, math.Sqrt(6)*error1
			if rows < 2*warmUpRows {
				low, se = value-(before.Value-before.Low), before.SE
			}
			if diff := cmp.Diff([]float64{value, low, se}, []float64{c.Value, c.Low, c.SE}, cmpopts.EquateApprox(1e-7, 1e-7)); diff != "" {
				rt.Fatal(what, diff)
			}
		}
		for j, c := range r.Coefficients {
			unit := make([]float64, len(mean))
			unit[j+1] = o.fit.targetS / o.fit.scale[j]
			check(c.Name, c, warm.Coefficients[j], unit[j+1]*mean[j+1], unit)
			intercept[j+1] = -unit[j+1] * o.fit.center[j]
			value += intercept[j+1] * mean[j+1]
		}
		check("intercept", r.Intercept, warm.Intercept, value, intercept)
	})
}

func TestASGDStaysFinite(t *testing.T) {
	extremes := []float64{0, 1, -1, largest, -largest, 5e-324, -1e-300, 1e59, 1e30, 3}
	rapid.Check(t, func(rt *rapid.T) {
		cfg := drawASGD(rt)
		rows := rapid.SampledFrom([]int{1, 40, 1100, 3000}).Draw(rt, "rows")
		c := weighted(rapid.Uint64Range(0, 1e6).Draw(rt, "seed"), len(cfg.Features), rows)
		share := rapid.IntRange(1, 10).Draw(rt, "one in")
		from := rapid.SampledFrom([]int{0, 1024}).Draw(rt, "from")
		extreme := rapid.SampledFrom(extremes)
		for i := from; i < rows; i++ {
			if i%share > 0 {
				continue
			}
			for j := range c.Features {
				c.Features[j][i] = extreme.Draw(rt, "x")
			}
			c.Target[i] = extreme.Draw(rt, "y")
			c.Weights[i] = math.Abs(extreme.Draw(rt, "w"))
		}
		m := newModel(rt, cfg)
		m.Learn(nil, c)
		checkFinite(rt, m)
		again, err := Restore(snapshotOf(rt, m))
		if err != nil {
			rt.Fatal(err)
		}
		checkFinite(rt, again)
		merged, err := Merge(m, again)
		if err != nil {
			rt.Fatal(err)
		}
		checkFinite(rt, merged)
		if _, err := Restore(snapshotOf(rt, merged)); err != nil {
			rt.Fatal(err)
		}
	})
}

// TestASGDIsCloseToRLM: after one pass over 20,000 rows the average is within a standard error of the batch fit.
func TestASGDIsCloseToRLM(t *testing.T) {
	total, count, worst := 0.0, 0, 0.0
	eachGoldenRLM(t, func(t *testing.T, f goldenRLM, c Columns) {
		if c.Rows < 20_000 {
			t.Skip("too few rows for an online fit to be past its warm-up")
		}
		cfg := f.config()
		cfg.Solver = "asgd"
		m := newModel(t, cfg)
		m.Learn(nil, c)
		r := m.Report()
		for j, slope := range r.Coefficients {
			apart := math.Abs(slope.Value-f.Slopes[j]) / f.SlopesSE[j]
			total, count, worst = total+apart*apart, count+1, max(worst, apart)
			if !(apart <= 1) {
				t.Errorf("slope %d is %v, %.3f standard errors from %v", j, slope.Value, apart, f.Slopes[j])
			}
			if !(slope.Low < slope.Value && slope.Value < slope.High) {
				t.Errorf("slope %d is %v between %v and %v", j, slope.Value, slope.Low, slope.High)
			}
		}
	})
	t.Logf("%d slopes: rms %.4f, furthest %.4f standard errors from RLM", count, math.Sqrt(total/float64(count)), worst)
}

func TestASGDAllocatesNothing(t *testing.T) {
	c := weighted(9, 8, 3000)
	m := newModel(t, asgdConfig(8))
	m.Learn(nil, part(c, 0, warmUpRows))
	batch := part(c, warmUpRows, 3000)
	if n := testing.AllocsPerRun(10, func() { m.Learn(nil, batch) }); n != 0 {
		t.Errorf("%v allocations a batch", n)
	}
}

// BenchmarkASGD learns batches of 10,000 rows from columns, as a Linear does, after the warm-up.
func BenchmarkASGD(b *testing.B) {
	const rows = 10_000
	for _, features := range []int{4, 16, 64, 256} {
		b.Run(fmt.Sprintf("d=%d", features), func(b *testing.B) {
			m := newModel(b, asgdConfig(features))
			c := clean(1, features, rows)
			m.Learn(nil, c)
			b.ReportAllocs()
			for b.Loop() {
				m.Learn(nil, c)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
		})
	}
}
