package estimator

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// adversary draws rows that are hard on P: scales from 1e-12 to 1e12 with offsets, a column that is almost another, one that is a trend, one that is almost
// always 0, a weight now and then that is huge or tiny, and, with forgetting, stretches in which columns stand still.
type adversary struct {
	r      *rand.Rand
	row    int
	stands bool
	c      Columns
}

const adversaryFeatures = 6

func (a *adversary) next(rows int) Columns {
	if a.c.Rows != rows {
		a.c = Columns{Rows: rows, Features: make([][]float64, adversaryFeatures), Target: make([]float64, rows), Weights: make([]float64, rows)}
		for j := range a.c.Features {
			a.c.Features[j] = make([]float64, rows)
		}
	}
	for i := range rows {
		u := func() float64 { return 3.5 * (a.r.Float64() - 0.5) } // uniform with a variance of about 1
		z := [adversaryFeatures]float64{u(), u(), 0, float64(a.row) / 1e6, 0, u()}
		if still := a.row / 100_000 % 3; a.stands && still > 0 {
			z[1], z[5] = 0.1, 0.1*float64(still)
		}
		z[2] = z[0] + 2e-3*u()
		if a.r.IntN(100) == 0 {
			z[4] = 1
		}
		y := u()
		for j, v := range z {
			a.c.Features[j][i] = []float64{1e-12, 1, 1e3, 1e12, 1, 1e-3}[j] * (v + []float64{0, 1e6, 10, 5, 0, 1e3}[j])
			y += v
		}
		w := 1.0
		switch a.r.IntN(1000) {
		case 0:
			w = 1e3
		case 1:
			w = 1e-6
		}
		a.c.Target[i], a.c.Weights[i] = y, w
		a.row++
	}
	return a.c
}

// TestLongRun holds P of the squared loss, without forgetting, against the inverse of the information that it stands for, and with forgetting to what a
// covariance must be. LONG=1, or make long-run, is 10⁹ rows.
func TestLongRun(t *testing.T) {
	for _, s := range []struct {
		halfLife float64
		loss     string
	}{{math.Inf(1), "half-squared"}, {math.Inf(1), "huber"}, {1e3, "huber"}, {1e6, "huber"}} {
		t.Run(fmt.Sprintf("%s, half-life %v", s.loss, s.halfLife), func(t *testing.T) {
			t.Parallel()
			cfg := newtonConfig(adversaryFeatures)
			cfg.Loss.Name, cfg.HalfLife, cfg.Leverage = s.loss, s.halfLife, Leverage{Off: true}
			m, a := newModel(t, cfg), adversary{r: rand.New(rand.NewPCG(1, 1)), stands: !math.IsInf(s.halfLife, 1)}
			size := adversaryFeatures + 1
			h, rows, total := make([]float64, size*size), 10_000, replications(1e6, 1e9)
			for a.row < total {
				c := a.next(rows)
				m.Learn(nil, c)
				if n := m.solver.(*newton); a.row == rows { // the basis stands: what the rows of the warm-up said
					copy(h, invertDefinite(n.dense(), size))
					continue
				}
				addInformation(h, &m.solver.(*newton).fit, c)
				if a.row == 10_000_000 || a.row%100_000_000 == 0 {
					t.Logf("%d rows", a.row)
					checkDefinite(t, m.solver.(*newton))
				}
			}
			n := m.solver.(*newton)
			least := checkDefinite(t, n)
			checkFinite(t, m)
			if want := trendEigenvalue(a.row, s.halfLife); s.halfLife == 1e6 && a.row >= 10*1e6 && least < 0.5*want {
				t.Errorf("least eigenvalue %.3g; the trend's distance from its centre alone explains %.3g", least, want)
			}
			if s.loss == "half-squared" {
				var identity mat.Dense
				mirror(h, size)
				identity.Mul(mat.NewDense(size, size, n.dense()), mat.NewDense(size, size, h))
				furthest := 0.0
				for i := range size {
					for j := range size {
						scale := math.Sqrt(n.variance(i) * h[j*size+j])
						furthest = max(furthest, math.Abs(identity.At(i, j)-float64(1-min(1, (i-j)*(i-j))))/max(1, scale))
					}
				}
				t.Logf("%d rows: PH is %.2g from the identity", a.row, furthest)
				if furthest > 1e-8 {
					t.Errorf("PH is %v from the identity", furthest)
				}
			}
		})
	}
}

func addInformation(h []float64, b *basis, c Columns) {
	z, x := make([]float64, len(b.center)+1), make([]float64, len(b.center))
	for i := range c.Rows {
		for j := range x {
			x[j] = c.Features[j][i]
		}
		b.standardise(z, x)
		addOuter(h, c.Weights[i], z)
	}
}

// trendEigenvalue is the least eigenvalue of the correlations of intercept and trend, after so many rows: those that are remembered lie τ = halfLife/ln 2 rows
// about a mean that is τ back from the newest, and the centre of the basis is where the stream began.
func trendEigenvalue(rows int, halfLife float64) float64 {
	spread := halfLife / math.Ln2
	mean := max(0, float64(rows)-spread)
	return 1 - mean/math.Hypot(mean, spread)
}

func checkDefinite(t *testing.T, s *newton) (least float64) {
	t.Helper()
	size := len(s.beta)
	p := mat.NewSymDense(size, s.dense())
	for i := range size { // as correlations
		for j := i; j < size; j++ {
			p.SetSym(i, j, s.row(i)[j]/math.Sqrt(s.variance(i)*s.variance(j)))
		}
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(p, false) {
		t.Fatalf("P has no eigenvalues: %v", s.dense())
	}
	least = eigen.Values(nil)[0]
	t.Logf("least eigenvalue of P as correlations: %.3g", least)
	if !(least > 0) {
		t.Errorf("P is not positive definite: least eigenvalue %v", least)
	}
	return least
}

// P that is not definite any more becomes so, and is hardly changed.
func TestMendMakesPDefinite(t *testing.T) {
	s := newNewton(newtonConfig(2))
	before := []float64{1 - 1e-9, 2, 3, 2, 4, 6, 3, 6, 9}
	s.setDense(before)
	s.mend()
	checkDefinite(t, s)
	for i, v := range s.dense() {
		if math.Abs(v-before[i]) > 1e-7 {
			t.Errorf("element %d was %v and is %v", i, before[i], v)
		}
	}
}
