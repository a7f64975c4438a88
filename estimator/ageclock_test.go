package estimator

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// Wrong clocks: a few rows that come from the future, or the past, move nothing.
func TestOneWrongClockForgetsNothing(t *testing.T) {
	for name, wrong := range map[string]float64{"of the future": 1e9, "of the past": -1e9} {
		for _, at := range []int{0, 700, 2500} { // the first row, in the warm-up, after it
			cfg := newtonConfig(2)
			cfg.HalfLifeTime = 500
			c := clean(12, 2, 4000)
			c.Time = make([]float64, c.Rows)
			for i := range c.Time {
				c.Time[i] = november + float64(i)
			}
			want := learned(t, cfg, c).Report()
			for i := at; i < at+3; i++ {
				c.Time[i] += wrong
			}
			got := learned(t, cfg, c).Report()
			if relative(got.Effective, want.Effective) > 0.02 {
				t.Errorf("%s from row %d on: %v effective rows, with right clocks %v", name, at, got.Effective, want.Effective)
			}
			for j, b := range got.Coefficients {
				if math.Abs(b.Value-want.Coefficients[j].Value) > b.SE {
					t.Errorf("%s from row %d on: %+v, with right clocks %+v", name, at, b, want.Coefficients[j])
				}
			}
		}
	}
}

// Rows ahead are a new time when they are eight more than those on time, and then it is the one that most of them lead up to. Late rows do not stand against it.
func TestRowsAheadAreBelieved(t *testing.T) {
	a := &age{halfLife: 10}
	for range witnesses {
		a.see(0)
	}
	for i, seconds := range []float64{1000, 1003, 1, 1e6, -900, 1001, 2, 1004, -900, 1005, 1002, 1006, 1007} {
		if gone, _ := a.see(seconds); gone > 0.1 {
			t.Fatalf("row %d at %v s is believed", i, seconds)
		}
	}
	if gone, late := a.see(1001); a.newest != 1007 || math.Abs(gone-100.5) > 1e-9 || math.Abs(late-0.6) > 1e-9 {
		t.Errorf("after ten rows from 1000 s on, and two others, it is %v s, %v half-lives later, and a row is late by %v", a.newest, gone, late)
	}
	for range 10_000 { // as many rows are ahead as are not
		a.see(1010)
		if a.see(9999); a.newest > 1010 {
			t.Fatal("the half of the rows is believed")
		}
	}
	a = &age{halfLife: 10, weight: 1600}
	a.see(0)
	for n := range 99 {
		if a.see(1000); a.newest != 0 {
			t.Fatalf("%d rows are believed where 1,600 are remembered", n+1)
		}
	}
	if a.see(1000); a.newest != 1000 {
		t.Errorf("a hundred rows are not believed: %v s", a.newest)
	}
}

// clocked rows, one a second.
func clocked(c Columns) Columns {
	c.Time = make([]float64, c.Rows)
	for i := range c.Time {
		c.Time[i] = november + float64(i)
	}
	return c
}

// nearly tells whether a model is as certain of its coefficients as the other one, and gives the same within standard errors.
func nearly(t *testing.T, what string, got, want Report, effective, errors float64) {
	t.Helper()
	if relative(got.Effective, want.Effective) > effective {
		t.Errorf("%s: %v effective rows, with right clocks %v", what, got.Effective, want.Effective)
	}
	for j, b := range got.Coefficients {
		if !(math.Abs(b.Value-want.Coefficients[j].Value) <= errors*want.Coefficients[j].SE) {
			t.Errorf("%s: %+v, with right clocks %+v", what, b, want.Coefficients[j])
		}
	}
}

