package estimator

import (
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const (
	day      = 86400.0
	year     = 365.25 * day
	november = 1_795_564_800.0 // 2026-11-25
)

func trendConfig(features int, season ...Span) Config {
	c := newtonConfig(features)
	c.Trend = Trend{Time: "ts", Unit: 3600, Season: season, Harmonics: 2}
	return c
}

// sensor readings: level 20 and slope 0.01 per hour from November 2026 on, a daily wave of amplitude 3 that is highest at 15:00, normal noise of σ = 0.5.
func sensor(seed uint64, rows int, every float64) Columns {
	random := rand.New(rand.NewPCG(seed, 7))
	c := Columns{Rows: rows, Time: make([]float64, rows), Target: make([]float64, rows)}
	t := november
	for i := range rows {
		t += every * (0.5 + random.Float64())
		c.Time[i] = t
		c.Target[i] = 20 + 0.01*(t-november)/3600 + 3*math.Cos(2*math.Pi*(t/day-15.0/24)) + 0.5*random.NormFloat64()
	}
	return c
}

// timed columns are an hour apart.
func timed(c Columns) Columns {
	c.Time = make([]float64, c.Rows)
	for i := range c.Time {
		c.Time[i] = november + 3600*float64(i)
	}
	return c
}

func learned(t testing.TB, cfg Config, c Columns) *Linear {
	t.Helper()
	m, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	m.Learn(nil, c)
	return m
}

func TestTrendFindsLevelSlopeAndSeason(t *testing.T) {
	c := sensor(1, 5000, 600)
	m := learned(t, trendConfig(0, day), c)
	m.SetHorizon(6 * 3600)
	r := m.Report().Trend
	hours := (r.Time - november) / 3600
	if want := c.Time[len(c.Time)-1]; r.Time != want {
		t.Errorf("the newest reading is of %v, want %v", r.Time, want)
	}
	within := func(what string, c Coefficient, want float64) {
		if z := (c.Value - want) / c.SE; !(math.Abs(z) < 3.5) {
			t.Errorf("%s is %v ± %v, want %v", what, c.Value, c.SE, want)
		}
	}
	within("level", r.Level, 20+0.01*hours)
	within("slope", r.Slope, 0.01)
	within("amplitude", r.Season[0].Amplitude, 3)
	if s := r.Season[0]; math.Abs(s.Phase-15.0/24) > 0.005 || s.Period != day || s.Peak > r.Time || s.Peak < r.Time-day || math.Abs(phase(s.Peak, day)-s.Phase) > 1e-9 {
		t.Errorf("season %+v", s)
	}
	f, at := r.Forecast, r.Time+6*3600
	if want := 20 + 0.01*(hours+6) + 3*math.Cos(2*math.Pi*(at/day-15.0/24)); f.Time != at || math.Abs(f.Value-want) > 0.1 || f.Low > want-0.8 || f.High < want+0.8 {
		t.Errorf("forecast %+v, want %v ± 0.98", f, want)
	}
	if got := math.Abs(r.LastResidual); !(got > 0 && got < 4) {
		t.Errorf("the last residual is %v σ̂", got)
	}
}

// The phase against arithmetic of 400 bits.
func TestPhaseIsExact(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		seconds := rapid.OneOf(rapid.Float64Range(-1e10, 1e10), rapid.Float64()).Draw(rt, "t")
		period := rapid.OneOf(rapid.SampledFrom([]float64{day, 7 * day, year, 60, 0.1}), rapid.Float64Range(1e-3, 1e9)).Draw(rt, "period")
		got := phase(seconds, period)
		if !(got >= 0 && got < 1) {
			rt.Fatalf("phase %v", got)
		}
		if math.Abs(seconds) > 1e15 {
			return
		}
		turns := new(big.Float).SetPrec(400).Quo(precise(seconds), precise(period))
		turns.Sub(turns, precise(got))
		nearest, _ := new(big.Float).SetPrec(400).Add(turns, precise(math.Copysign(0.5, seconds))).Int(nil)
		off, _ := turns.Sub(turns, new(big.Float).SetPrec(400).SetInt(nearest)).Float64()
		if math.Abs(off) > 3e-16 {
			rt.Fatalf("phase of %v in %v is %v: off by %v", seconds, period, got, off)
		}
	})
}

