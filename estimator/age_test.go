package estimator

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// irregular times for the rows: one a second on the average, now and then a pause, one row in twenty late, one in a hundred with a wrong clock or none.
func irregular(c Columns) Columns {
	random := rand.New(rand.NewPCG(uint64(c.Rows), 3))
	c.Time = make([]float64, c.Rows)
	now := november
	for i := range c.Time {
		now += random.ExpFloat64()
		c.Time[i] = now
		switch random.IntN(200) {
		case 0:
			now += 1e4 * random.Float64()
		case 1:
			c.Time[i] += 1e9
		case 2:
			c.Time[i] = math.NaN()
		case 3, 4, 5, 6, 7, 8, 9, 10, 11, 12:
			c.Time[i] -= 100 * random.Float64()
		}
	}
	return c
}

// jittered times: irregular and out of order, but without pauses.
func jittered(seed uint64, c Columns) Columns {
	random := rand.New(rand.NewPCG(seed, 4))
	c.Time = make([]float64, c.Rows)
	now := november
	for i := range c.Time {
		now += random.ExpFloat64()
		c.Time[i] = now - 40*random.Float64()*float64(random.IntN(2))
	}
	return c
}

// leastSquares with a half-life in event time, and nothing that a row could be weighed down by.
func leastSquaresInTime(features int, halfLife Span) Config {
	cfg := newtonConfig(features)
	cfg.Loss.Name, cfg.Leverage, cfg.HalfLifeTime, cfg.OnDrift = "half-squared", Leverage{Off: true}, halfLife, DriftIgnore
	return cfg
}

// weightedFit solves the weighted least squares in a basis directly, with what is left of the ridge.
func weightedFit(t *testing.T, b *basis, c Columns, weight func(i int) float64, ridge float64) []float64 {
	t.Helper()
	m := len(b.center) + 1
	normal, rhs := mat.NewSymDense(m, nil), mat.NewVecDense(m, nil)
	z, x := make([]float64, m), make([]float64, m-1)
	for i := range c.Rows {
		for j := range x {
			x[j] = c.Features[j][i]
		}
		b.standardise(z, x)
		row := mat.NewVecDense(m, z)
		normal.SymRankOne(normal, weight(i), row)
		rhs.AddScaledVec(rhs, weight(i)*b.target(c.Target[i]), row)
	}
	for j := range m {
		normal.SetSym(j, j, normal.At(j, j)+ridge)
	}
	var chol mat.Cholesky
	var beta mat.VecDense
	if !chol.Factorize(normal) || chol.SolveVecTo(&beta, rhs) != nil {
		t.Fatal("the rows do not identify the coefficients")
	}
	return beta.RawVector().Data
}

// What the model has learned of irregular rows out of order is the fit of all of them at once with the weights 2^(−age/h), those of the warm-up too.
func TestHalfLifeInEventTimeIsTheWeightedFit(t *testing.T) {
	for _, rows := range []int{1024, 1500, 5000} {
		c := jittered(1, weighted(2, 3, rows))
		cfg := leastSquaresInTime(3, 200)
		m := newModel(t, cfg)
		m.Learn(nil, c)
		s := m.solver.(*newton)
		newest := func(rows int) (v float64) {
			for _, seconds := range c.Time[:rows] {
				v = max(v, seconds)
			}
			return v
		}
		now, sum := newest(rows), 0.0
		left := func(seconds float64) float64 { return math.Exp2((seconds - now) / 200) }
		want := weightedFit(t, &s.fit, c, func(i int) float64 { return c.Weights[i] * left(c.Time[i]) }, ridge*left(newest(1024)))
		for j, v := range s.beta {
			if math.Abs(v-want[j]) > 1e-9 {
				t.Errorf("%d rows: coefficient %d is %v, the fit of all rows gives %v", rows, j, v, want[j])
			}
		}
		for _, seconds := range c.Time {
			sum += left(seconds)
		}
		if got := m.Report().Effective; relative(got, sum) > 1e-12 {
			t.Errorf("%d rows: %v effective, the weights add up to %v", rows, got, sum)
		}
	}
}

