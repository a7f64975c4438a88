package estimator

import (
	"math"
	"math/rand/v2"
	"os"
	"testing"
)

// replications of a simulation: few in every run of the tests, or with LONG=1 as many as the tables in docs/leverage.md are of.
func replications(few, many int) int {
	if os.Getenv("LONG") != "" {
		return many
	}
	return few
}

// farStream makes rows y = 1 + Σ xⱼ + noise; neighbouring columns have correlation ½. Then rows are spoiled.
type farStream struct {
	name     string
	d        int
	x        func(r *rand.Rand) float64
	change   func(r *rand.Rand, i int, x []float64, y float64) float64 // the target
	spoil    func(r *rand.Rand, i int, x []float64)                    // the features, after the target was made
	halfLife float64                                                   // 0: never forgets
	limit    float64                                                   // of the rms error by leverage auto, in that of the fit that knows
	biased   float64                                                   // by how much less than 95 % the intervals may cover, beside chance
}

func normal(r *rand.Rand) float64 { return r.NormFloat64() }

// student3 is heavy-tailed, as returns are.
func student3(r *rand.Rand) float64 {
	a, b, c := r.NormFloat64(), r.NormFloat64(), r.NormFloat64()
	return r.NormFloat64() / math.Sqrt((a*a+b*b+c*c)/3)
}

// columns as they come, and as they would be unspoiled.
func (s farStream) columns(seed uint64, rows int) (spoiled, clean Columns) {
	noise, spoiler := rand.New(rand.NewPCG(seed, 7)), rand.New(rand.NewPCG(seed, 8))
	spoiled, clean = Columns{Rows: rows}, Columns{Rows: rows}
	spoiled.Features, clean.Features = make([][]float64, s.d), make([][]float64, s.d)
	x := make([]float64, s.d)
	for i := range rows {
		y := 1 + noise.NormFloat64()
		for j := range x {
			x[j] = s.x(noise)
			if j > 0 {
				x[j] = 0.5*x[j-1] + math.Sqrt(0.75)*x[j]
			}
			y += x[j]
		}
		if s.change != nil {
			y = s.change(spoiler, i, x, y)
		}
		spoiled.Target = append(spoiled.Target, y)
		for j, v := range x {
			clean.Features[j] = append(clean.Features[j], v)
		}
		if s.spoil != nil {
			s.spoil(spoiler, i, x)
		}
		for j, v := range x {
			spoiled.Features[j] = append(spoiled.Features[j], v)
		}
	}
	clean.Target = spoiled.Target
	return spoiled, clean
}

func (s farStream) config(l Leverage) Config {
	cfg := newtonConfig(s.d)
	if cfg.Leverage = l; s.halfLife > 0 {
		cfg.HalfLife = s.halfLife
	}
	return cfg
}

// whole rows replaced by noise of so many standard deviations.
func spoilRows(share, size float64) func(r *rand.Rand, i int, x []float64) {
	return func(r *rand.Rand, _ int, x []float64) {
		if r.Float64() < share {
			for j := range x {
				x[j] = size * r.NormFloat64()
			}
		}
	}
}

func spoilCells(share, size float64) func(r *rand.Rand, i int, x []float64) {
	return func(r *rand.Rand, _ int, x []float64) {
		for j := range x {
			if r.Float64() < share {
				x[j] = size * r.NormFloat64()
			}
		}
	}
}

var farStreams = []farStream{
	{name: "normal x, d = 5", d: 5, x: normal, limit: 1.01},
	{name: "normal x, 40 % outliers", d: 5, x: normal, limit: 1.01, change: func(r *rand.Rand, _ int, _ []float64, y float64) float64 {
		if r.Float64() < 0.4 {
			return y + math.Copysign(10+40*r.Float64(), r.Float64()-0.5)
		}
		return y
	}},
	{name: "x of Student's t₃, d = 5", d: 5, x: student3, limit: 1.15},
	{name: "x of Student's t₃, d = 20", d: 20, x: student3, limit: 1.1},
	{name: "x of t₃, noise grows with the size of x₀", d: 5, x: student3, limit: 1.2, change: func(r *rand.Rand, _ int, x []float64, y float64) float64 {
		return y + math.Abs(x[0])*r.NormFloat64()
	}},
	{name: "5 % of rows are noise of 100 sd", d: 5, x: normal, spoil: spoilRows(0.05, 100), limit: 1.25},
	{name: "1 % of cells are noise of 20 sd, d = 5", d: 5, x: normal, spoil: spoilCells(0.01, 20), limit: 1.3},
	{name: "1 % of cells are noise of 20 sd, d = 20", d: 20, x: normal, spoil: spoilCells(0.01, 20), limit: 1.5},
	{name: "5 % of cells are noise of 20 sd", d: 5, x: normal, spoil: spoilCells(0.05, 20), limit: 2, biased: 0.1},
	{name: "5 % of cells are noise of 20 sd, d = 20", d: 20, x: normal, spoil: spoilCells(0.05, 20), limit: 3},
	{name: "x of t₃, 1 % of cells are noise of 20 sd", d: 5, x: student3, spoil: spoilCells(0.01, 20), limit: 3, biased: 0.2},
	{name: "2,000 rows of a broken sensor", d: 5, x: normal, limit: 1.15, spoil: func(r *rand.Rand, i int, x []float64) {
		if i >= 8000 && i < 10_000 {
			x[0] = 50 + r.NormFloat64()
		}
	}},
	{name: "a sensor that is stuck in one row of five", d: 5, x: normal, limit: 1.35, spoil: func(r *rand.Rand, i int, x []float64) {
		if i >= 3000 && r.Float64() < 0.2 {
			x[0] = 20
		}
	}},
	{name: "x 20 times as wide from row 5,000 on", d: 5, limit: 1.05, x: normal, change: func(_ *rand.Rand, i int, x []float64, y float64) float64 {
		if i >= 5000 {
			for j, v := range x {
				x[j], y = 20*v, y+19*v
			}
		}
		return y
	}},
	{name: "slopes −1 from row 10,000 on, x of t₃, half-life 500", d: 5, x: student3, halfLife: 500, limit: 1.1, change: func(_ *rand.Rand, i int, x []float64, y float64) float64 {
		if i < 10_000 {
			for _, v := range x {
				y -= 2 * v
			}
		}
		return y
	}},
	{name: "another plane 20 sd away from row 10,000 on, half-life 500", d: 5, x: normal, halfLife: 500, limit: 1.1, change: func(_ *rand.Rand, i int, x []float64, y float64) float64 {
		for j, v := range x {
			if i >= 10_000 {
				x[j], y = v+20, y+20
			} else {
				y -= 2 * v
			}
		}
		return y
	}},
}