// A share of the clocks is wrong all the time, those of one device of many: of the future, all alike or each otherwise, or of the past.
func TestWrongClocksOfOneDeviceForgetNothing(t *testing.T) {
	for name, wrong := range map[string]func(*rand.Rand) float64{
		"days ahead": func(*rand.Rand) float64 { return 3 * 86400 }, "somewhere ahead": func(r *rand.Rand) float64 { return 1e9 * r.Float64() },
		"1970": func(*rand.Rand) float64 { return -november }, "anywhere": func(r *rand.Rand) float64 { return 1e9 * r.NormFloat64() },
	} {
		for _, percent := range []int{1, 5, 15} {
			cfg := newtonConfig(2)
			cfg.HalfLifeTime = 500
			c := clocked(clean(12, 2, 6000))
			want := learned(t, cfg, c).Report()
			random := rand.New(rand.NewPCG(uint64(percent), 6))
			for i := range c.Time {
				if random.IntN(100) < percent && (percent < 6 || i > 1024) { // in the warm-up fewer are borne
					c.Time[i] += wrong(random)
				}
			}
			nearly(t, fmt.Sprint(percent, " % ", name), learned(t, cfg, c).Report(), want, 0.3, 1.5)
		}
	}
}

// Clocks that are wrong for a while set the time, which is taken back when they are right again: what was known is gone, but not for good.
func TestWrongClocksAreTakenBack(t *testing.T) {
	for _, rows := range []int{4, 8, 40, 1000} {
		cfg := newtonConfig(2)
		cfg.HalfLifeTime, cfg.OnDrift = 500, DriftAlarm
		c := clocked(clean(12, 2, 13_000))
		want := learned(t, cfg, c).Report()
		for i := 3000; i < 3000+rows; i++ {
			c.Time[i] += 1e8
		}
		m := newModel(t, cfg)
		m.Learn(nil, part(c, 0, 8000))
		if late := c.Time[7999] - m.solver.(*newton).age.newest; late != 0 {
			t.Errorf("%d wrong clocks: thousands of rows later the newest time is off by %v s", rows, late)
		}
		m.Learn(nil, part(c, 8000, c.Rows))
		nearly(t, fmt.Sprint(rows, " wrong clocks"), m.Report(), want, 0.02, 0.5)
		if d := m.Drift(); d.LastAlarmRow >= 0 {
			t.Errorf("%d wrong clocks raise an alarm: %+v", rows, d)
		}
	}
}

// One of ten devices is a day ahead and goes on to be, after its rows have set the time: in a warm-up, or while the others were away.
func TestADeviceWithAWrongClockIsOutvoted(t *testing.T) {
	for name, away := range map[string]func(i int) bool{
		"from the start": func(int) bool { return false }, "while the others were away": func(i int) bool { return i < 4000 || i >= 5000 && i < 5500 },
	} {
		cfg := newtonConfig(2)
		cfg.HalfLifeTime, cfg.OnDrift = 1000, DriftIgnore
		c := clocked(clean(12, 2, 20_000))
		for i := range c.Time {
			wrong := i%10 == 0
			if name != "from the start" {
				wrong = i >= 5000 && (wrong || away(i))
			}
			if wrong {
				c.Time[i] += 86400
				c.Target[i] += 3
			}
		}
		m := learned(t, cfg, c)
		r, s := m.Report(), m.solver.(*newton)
		if ahead := s.age.newest - c.Time[c.Rows-2]; ahead > 10 || math.Abs(r.Intercept.Value-2) > 0.2 {
			t.Errorf("%s: the newest time is %v s ahead, intercept %+v", name, ahead, r.Intercept)
		}
	}
}

// After a pause the time goes on with a few rows, too, if they come slowly: what was learned before it ages.
func TestSlowRowsAfterAPauseAreBelieved(t *testing.T) {
	cfg := newtonConfig(2)
	cfg.HalfLifeTime = 2000
	c := clocked(clean(12, 2, 20_020))
	for i := 20_000; i < c.Rows; i++ {
		c.Time[i] = c.Time[19_999] + 6000 + 150*float64(i-20_000)
	}
	m := learned(t, cfg, part(c, 0, 20_000))
	before := m.Report().Effective
	m.Learn(nil, part(c, 20_000, c.Rows))
	if after := m.Report().Effective; after > before/6 {
		t.Errorf("%v rows count after a pause of three half-lives and 20 rows in another, before it %v", after, before)
	}
}