// With the Huber loss it is within a small part of a standard error of it: an online step tells outliers by the model of its time.
func TestHalfLifeInEventTimeIsNearTheWeightedHuberFit(t *testing.T) {
	c := jittered(5, clean(6, 3, 6000))
	cfg := newtonConfig(3)
	cfg.HalfLifeTime, cfg.Leverage = 1000, Leverage{Off: true}
	m := newModel(t, cfg)
	m.Learn(nil, c)
	s, r := m.solver.(*newton), m.Report()
	weights := make([]float64, c.Rows)
	for i, seconds := range c.Time {
		weights[i] = math.Exp2(-max(0, s.age.newest-seconds) / 1000)
	}
	delta, beta := s.kneeIn(), make([]float64, 4)
	z := make([]float64, 4)
	for range 60 {
		before := beta
		beta = weightedFit(t, &s.fit, c, func(i int) float64 {
			s.fit.standardise(z, []float64{c.Features[0][i], c.Features[1][i], c.Features[2][i]})
			return weights[i] * min(1, delta/math.Abs(s.fit.target(c.Target[i])-dot(z, before)))
		}, 0)
	}
	for j, b := range beta[1:] {
		apart := math.Abs(r.Coefficients[j].Value-b*s.fit.targetS/s.fit.scale[j]) / r.Coefficients[j].SE
		if t.Logf("coefficient %d: %.3f standard errors apart", j, apart); !(apart < 0.3) {
			t.Errorf("coefficient %d is %+v, the weighted Huber fit gives %v", j, r.Coefficients[j], b*s.fit.targetS/s.fit.scale[j])
		}
	}
}

// Rows at equal distances: a half-life of k of them is one of k rows.
func TestHalfLifeInEventTimeOfEqualDistancesIsThatOfRows(t *testing.T) {
	for _, k := range []float64{2, 20, 500} {
		for _, spacing := range []float64{1, 0.1, 3600} {
			if k < 4 && spacing < 1 {
				continue // of so few rows a rounded time makes another fit
			}
			rows := newtonConfig(3)
			rows.HalfLife = k
			timed := newtonConfig(3)
			timed.HalfLifeTime = Span(k * spacing)
			c := weighted(3, 3, 4000)
			c.Time = make([]float64, c.Rows)
			for i := range c.Time {
				c.Time[i] = float64(i) * spacing
			}
			a, b := newModel(t, rows), newModel(t, timed)
			a.Learn(nil, part(c, 0, warmUpRows))
			b.Learn(nil, part(c, 0, warmUpRows))
			s, o := a.solver.(*newton), b.solver.(*newton)
			copyFit(o, s) // the warm-up weighs its rows by their ages, or alike
			a.Learn(nil, part(c, warmUpRows, c.Rows))
			b.Learn(nil, part(c, warmUpRows, c.Rows))
			same := func(what string, x, y []float64) {
				for i := range x {
					if math.Abs(x[i]-y[i]) > 1e-12*math.Abs(x[i])*float64(spacingError(spacing)) {
						t.Fatalf("half-life %v at every %v s: %s[%d] is %v, in event time %v", k, spacing, what, i, x[i], y[i])
					}
				}
			}
			same("β", s.beta, o.beta)
			same("P", s.dense(), o.dense())
			same("M", s.meat, o.meat)
			same("σ̂", []float64{s.sigma, float64(s.block), float64(s.inBlock)}, []float64{o.sigma, float64(o.block), float64(o.inBlock)})
			same("away", append([]float64{s.guard.away.rows}, s.guard.away.sum...), append([]float64{o.guard.away.rows}, o.guard.away.sum...))
			same("n", []float64{a.Report().Effective}, []float64{b.Report().Effective})
		}
	}
}

// spacingError is how much more than rounding the distances of times differ that are no whole numbers of seconds.
func spacingError(spacing float64) float64 {
	if spacing < 1 {
		return 1000
	}
	return 1
}

// copyFit of a solver to one that forgets in another way.
func copyFit(to, from *newton) {
	to.fit, to.sigma, to.t, to.guard, to.inBlock, to.block = from.fit, from.sigma, from.t, from.guard, from.inBlock, from.block
	to.guard.away.sum = append([]float64(nil), from.guard.away.sum...)
	to.guard.away.lately = append([]float64(nil), from.guard.away.lately...)
	copy(to.beta, from.beta)
	copy(to.p, from.p)
	copy(to.meat, from.meat)
	copy(to.score, from.score)
	to.age.faded, to.guard.lambda = 0, 1
	to.prepare()
}