func precise(v float64) *big.Float { return new(big.Float).SetPrec(400).SetFloat64(v) }

// exactTrend is discounted least squares of level and slope, in 400 bits: information A and right side b about an origin of its own.
type exactTrend struct{ a00, a01, a11, b0, b1 *big.Float }

func newExactTrend() *exactTrend {
	return &exactTrend{precise(0), precise(0), precise(0), precise(0), precise(0)}
}

func (e *exactTrend) add(lambda, z0 float64, z1, y *big.Float) {
	u := precise(z0)
	for _, term := range []struct{ sum, a, b *big.Float }{{e.a00, u, u}, {e.a01, u, z1}, {e.a11, z1, z1}, {e.b0, u, y}, {e.b1, z1, y}} {
		product := precise(0).Mul(term.a, term.b)
		term.sum.Mul(term.sum, precise(lambda)).Add(term.sum, product)
	}
}

func (e *exactTrend) solve() (level, slope *big.Float) {
	mul := func(a, b *big.Float) *big.Float { return precise(0).Mul(a, b) }
	det := precise(0).Sub(mul(e.a00, e.a11), mul(e.a01, e.a01))
	level = precise(0).Sub(mul(e.a11, e.b0), mul(e.a01, e.b1))
	slope = precise(0).Sub(mul(e.a00, e.b1), mul(e.a01, e.b0))
	return level.Quo(level, det), slope.Quo(slope, det)
}

// After ten years of readings in bursts, with gaps of years between them, level and slope are those of arithmetic with 120 digits, because the origin moved
// along: of all rows, and of those within a half-life, which span half a second of the ten years.
func TestTrendLosesNothingInTenYears(t *testing.T) {
	for name, cfg := range map[string]struct {
		halfLife, within float64 // standard errors
	}{"all rows": {math.Inf(1), 1e-9}, "half-life": {50, 1e-7}} {
		random := rand.New(rand.NewPCG(3, 1))
		c := Columns{}
		at := november
		for range 5 {
			for range 6000 {
				at += random.ExpFloat64() / 1000
				c.Time = append(c.Time, at)
				c.Target = append(c.Target, 1e3+2e-3*(at-november)+random.NormFloat64())
			}
			at += 2.5 * year
		}
		c.Rows = len(c.Time)
		config := trendConfig(0)
		config.Loss.Name, config.Leverage, config.HalfLife = "half-squared", Leverage{Off: true}, cfg.halfLife
		m := learned(t, config, part(c, 0, warmUpRows))
		s := m.solver.(*newton)
		start, lambda := s.fit, s.lambda
		center, scale := start.center[0], start.scale[0]
		exact := newExactTrend()
		exact.a00, exact.a11 = precise(ridge), precise(ridge)
		for i, seconds := range c.Time {
			z := precise(0).Sub(precise(seconds), precise(center))
			z.Quo(z, precise(scale))
			y := precise(0).Sub(precise(c.Target[i]), precise(start.targetC))
			keep := lambda
			if i < warmUpRows {
				keep = 1
			}
			exact.add(keep, 1, z, y.Quo(y, precise(start.targetS)))
		}
		m.Learn(nil, part(c, warmUpRows, c.Rows))
		level, slope := exact.solve()
		z := precise(0).Sub(precise(c.Time[c.Rows-1]), precise(center))
		level.Add(level, z.Mul(z.Quo(z, precise(scale)), slope))
		wantLevel, _ := level.Float64()
		wantSlope, _ := slope.Float64()
		wantLevel, wantSlope = start.targetC+wantLevel*start.targetS, wantSlope*start.targetS/scale*3600
		r := m.Report().Trend
		near := func(what string, got Coefficient, want float64) { // but for the last digits of the value itself
			if off := math.Abs(got.Value - want); !(off < cfg.within*got.SE+4e-15*math.Abs(want)) {
				t.Errorf("%s: %s %v, exactly %v: %v standard errors apart", name, what, got.Value, want, off/got.SE)
			}
		}
		near("level", r.Level, wantLevel)
		near("slope", r.Slope, wantSlope)
	}
}

