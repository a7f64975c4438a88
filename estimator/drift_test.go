package estimator

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// world is a stream whose error changes at a row: see each field.
type world struct {
	jump, ramp, slope, spread float64 // of the level in σ, in σ a row; of the first coefficient; factor on the errors less 1
	spikes                    float64 // share of rows that are 10 to 30 σ off
	upward                    bool    // all of them on one side
	phi                       float64 // autocorrelation
	at                        int
}

// rows of the world, two features; a row is a second.
func (w world) rows(seed uint64, n int) Columns {
	r := rand.New(rand.NewPCG(seed, 17))
	c := Columns{Rows: n, Features: [][]float64{make([]float64, n), make([]float64, n)}, Target: make([]float64, n), Time: make([]float64, n)}
	last := 0.0
	for i := range n {
		a, b := r.NormFloat64(), r.NormFloat64()
		last = w.phi*last + math.Sqrt(1-w.phi*w.phi)*r.NormFloat64()
		e, slope := last, 3.0
		if i >= w.at {
			e = e*(1+w.spread) + w.jump + w.ramp*float64(i-w.at)
			slope += w.slope
		}
		if r.Float64() < w.spikes {
			spike := 10 + 20*r.Float64()
			if !w.upward && r.IntN(2) == 0 {
				spike = -spike
			}
			e += spike
		}
		c.Features[0][i], c.Features[1][i] = 1000+100*a, 0.01*b
		c.Target[i], c.Time[i] = 70+slope*a-2*b+e, 1e9+float64(i)
	}
	return c
}

func watched(t testing.TB, solver string, c Columns) Drift {
	t.Helper()
	cfg := newtonConfig(2)
	cfg.Solver, cfg.OnDrift = solver, DriftAlarm
	m, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	m.Learn(nil, c)
	return m.Report().Drift
}

func TestChangesRaiseAnAlarm(t *testing.T) {
	const at, seeds = 5000, 5
	for name, c := range map[string]struct {
		world   world
		within  int // rows, of all seeds
		kind    string
		feature string
		size    [2]float64 // between these
	}{
		"jump of 0.5 σ":               {world{jump: 0.5}, 400, "", "", [2]float64{0.2, 1}},
		"jump of 1 σ":                 {world{jump: -1}, 90, "", "", [2]float64{-1.8, -0.5}},
		"jump of 3 σ":                 {world{jump: 3}, 20, "jump", "", [2]float64{1.8, 4.5}},
		"jump of 50 σ":                {world{jump: -50}, 20, "jump", "", [2]float64{-60, -40}},
		"jump of 1 σ among spikes":    {world{jump: 1, spikes: 0.2}, 130, "", "", [2]float64{0.3, 2}},
		"jump of 1 σ, autocorrelated": {world{jump: 1, phi: 0.6}, 400, "", "", [2]float64{0.4, 2}},
		"ramp of 1 σ in 200 rows":     {world{ramp: 0.005}, 250, "", "", [2]float64{0.2, 2}},
		"jump of 0.7 σ, correlated":   {world{jump: 0.7, phi: 0.6}, 700, "", "", [2]float64{0.3, 1.6}},
		"variance × 2, correlated":    {world{spread: math.Sqrt2 - 1, phi: 0.6}, 220, "variance", "", [2]float64{1.15, 1.8}},
		"variance × 2":                {world{spread: math.Sqrt2 - 1}, 400, "variance", "", [2]float64{1.15, 1.8}},
		"variance × 2 among spikes":   {world{spread: math.Sqrt2 - 1, spikes: 0.2}, 500, "", "", [2]float64{0, 1.8}},
		"variance / 4":                {world{spread: -0.5}, 400, "variance", "", [2]float64{0.3, 0.8}},
		"a coefficient, 1 σ":          {world{slope: 1}, 250, "jump", "x0", [2]float64{0.2, 1.2}},
	} {
		for seed := range uint64(seeds) {
			c.world.at = at
			d := watched(t, "newton", c.world.rows(seed, at+c.within))
			if !d.Alarm || d.LastAlarmRow <= at || d.Counts[0]+d.Counts[1]+d.Counts[2] != 1 {
				t.Errorf("%s, seed %d: %+v", name, seed, d)
				continue
			}
			if c.kind != "" && (d.Kind != c.kind || d.Feature != c.feature) || !(d.Size > c.size[0] && d.Size < c.size[1]) {
				t.Errorf("%s, seed %d: a %s of feature %q, size %v", name, seed, d.Kind, d.Feature, d.Size)
			}
			if d.LastAlarmTime != 1e9+float64(d.LastAlarmRow-1) {
				t.Errorf("%s: row %d has the time %v", name, d.LastAlarmRow, d.LastAlarmTime)
			}
		}
	}
}