// believed rows: so many have to leap ahead, each of which counts meanwhile.
func believed(a *age) int {
	n := 1
	for c := *a; uint64(n) < c.enough(); n++ {
		c.weight++
	}
	return n
}

// A pause of the stream widens the intervals, and what is left of the rows is what their ages leave. Of several streams the widths are averaged.
func TestPauseWidensTheIntervals(t *testing.T) {
	const streams = 20
	for name, cfg := range map[string]Config{"features": newtonConfig(2), "trend": trendConfig(0)} {
		cfg.HalfLifeTime = 200
		for _, halfLives := range []float64{1, 3, 6} {
			wider, want := 0.0, 0.0
			for seed := range uint64(streams) {
				m := learned(t, cfg, jittered(seed, clean(seed, len(cfg.Features), 3000)))
				before, first := m.Report(), believed(m.solver.(*newton).age)-1 // rows after the pause that count as of before it
				late := jittered(seed, clean(seed, len(cfg.Features), 3000+first+5))
				for i := 3000; i < late.Rows; i++ {
					late.Time[i] = late.Time[2999] + 200*halfLives + float64(i-3000)
				}
				m = learned(t, cfg, late)
				after, away := m.Report(), m.solver.(*newton).guard.away.rows
				if relative(away, after.Effective) > 0.3 {
					t.Errorf("%s: the guard remembers %v rows of %v", name, away, after.Effective)
				}
				if left := (before.Effective+float64(first))*math.Exp2(-halfLives) + 5; relative(after.Effective, left) > 0.15 && math.Abs(after.Effective-left) > 3 { // the last row before it may be late
					t.Errorf("%s: %v effective rows after a pause of %v half-lives, before it %v", name, after.Effective, halfLives, before.Effective)
				}
				wider += math.Log(after.Intercept.SE/before.Intercept.SE) / streams
				want += math.Log(before.Effective/after.Effective) / 2 / streams
			}
			wider, want = math.Exp(wider), math.Exp(want)
			t.Logf("%s: the interval is %.2f times as wide after a pause of %v half-lives, √(n/n) is %.2f", name, wider, halfLives, want)
			if wider < 0.7*want || wider > 1.6*want {
				t.Errorf("%s: the interval is %v times as wide after a pause of %v half-lives, want some %v", name, wider, halfLives, want)
			}
		}
	}
}

// slopesHeld is how many intervals hold the slopes of clean rows.
func slopesHeld(r Report) (held int) {
	for j, b := range r.Coefficients {
		if truth := 1 / float64(1+j); b.Low <= truth && truth <= b.High {
			held++
		}
	}
	return held
}

// After a pause the intervals hold nearly as often as they say, of however few rows they are.
func TestIntervalsAfterAPause(t *testing.T) {
	for _, halfLives := range []float64{1, 3, 6} {
		for _, rows := range []int{5, 20, 100} {
			held, trials := 0, 0
			for seed := range uint64(200) {
				cfg := newtonConfig(2)
				cfg.HalfLifeTime, cfg.OnDrift, cfg.WarmUp = 200, DriftIgnore, 256
				m := newModel(t, cfg)
				c := clocked(clean(seed, 2, 1000))
				m.Learn(nil, c)
				after := believed(m.solver.(*newton).age) + rows
				c = clocked(clean(seed, 2, 1000+after))
				for i := 1000; i < c.Rows; i++ {
					c.Time[i] += 200 * halfLives
				}
				m.Learn(nil, part(c, 1000, c.Rows))
				held, trials = held+slopesHeld(m.Report()), trials+2
			}
			share := float64(held) / float64(trials)
			if t.Logf("%d rows after a pause of %v half-lives: %.3f of the intervals hold the slope", rows, halfLives, share); share < 0.85 {
				t.Errorf("%d rows after a pause of %v half-lives: %.3f of the 95 %% intervals hold the slope", rows, halfLives, share)
			}
		}
	}
}