// Moving the origin changes nothing that the model says: neither values nor standard errors, for coefficients, forecasts and predictions.
func TestRecentringIsAChangeOfBasis(t *testing.T) {
	c := sensor(4, 3000, 600)
	m := learned(t, trendConfig(0, day, 7*day), c)
	s := m.solver.(*newton)
	for _, hours := range []float64{1, -70, 300} {
		before, forecast := m.Report(), s.forecast(november+40*day)
		s.when.mean += hours * 3600 / s.fit.scale[0]
		s.recentre()
		after, again := m.Report(), s.forecast(november+40*day)
		near := cmp.Comparer(func(a, b float64) bool {
			return math.Abs(a-b) <= 1e-9*math.Max(math.Abs(a), math.Abs(b)) || a != a && b != b
		})
		if diff := cmp.Diff(before, after, near); diff != "" {
			t.Errorf("%v hours: %s", hours, diff)
		}
		if diff := cmp.Diff(forecast, again, near); diff != "" {
			t.Errorf("%v hours: %s", hours, diff)
		}
	}
}

// A clock that is wrong now and then, set back to 1970 or ahead to 2106, bends nothing, and is not the newest reading for long.
func TestWrongClocksDoNotBendTheTrend(t *testing.T) {
	for name, halfLife := range map[string]float64{"all rows": math.Inf(1), "half-life": 500} {
		cfg := trendConfig(0, day)
		cfg.HalfLife = halfLife
		c := sensor(5, 6000, 600)
		want := learned(t, cfg, c).Report().Trend
		for i := 100; i < c.Rows-200; i += 200 {
			c.Time[i] = float64(i % 400 / 200 * math.MaxUint32)
		}
		m := learned(t, cfg, c)
		got := m.Report()
		if got.Trend.Time != want.Time {
			t.Errorf("%s: the newest reading is of %v, want %v", name, got.Trend.Time, want.Time)
		}
		if apart := math.Abs(got.Trend.Level.Value-want.Level.Value) / want.Level.SE; apart > 0.5 {
			t.Errorf("%s: the level moved by %v standard errors", name, apart)
		}
		if apart := math.Abs(got.Trend.Slope.Value-want.Slope.Value) / want.Slope.SE; apart > 0.5 {
			t.Errorf("%s: the slope moved by %v standard errors", name, apart)
		}
		if got.Rows.Guarded < 20 || got.Rows.Guarded > 50 {
			t.Errorf("%s: %d rows guarded", name, got.Rows.Guarded)
		}
	}
}

// A long gap is no wrong clock: the trend is that of the new rows soon after it.
func TestTrendFollowsAfterAGap(t *testing.T) {
	cfg := trendConfig(0)
	cfg.HalfLife = 200
	random := rand.New(rand.NewPCG(9, 1))
	c := Columns{Rows: 4000, Time: make([]float64, 4000), Target: make([]float64, 4000)}
	for i := range c.Rows {
		c.Time[i] = november + 60*float64(i)
		if i >= 3000 {
			c.Time[i] += year
		}
		c.Target[i] = 5 + 1e-6*(c.Time[i]-november) + 0.1*random.NormFloat64()
	}
	m := learned(t, cfg, c)
	r := m.Report().Trend
	if want := 5 + 1e-6*(c.Time[3999]-november); r.Time != c.Time[3999] || math.Abs(r.Level.Value-want) > 4*r.Level.SE || r.Level.SE > 0.05 {
		t.Errorf("level %+v at %v, want %v", r.Level, r.Time, want)
	}
}