// Each pass begins with a clock that is wrong, or with a few.
func TestFurtherPassesBearAWrongFirstClock(t *testing.T) {
	for _, wrong := range []float64{1e9, -1e9} {
		for _, rows := range []int{1, 3, 7} {
			cfg := newtonConfig(2)
			cfg.HalfLifeTime, cfg.OnDrift = 5000, DriftIgnore
			c := clocked(clean(12, 2, 3000))
			passes := func() Report {
				m := newModel(t, cfg)
				for range 3 {
					m.Learn(nil, c)
					m.EndPass()
				}
				return m.Report()
			}
			want := passes()
			for i := range rows {
				c.Time[i] += wrong
			}
			nearly(t, fmt.Sprintf("the first %d of a pass by %v s", rows, wrong), passes(), want, 0.05, 0.3)
		}
	}
}

// Old rows that come again, of another world, are no alarm, and the model is that of the rows of now alone.
func TestOldRowsRaiseNoAlarm(t *testing.T) {
	for _, onDrift := range []string{DriftAlarm, DriftAdapt} {
		cfg := newtonConfig(2)
		cfg.HalfLifeTime, cfg.OnDrift = 500, onDrift
		c := clocked(clean(12, 2, 8100))
		isOld := func(i int) bool { return i >= 5000 && i < 5900 || i >= 5900 && i < 8000 && i%2 != 0 } // at first on end
		var now []int
		for i := range c.Rows {
			if !isOld(i) {
				now = append(now, i)
			}
			if i >= 8000 {
				c.Target[i] += 10
			}
		}
		alone := rowsOfColumns(c, now)
		for i := range c.Rows {
			if isOld(i) {
				c.Time[i], c.Target[i] = november-90*86400+float64(i), 1000-c.Target[i]
			}
		}
		m, want := newModel(t, cfg), newModel(t, cfg)
		m.Learn(nil, part(c, 0, 8000))
		want.Learn(nil, part(alone, 0, 6050))
		if d := m.Drift(); d.LastAlarmRow >= 0 {
			t.Errorf("on_drift %s: %+v", onDrift, d)
		}
		nearly(t, "on_drift "+onDrift, m.Report(), want.Report(), 1e-6, 0.2)
		m.Learn(nil, part(c, 8000, 8100))
		if d := m.Drift(); d.Kind != "jump" || d.LastAlarmRow < 8000 {
			t.Errorf("on_drift %s: a jump after it is %+v", onDrift, d)
		}
	}
}

// rowsOfColumns are a part of them, in a copy.
func rowsOfColumns(c Columns, rows []int) Columns {
	out := Columns{Rows: len(rows), Features: make([][]float64, len(c.Features))}
	for _, i := range rows {
		for j := range c.Features {
			out.Features[j] = append(out.Features[j], c.Features[j][i])
		}
		out.Target, out.Time = append(out.Target, c.Target[i]), append(out.Time, c.Time[i])
	}
	return out
}

// A shard of a few rows, whose clocks are ahead, does not age the others.
func TestMergeBearsAShardOfAFewWrongClocks(t *testing.T) {
	cfg := newtonConfig(2)
	cfg.HalfLifeTime = 800
	c := clocked(clean(4, 2, 6000))
	one, few := newModel(t, cfg), newModel(t, cfg)
	one.Learn(nil, part(c, 0, 5990))
	for i := 5990; i < 5995; i++ {
		c.Time[i] += 1e9
	}
	few.Learn(nil, part(c, 5990, 5995))
	merged, err := Merge(few, one)
	if err != nil {
		t.Fatal(err)
	}
	nearly(t, "merged", merged.Report(), one.Report(), 0.02, 0.5)
}