// When all is forgotten the report names what nothing is known of, makes no number up, and the model begins anew.
func TestPauseThatForgetsAll(t *testing.T) {
	for _, pause := range []float64{50 * 200, 1e5 * 200, 1e12, 1e40} {
		cfg := newtonConfig(2)
		cfg.HalfLifeTime = 200
		c := jittered(9, clean(10, 2, 6000))
		for i := 3000; i < c.Rows; i++ {
			c.Time[i] += pause
		}
		m := newModel(t, cfg)
		m.Learn(nil, part(c, 0, 3000))
		now := 3000 + believed(m.solver.(*newton).age)
		m.Learn(nil, part(c, 3000, now))
		checkFinite(t, m)
		if p := m.solver.(*newton).largest(); p > 1.001/ridge {
			t.Errorf("after a pause of %v s a variance of %v, beyond the ridge", pause, p)
		}
		if r := m.Report(); r.Status != StatusDegenerate || len(r.Degenerate) == 0 || !(r.Effective < 3) {
			t.Errorf("after a pause of %v s: status %s, degenerate %v, %v effective rows", pause, r.Status, r.Degenerate, r.Effective)
		}
		m.Learn(nil, part(c, now, c.Rows))
		checkFinite(t, m)
		r := m.Report()
		if r.Status != StatusOK || len(r.Degenerate) > 0 || math.Abs(r.Coefficients[0].Value-1) > 5*r.Coefficients[0].SE {
			t.Errorf("%d rows after a pause of %v s: status %s, %+v", c.Rows-3000, pause, r.Status, r.Coefficients)
		}
	}
}

// The intervals of a warm-up, whose rows count by their ages, hold nearly as often as they say where there are several rows to a coefficient.
func TestIntervalsOfAWarmUpInEventTime(t *testing.T) {
	for _, halfLife := range []Span{5, 15, 50, 150} {
		for _, rows := range []int{200, 512, 1000} {
			held, trials := 0, 0
			for seed := range uint64(200) {
				cfg := newtonConfig(2)
				cfg.HalfLifeTime, cfg.OnDrift = halfLife, DriftIgnore
				held, trials = held+slopesHeld(learned(t, cfg, clocked(clean(seed, 2, rows))).Report()), trials+2
			}
			share := float64(held) / float64(trials)
			if t.Logf("half-life %v s, %d rows, one a second: %.3f of the intervals hold the slope", halfLife, rows, share); share < 0.80 {
				t.Errorf("half-life %v s, %d rows: %.3f of the 95 %% intervals hold the slope", halfLife, rows, share)
			}
		}
	}
}

// Rows without a time cannot be learned from; a clock is part of the state.
func TestRowsWithoutATimeAreSkipped(t *testing.T) {
	cfg := leastSquaresInTime(1, 60)
	m := newModel(t, cfg)
	c := clean(1, 1, 40)
	if skipped := m.Learn(nil, c); len(skipped) != 40 || skipped[0].Reason != ReasonNonFinite {
		t.Errorf("no times: %d rows skipped, %v", len(skipped), skipped[:1])
	}
	c.Time = make([]float64, 40)
	c.Time[3], c.Time[5], c.Time[9] = math.NaN(), math.Inf(1), 1e61
	skipped := m.Learn(nil, c)
	want := []Skipped{{3, ReasonNonFinite}, {5, ReasonNonFinite}, {9, ReasonRange}}
	if len(skipped) != 3 || skipped[0] != want[0] || skipped[1] != want[1] || skipped[2] != want[2] {
		t.Errorf("skipped %v, want %v", skipped, want)
	}
}

// Shards whose clocks differ are merged as of the newest time.
func TestMergeAgesTheShards(t *testing.T) {
	c := jittered(3, clean(4, 2, 6000))
	cfg := leastSquaresInTime(2, 800)
	one, first, second := newModel(t, cfg), newModel(t, cfg), newModel(t, cfg)
	one.Learn(nil, c)
	first.Learn(nil, part(c, 0, 4500))
	second.Learn(nil, part(c, 4500, 6000))
	for _, shards := range [][]*Linear{{first, second}, {second, first}} {
		merged, err := Merge(shards...)
		if err != nil {
			t.Fatal(err)
		}
		got, want := merged.Report(), one.Report()
		if relative(got.Effective, want.Effective) > 1e-9 {
			t.Errorf("%v effective rows, one pass has %v", got.Effective, want.Effective)
		}
		for j, b := range got.Coefficients {
			if math.Abs(b.Value-want.Coefficients[j].Value) > 1e-6 {
				t.Errorf("merged %+v, one pass %+v", b, want.Coefficients[j])
			}
		}
	}
}