// Most ramps are called slopes, and most jumps jumps: more cannot be said with as little evidence as an alarm takes.
func TestKindsOfSlowChanges(t *testing.T) {
	right := 0
	for seed := range uint64(20) {
		if watched(t, "newton", world{ramp: 0.005, at: 3000}.rows(seed, 3300)).Kind == "slope" {
			right++
		}
		if watched(t, "newton", world{jump: 0.7, at: 3000}.rows(seed, 3300)).Kind == "jump" {
			right++
		}
	}
	if right < 26 {
		t.Errorf("%d of 40", right)
	}
}

func TestWithoutAChangeThereIsNoAlarm(t *testing.T) {
	rows := 100000
	if testing.Short() {
		rows = 20000
	}
	for name, w := range map[string]world{
		"clean": {}, "20 % spikes": {spikes: 0.2}, "20 % upward spikes": {spikes: 0.2, upward: true}, "autocorrelated": {phi: 0.6},
	} {
		for _, solver := range []string{"newton", "asgd"} {
			if d := watched(t, solver, w.rows(2, rows)); d.LastAlarmRow >= 0 {
				t.Errorf("%s, %s: %+v", name, solver, d)
			}
		}
	}
}

// Spikes that come in a burst are no jump, however large.
func TestABurstOfSpikesIsNoAlarm(t *testing.T) {
	for seed := range uint64(5) {
		c := world{}.rows(seed, 6000)
		r := rand.New(rand.NewPCG(seed, 3))
		for i := 4000; i < 5000; i++ {
			if r.Float64() < 0.2 {
				c.Target[i] += 20
			}
		}
		if d := watched(t, "newton", c); d.LastAlarmRow >= 0 {
			t.Errorf("seed %d: %+v", seed, d)
		}
	}
}

// Heavy tails of x make no alarm either.
func TestFarRowsAreNoAlarm(t *testing.T) {
	c := world{}.rows(1, 30000)
	r := rand.New(rand.NewPCG(1, 3))
	for i := range c.Rows {
		if r.Float64() < 0.1 {
			x := 20 * r.NormFloat64()
			c.Features[0][i] += 100 * x
			c.Target[i] += 3 * x
		}
	}
	if d := watched(t, "newton", c); d.LastAlarmRow >= 0 {
		t.Errorf("%+v", d)
	}
}

func TestTheDetectorIgnoresBatchBoundariesAndRestarts(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		cfg := newtonConfig(2)
		cfg.Solver = rapid.SampledFrom([]string{"newton", "asgd", "tracking"}).Draw(rt, "solver")
		cfg.OnDrift = rapid.SampledFrom([]string{DriftAlarm, DriftAdapt}).Draw(rt, "on drift")
		w := world{
			jump: rapid.SampledFrom([]float64{0, 2, 50}).Draw(rt, "jump"), spread: rapid.SampledFrom([]float64{0, 2}).Draw(rt, "spread"),
			spikes: 0.2, at: 1800,
		}
		const rows = 2600
		c := w.rows(rapid.Uint64Range(0, 1e6).Draw(rt, "seed"), rows)
		whole := newModel(rt, cfg)
		whole.Learn(nil, c)
		longest := rapid.SampledFrom([]int{20, rows / 4}).Draw(rt, "longest") // short ones cut the detector's blocks into single rows
		sameModel(rt, whole, inPieces(rt, newModel(rt, cfg), c, longest))
	})
}

func TestMergedShardsHaveTheAlarmsOfAll(t *testing.T) {
	cfg := newtonConfig(2)
	var shards []*Linear
	for i, w := range []world{{jump: 3, at: 3000}, {}, {spread: 2, at: 2500}} {
		m, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		m.Learn(nil, w.rows(uint64(i), 3200))
		shards = append(shards, m)
	}
	merged, err := Merge(shards...)
	if err != nil {
		t.Fatal(err)
	}
	d := merged.Report().Drift
	if !d.Alarm || d.Kind != "jump" || d.Counts[AlarmJump]+d.Counts[AlarmSlope]+d.Counts[AlarmVariance] < 2 {
		t.Errorf("%+v", d)
	}
}

func TestWhatIsIgnoredIsNotWatched(t *testing.T) {
	cfg := newtonConfig(2)
	cfg.OnDrift = DriftIgnore
	m, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	m.Learn(nil, world{jump: 5, at: 3000}.rows(1, 4000))
	if r := m.Report(); r.Drift.Alarm || !math.IsNaN(r.Drift.Statistic) || r.Status != StatusOK {
		t.Errorf("%s, %+v", r.Status, r.Drift)
	}
}