func drawTrend(rt *rapid.T) (Config, Columns) {
	cfg := trendConfig(rapid.IntRange(0, 2).Draw(rt, "features"), [][]Span{nil, {day}, {day, 7 * day}}[rapid.IntRange(0, 2).Draw(rt, "seasons")]...)
	cfg.HalfLife = rapid.SampledFrom([]float64{math.Inf(1), 300, 20}).Draw(rt, "half-life")
	if math.IsInf(cfg.HalfLife, 1) {
		cfg.HalfLifeTime = rapid.SampledFrom([]Span{0, 3600, 2 * day}).Draw(rt, "half-life in event time")
	}
	if rapid.Bool().Draw(rt, "leverage off") {
		cfg.Leverage = Leverage{Off: true}
	}
	rows := rapid.SampledFrom([]int{30, 700, 1024, 2500}).Draw(rt, "rows")
	seed := rapid.Uint64Range(0, 1e6).Draw(rt, "seed")
	c := simulated(seed, len(cfg.Features), rows)
	random := rand.New(rand.NewPCG(seed, 1))
	c.Time = make([]float64, rows)
	now := november
	for i := range rows {
		now += 3600 * random.ExpFloat64()
		c.Time[i] = now
		switch random.IntN(100) {
		case 0:
			now += year * random.Float64() // a gap
		case 1:
			c.Time[i] = 0
		case 2:
			c.Time[i] = math.NaN()
		case 3, 4, 5:
			c.Time[i] -= 1e5 * random.Float64() // late
		}
	}
	return cfg, c
}

func TestTrendIgnoresBatchBoundariesAndRestarts(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		cfg, c := drawTrend(rt)
		whole := learned(t, cfg, c)
		pieces := inPieces(rt, newModel(rt, cfg), c, c.Rows/2+1)
		whole.SetHorizon(5000)
		pieces.SetHorizon(5000)
		sameModel(rt, whole, pieces)
	})
}

func TestTrendStaysFinite(t *testing.T) {
	extremes := []float64{0, 1, largest, -largest, 5e-324, 1e30, november, 1e18}
	rapid.Check(t, func(rt *rapid.T) {
		cfg, c := drawTrend(rt)
		share, kind := rapid.IntRange(1, 10).Draw(rt, "one in"), rapid.IntRange(0, 2).Draw(rt, "kind")
		for i := range c.Rows {
			switch {
			case kind == 1:
				c.Time[i] = november
			case i%share == 0:
				c.Time[i] = rapid.SampledFrom(extremes).Draw(rt, "t")
			}
			if kind == 2 && i%share == 0 {
				c.Target[i] = rapid.SampledFrom(extremes).Draw(rt, "y")
			}
		}
		m := newModel(rt, cfg)
		m.SetHorizon(1e6)
		for from := 0; from < c.Rows; from += 131 { // whenever somebody looks
			m.Learn(nil, part(c, from, min(c.Rows, from+131)))
			checkFinite(rt, m)
			if r := m.Report().Trend; r != nil && (!isFinite(r.Time) || !isFinite(r.Level.Value) || !isFinite(r.Forecast.Value) || math.IsInf(r.LastResidual, 0)) {
				rt.Fatalf("%+v", r)
			}
			again, err := Restore(snapshotOf(rt, m))
			if err != nil {
				rt.Fatal(err)
			}
			checkFinite(rt, again)
		}
	})
}

// The intervals of level and slope cover the truth as often as they say, with one reading in twenty a spike.
func TestTrendIntervalsCover(t *testing.T) {
	const replications = 100
	level, slope, amplitude := 0, 0, 0
	for seed := range uint64(replications) {
		c := sensor(seed, 1500, 1800)
		random := rand.New(rand.NewPCG(seed, 99))
		for i := range c.Rows {
			if random.IntN(20) == 0 {
				c.Target[i] += 100 * random.NormFloat64()
			}
		}
		r := learned(t, trendConfig(0, day), c).Report().Trend
		covers := func(count *int, c Coefficient, truth float64) {
			if c.Low <= truth && truth <= c.High {
				*count++
			}
		}
		covers(&level, r.Level, 20+0.01*(r.Time-november)/3600)
		covers(&slope, r.Slope, 0.01)
		covers(&amplitude, r.Season[0].Amplitude, 3)
	}
	for what, count := range map[string]int{"level": level, "slope": slope, "amplitude": amplitude} {
		if share := float64(count) / replications; share < 0.88 {
			t.Errorf("the intervals of the %s cover it in %.1f %% of %d simulations, want 95 %%", what, 100*share, replications)
		}
	}
}