// A further pass begins at the first row's time again.
func TestHalfLifeInEventTimeOverPasses(t *testing.T) {
	c := jittered(3, clean(4, 2, 3000))
	m := newModel(t, leastSquaresInTime(2, 300))
	m.Learn(nil, c)
	want := m.Report()
	m.EndPass()
	m.Learn(nil, c)
	if got := m.Report().Effective; relative(got, want.Effective) > 0.02 {
		t.Errorf("%v effective rows after two passes, after one %v", got, want.Effective)
	}
	for j, b := range m.Report().Coefficients {
		if math.Abs(b.Value-want.Coefficients[j].Value) > 0.1*want.Coefficients[j].SE {
			t.Errorf("after two passes %+v, after one %+v", b, want.Coefficients[j])
		}
	}
}

// The intervals of irregular rows hold as often as they say.
func TestIntervalsWithHalfLifeInEventTime(t *testing.T) {
	held, trials := 0, 0
	for seed := range uint64(150) {
		cfg := newtonConfig(2)
		cfg.HalfLifeTime, cfg.OnDrift, cfg.WarmUp = 300, DriftIgnore, 256
		c := jittered(seed, clean(seed, 2, 3000))
		m := newModel(t, cfg)
		m.Learn(nil, c)
		held, trials = held+slopesHeld(m.Report()), trials+2
	}
	share := float64(held) / float64(trials)
	if t.Logf("%d of %d intervals hold the slope", held, trials); share < 0.91 || share > 0.99 {
		t.Errorf("%.3f of the 95 %% intervals hold the slope", share)
	}
}

func TestHalfLifeInEventTimeIsNewtons(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"solver asgd cannot forget":          func(c *Config) { c.Solver = "asgd" },
		"solver tracking has half-lives":     func(c *Config) { c.Solver = "tracking" },
		"solver sgd cannot forget":           func(c *Config) { c.Solver, c.Delta = "sgd", Knee{Value: 1} },
		"half-life is both 9 rows and 2h":    func(c *Config) { c.HalfLife = 9 },
		"half-life -1s is no length of time": func(c *Config) { c.HalfLifeTime = -1 },
		"ms is no length of time of a":       func(c *Config) { c.HalfLifeTime = 1e-7 },
	} {
		cfg := newtonConfig(1)
		cfg.HalfLifeTime = 7200
		change(&cfg)
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	wide := newtonConfig(100)
	wide.Solver, wide.HalfLifeTime = "auto", 60
	if wide.solver() != solverNewton {
		t.Errorf("auto with a half-life is %s", wide.solver())
	}
}

// After a pause, too: but for its first rows, which count as of the time before it, as wrong clocks would.
func TestPauseIsTheWeightedFit(t *testing.T) {
	c := jittered(21, weighted(22, 2, 3000))
	times := append([]float64(nil), c.Time...)
	for i := range times {
		switch {
		case i >= 2500:
			c.Time[i] += 500 + 700 // 0.7 and 3.5 half-lives, each with a margin for late rows
		case i >= 2000:
			c.Time[i] += 500
		}
	}
	m := newModel(t, leastSquaresInTime(2, 200))
	s := m.solver.(*newton)
	copy(times, c.Time)
	m.Learn(nil, part(c, 0, 2000))
	for _, pause := range []int{2000, 2500} {
		for i := range believed(s.age) - 1 {
			times[pause+i] = s.age.newest
		}
		m.Learn(nil, part(c, pause, pause+500))
	}
	want := weightedFit(t, &s.fit, c, func(i int) float64 { return c.Weights[i] * math.Exp2(min(0, times[i]-s.age.newest)/200) }, 0)
	for j, v := range s.beta {
		if math.Abs(v-want[j]) > 1e-7 { // the ridge is not in the fit
			t.Errorf("coefficient %d is %v, the fit of all rows gives %v", j, v, want[j])
		}
	}
}

