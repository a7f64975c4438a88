package estimator

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// attacks on the slopes of y = 3 + 2a − b: what they make of a row.
var attacks = []struct {
	name string
	from int // row
	make func(r *rand.Rand, i int, a, b, y *float64)
	far  []string // the columns of which the report must say that it cannot tell
}{
	{name: "one row in a hundred has features of 1e3", make: farRows(100, 1e3, 0)},
	{name: "one row in a hundred has features of 1e6", make: farRows(100, 1e6, 0)},
	{name: "one row in a hundred has features of 1e9", make: farRows(100, 1e9, 0)},
	{name: "one row in a hundred has features of 1e12", make: farRows(100, 1e12, 0)},
	{name: "one row in a hundred has features of 1e15", make: farRows(100, 1e15, 0)},
	{name: "one row in a hundred has features of 1e30", make: farRows(100, 1e30, 0)},
	{name: "one row in a hundred has features of 1e60", make: farRows(100, 1e60, 0)},
	{name: "one row in a hundred has features and target of 1e9", make: farRows(100, 1e9, 1e9)},
	{name: "one row in a hundred has features and target of 1e30", make: farRows(100, 1e30, 1e30)},
	{name: "one row in ten has features of 1e12", make: farRows(10, 1e12, 0)},
	{name: "one row in three has features of 1e12", make: farRows(3, 1e12, 0)},
	{name: "one row in a hundred is ten times as far as the last one", make: func(r *rand.Rand, i int, a, b, y *float64) {
		if i%100 == 50 {
			*a, *b = math.Pow(10, float64(i%4000/100))*sign(r), math.Pow(10, float64(i%4000/100))*sign(r)
		}
	}},
	{name: "the same, after the warm-up", from: 2000, make: farRows(100, 1e12, 0)},
	{name: "a feature is multiplied by 1e12 for the last quarter", from: 15_000, make: func(_ *rand.Rand, _ int, a, _, _ *float64) { *a *= 1e12 }, far: []string{"a"}},
	{name: "a feature is stuck at 1e12 for the last quarter", from: 15_000, make: func(_ *rand.Rand, _ int, _, b, _ *float64) { *b = 1e12 }, far: []string{"b"}},
}

func farRows(every int, x, y0 float64) func(r *rand.Rand, i int, a, b, y *float64) {
	return func(r *rand.Rand, i int, a, b, y *float64) {
		if i%every == every/2 {
			if *a, *b = x*sign(r), x*sign(r); y0 != 0 {
				*y = y0
			}
		}
	}
}

func sign(r *rand.Rand) float64 { return float64(2*r.IntN(2) - 1) }

// No attacker who has less than half of the rows moves a slope far, by features of any size, and where the guard cannot tell the report says so.
func TestGuardStandsAttacks(t *testing.T) {
	const rows = 20_000
	for _, solver := range []string{solverNewton, solverASGD} {
		for _, attack := range attacks {
			t.Run(fmt.Sprint(solver, ", ", attack.name), func(t *testing.T) {
				r := rand.New(rand.NewPCG(1, 2))
				c := Columns{Rows: rows, Features: make([][]float64, 2)}
				for i := range rows {
					a, b := r.NormFloat64(), r.NormFloat64()
					y := 3 + 2*a - b + r.NormFloat64()
					if i >= attack.from {
						attack.make(r, i, &a, &b, &y)
					}
					c.Features[0], c.Features[1], c.Target = append(c.Features[0], a), append(c.Features[1], b), append(c.Target, y)
				}
				cfg := newtonConfig(2)
				cfg.Solver, cfg.Features = solver, []string{"a", "b"}
				m := newModel(t, cfg)
				m.Learn(nil, c)
				got := m.Report()
				t.Logf("%.5f ± %.5f, %.5f ± %.5f, status %s, far %v, %d guarded", got.Coefficients[0].Value, got.Coefficients[0].SE, got.Coefficients[1].Value, got.Coefficients[1].SE, got.Status, got.Far, got.Rows.Guarded)
				for j, want := range []float64{2, -1} {
					if c := got.Coefficients[j]; math.Abs(c.Value-want) > 0.05 {
						t.Errorf("slope %+v, want %v", c, want)
					}
				}
				want := StatusOK
				if len(attack.far) > 0 {
					want = StatusDegenerate
				}
				if got.Status != want || fmt.Sprint(got.Far) != fmt.Sprint(attack.far) {
					t.Errorf("status %s, far %v; want %s, %v", got.Status, got.Far, want, attack.far)
				}
			})
		}
	}
}

// Where x moves away to stay, the report says that it cannot tell, until the rows there are the majority and the model has followed them.
func TestGuardFollowsAMajority(t *testing.T) {
	s := farStreams[len(farStreams)-1] // another plane 20 sd away from row 10,000 on, half-life 500
	c, _ := s.columns(1, 20_000)
	m := newModel(t, s.config(Leverage{Auto: true}))
	doubted := 0
	for at := 0; at < c.Rows; at += 100 {
		m.Learn(nil, part(c, at, at+100))
		switch got := m.Report(); {
		case got.Status == StatusDegenerate && len(got.Far) > 0 && at >= 10_000:
			doubted++
		case at >= 2000 && got.Status != StatusOK && got.Status != StatusDrift:
			t.Fatalf("row %d: status %s, far %v", at, got.Status, got.Far)
		}
	}
	t.Logf("could not tell for %d rows", 100*doubted)
	if got := m.Report(); doubted == 0 || got.Status == StatusDegenerate {
		t.Errorf("status %s in the end, %d reports of 100 could not tell", got.Status, doubted)
	}
}