// The model that Report describes predicts what the model predicts.
func TestTrendScoresAsItPredicts(t *testing.T) {
	c := sensor(6, 2000, 900)
	m := learned(t, trendConfig(0, day), c)
	want := make([]float64, c.Rows)
	m.Predict(want, c)
	at := 0
	m.Score(nil, c, func(p Predicted) {
		for _, got := range p.Prediction {
			if math.Abs(got-want[at]) > 1e-9 {
				t.Fatalf("row %d: %v, want %v", at, got, want[at])
			}
			at++
		}
	})
}

func TestMergedTrendsAreAsGoodAsOnePass(t *testing.T) {
	c := sensor(7, 20_000, 60)
	cfg := trendConfig(0, day)
	want := learned(t, cfg, c).Report().Trend
	merged, err := Merge(learned(t, cfg, part(c, 0, 6000)), learned(t, cfg, part(c, 6000, 11_000)), learned(t, cfg, part(c, 11_000, 20_000)))
	if err != nil {
		t.Fatal(err)
	}
	got := merged.Report().Trend
	if got == nil || got.Time != want.Time {
		t.Fatalf("the newest reading is of %v, want %v", got, want.Time)
	}
	for what, pair := range map[string][2]Coefficient{"level": {got.Level, want.Level}, "slope": {got.Slope, want.Slope}} {
		if apart := math.Abs(pair[0].Value-pair[1].Value) / pair[1].SE; apart > 0.3 {
			t.Errorf("the %s is %.2f standard errors from one pass", what, apart)
		}
	}
}

func TestTrendFaultsAreSaid(t *testing.T) {
	for want, change := range map[string]func(*Config){
		`trend.time "x0" is a feature too`:            func(c *Config) { c.Trend.Time = c.Features[0] },
		"trend.unit 0s is no length of time":          func(c *Config) { c.Trend.Unit = 0 },
		"trend.harmonics 0":                           func(c *Config) { c.Trend.Harmonics = 0 },
		"trend.season -1m is no period":               func(c *Config) { c.Trend.Season = []Span{-60} },
		"harmonic 2 of 24h is harmonic 1 of 12h":      func(c *Config) { c.Trend.Season = []Span{day, day / 2} },
		"solver sgd fits no trend; want newton":       func(c *Config) { c.Solver, c.Delta = "sgd", Knee{Value: 1} },
		"solver asgd fits no trend; want newton":      func(c *Config) { c.Solver = "asgd" },
		"harmonic 1 of 24h is harmonic 1 of 24h; lea": func(c *Config) { c.Trend.Season = []Span{day, day} },
	} {
		cfg := trendConfig(1, day)
		change(&cfg)
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got: %v", want, err)
		}
	}
}

func TestSpansAreReadAsTheyAreWritten(t *testing.T) {
	for text, want := range map[string]string{"24h": "24h", "1d": "24h", "365.25d": "8766h", "90s": "90s", "90m": "90m", "250ms": "250ms", "1w": "168h", "1.5s": "1.5s", "0s": "0s"} {
		var s, again Span
		if err := s.UnmarshalText([]byte(text)); err != nil || s.String() != want {
			t.Errorf("%s: %s, %v, want %s", text, s, err, want)
		}
		if err := again.UnmarshalText([]byte(s.String())); err != nil || again != s {
			t.Errorf("%s: %v reads back as %v, %v", text, s, again, err)
		}
	}
	for _, text := range []string{"", "h", "1", "1y", "1e400h", "nanh"} {
		if err := new(Span).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}