// A slope that moves with time, in a stream of bursts and pauses: a half-life in event time follows it where one in rows is behind after each pause.
func TestHalfLifeInEventTimeFollowsThroughPauses(t *testing.T) {
	random := rand.New(rand.NewPCG(31, 1))
	c := Columns{Rows: 20_000, Features: [][]float64{make([]float64, 20_000)}, Target: make([]float64, 20_000), Time: make([]float64, 20_000)}
	slope := func(seconds float64) float64 { return math.Sin(2 * math.Pi * seconds / (40 * 3600)) }
	now := 0.0
	for i := range c.Rows {
		if now += 10 * random.ExpFloat64(); i%400 == 0 {
			now += 6 * 3600 * random.Float64()
		}
		c.Time[i], c.Features[0][i] = now, random.NormFloat64()
		c.Target[i] = slope(now)*c.Features[0][i] + random.NormFloat64()
	}
	rmse := func(cfg Config) float64 {
		cfg.OnDrift, cfg.WarmUp = DriftIgnore, 64
		m, sum, n := newModel(t, cfg), 0.0, 0
		for at := 0; at < c.Rows; at += 40 {
			m.Learn(nil, part(c, at, at+40))
			if at > 2000 {
				off := m.Report().Coefficients[0].Value - slope(c.Time[at+39])
				sum, n = sum+off*off, n+1
			}
		}
		return math.Sqrt(sum / float64(n))
	}
	best := math.Inf(1)
	for _, rows := range []float64{50, 100, 200, 400} {
		cfg := newtonConfig(1)
		cfg.HalfLife = rows
		best = min(best, rmse(cfg))
	}
	bestTimed := math.Inf(1)
	for _, seconds := range []Span{1800, 3600, 7200, 14400} {
		cfg := newtonConfig(1)
		cfg.HalfLifeTime = seconds
		bestTimed = min(bestTimed, rmse(cfg))
	}
	if t.Logf("RMSE of the slope: %.3f with the best half-life in event time, %.3f in rows", bestTimed, best); !(bestTimed < 0.95*best) {
		t.Errorf("the slope is off by %v with the best half-life in event time, by %v in rows", bestTimed, best)
	}
}

// After a pause the scale follows at once, as the coefficients do; rows that are very late say nothing of it.
func TestScaleAfterAPauseAndOfLateRows(t *testing.T) {
	cfg := newtonConfig(1)
	cfg.HalfLifeTime, cfg.OnDrift = 500, DriftIgnore
	c := jittered(41, clean(42, 1, 5300))
	m := newModel(t, cfg)
	m.Learn(nil, part(c, 0, 5000))
	before := m.Report().Scale
	for i := 5000; i < c.Rows; i++ {
		c.Target[i] *= 1000
		c.Time[i] -= 2000
	}
	m.Learn(nil, part(c, 5000, 5100))
	if late := m.Report().Scale; late != before {
		t.Errorf("late rows have moved the scale from %v to %v", before, late)
	}
	for i := 5100; i < c.Rows; i++ {
		c.Time[i] += 6000
	}
	m.Learn(nil, part(c, 5100, 5300))
	if after := m.Report().Scale; !(after > 20*before) {
		t.Errorf("200 rows after a pause the scale is %v, before it %v, with a spread a thousand times as large", after, before)
	}
}

// A row from which nothing can be learned, for its numbers, goes on with the time nevertheless.
func TestRowsOutOfRangeAgeTheModel(t *testing.T) {
	c := clean(1, 1, 1025)
	c.Time = make([]float64, c.Rows)
	for j := range c.Features[0] {
		c.Features[0][j] *= 1e-3
		c.Time[j] = float64(j)
	}
	c.Features[0][1024], c.Time[1024] = largest, 1023+40
	m := newModel(t, leastSquaresInTime(1, 100))
	m.Learn(nil, part(c, 0, 1024))
	s := m.solver.(*newton)
	before := s.variance(0)
	m.Learn(nil, part(c, 1024, 1025))
	if got, want := s.variance(0), before*math.Exp2(0.4); relative(got, want) > 1e-12 {
		t.Errorf("the variance is %v, want %v", got, want)
	}
}