// TestGuardLearns holds leverage auto against the fit that knows which cells are spoiled: leverage off, on the rows as they were before.
func TestGuardLearns(t *testing.T) {
	const rows = 20_000
	for _, s := range farStreams {
		t.Run(s.name, func(t *testing.T) {
			var oracle, length float64
			for _, l := range []Leverage{{Off: true}, {Auto: true}, {Cap: 10}, {Cap: 3}} {
				squares, se, covered, guarded, n := 0.0, 0.0, 0, uint64(0), replications(6, 100)
				if l.Cap > 0 && n < 10 {
					continue
				}
				for seed := range n {
					c, clean := s.columns(uint64(seed), rows)
					if l.Off {
						c = clean
					}
					m := newModel(t, s.config(l))
					m.Learn(nil, c)
					for _, b := range m.Report().Coefficients {
						squares += (b.Value - 1) * (b.Value - 1) / float64(s.d*n)
						se += b.SE
						if b.Low <= 1 && 1 <= b.High {
							covered++
						}
					}
					guarded += m.Rows().Guarded
				}
				rms := math.Sqrt(squares)
				if l.Off {
					oracle, length = rms, se
				}
				share, chance := float64(covered)/float64(s.d*n), 4*math.Sqrt(0.95*0.05/float64(s.d*n))
				t.Logf("%-5v rms error %.5f, ratio %.3f, coverage %.3f, %.2f %% guarded", l, rms, rms/oracle, share, float64(guarded)/float64(rows*n)*100)
				if !l.Auto {
					continue
				}
				if rms > s.limit*oracle {
					t.Errorf("%.3f of the error of the fit that knows, want at most %v", rms/oracle, s.limit)
				}
				if least := 0.95 - s.biased - chance; share < least {
					t.Errorf("the intervals cover %.3f, want at least %.3f", share, least)
				}
				if se > 1.1*s.limit*length {
					t.Errorf("the standard errors are %.3f times those of the fit that knows", se/length)
				}
			}
		})
	}
}

// A feature that runs away from where the warm-up saw it, as time does, is not guarded away while its rows lie on the plane: also without noise.
func TestGuardTrustsWhatRunsAwayOnThePlane(t *testing.T) {
	const rows = 100_000
	for _, solver := range []string{solverNewton, solverASGD} {
		for _, noise := range []float64{0, 1e-9, 1, 100} {
			r := rand.New(rand.NewPCG(1, 9))
			c := Columns{Rows: rows, Features: make([][]float64, 1)}
			for i := range rows {
				y := 5 + 0.01*float64(i) + noise*r.NormFloat64()
				if i%10 == 0 {
					y += 50 * noise // spikes
				}
				c.Features[0], c.Target = append(c.Features[0], 1.7e9+float64(i)), append(c.Target, y)
			}
			cfg := newtonConfig(1)
			cfg.Solver = solver
			m := newModel(t, cfg)
			m.Learn(nil, c)
			got := m.Report()
			if got.Rows.Guarded > 100 {
				t.Errorf("%s, noise %v: %d rows of %d were guarded", solver, noise, got.Rows.Guarded, rows)
			}
			if slope := got.Coefficients[0]; !(slope.Low < 0.01 && slope.High > 0.01) {
				t.Errorf("%s, noise %v: slope %+v, want 0.01", solver, noise, slope)
			}
		}
	}
}

// Reset is for an alarm: what was learned of far rows is forgotten.
func TestGuardForgetsAtAnAlarm(t *testing.T) {
	g := newGuard(Leverage{Auto: true}, 1, 1)
	at := []float64{50}
	fresh := g.weight(at, 50)
	for range 500 {
		g.count(at, 50, g.weight(at, 50), verdict{inside: true})
		g.count([]float64{1}, 1, 1, verdict{inside: true})
	}
	if v := g.weight(at, 50); v != 1 || fresh > 0.1 {
		t.Fatalf("weights %v, and %v after 500 rows on the plane", fresh, v)
	}
	if g.reset(); g.weight(at, 50) != fresh {
		t.Errorf("weight %v after the alarm, want %v", g.weight(at, 50), fresh)
	}
}
