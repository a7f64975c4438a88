package estimator

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"
)

// TestWideASGD follows a model of more features than a batch fit of the warm-up is worth: what it says of itself, and how close it comes.
func TestWideASGD(t *testing.T) {
	const features, arrived = 300, 8192
	cfg := asgdConfig(features)
	c := clean(3, features, 40_000)
	m := newModel(t, cfg)
	at := 0
	learn := func(to int) Report {
		m.Learn(nil, part(c, at, to))
		at = to
		return m.Report()
	}
	known := func(r Report) (n int) {
		for _, c := range append(r.Coefficients, r.Intercept) {
			if !math.IsNaN(c.SE) {
				n++
			}
		}
		return n
	}
	for _, stage := range []struct {
		rows   int
		status Status
		known  int
	}{{1, StatusWarmup, 0}, {255, StatusWarmup, 0}, {256, StatusWarmup, 0}, {arrived - 1, StatusWarmup, 0}, {arrived, StatusOK, 0}, {4*arrived - 1, StatusOK, 0}, {c.Rows, StatusOK, features + 1}} {
		r := learn(stage.rows)
		if r.Status != stage.status || known(r) != stage.known || r.Solver != "asgd" {
			t.Fatalf("after %d rows: status %s, %d intervals, solver %s; want %s and %d", stage.rows, r.Status, known(r), r.Solver, stage.status, stage.known)
		}
	}
	r, distance, covered := m.Report(), 0.0, 0
	for j, c := range r.Coefficients {
		want := 1 / float64(1+j)
		distance += (c.Value - want) * (c.Value - want)
		if c.Low <= want && want <= c.High {
			covered++
		}
	}
	// The batch fit's error, by its asymptotic variance: Eψ²/(Eψ′)² = 1.55 with a tenth of the rows outliers, and 5/3 on the diagonal of Σ⁻¹.
	batch := 0.5 * math.Sqrt(1.55*5/3*features/float64(c.Rows-features))
	ratio, share := math.Sqrt(distance)/batch, float64(covered)/features
	if ratio > 1.35 {
		t.Errorf("the slopes are %.3f times as far from the true ones as the batch fit's", ratio)
	}
	if share < 0.85 {
		t.Errorf("the 95 %% intervals cover %.3f of the true slopes", share)
	}
	t.Logf("the slopes are %.3f times as far away as the batch fit's, the intervals cover %.3f", ratio, share)
}

func TestWideASGDIgnoresBatchBoundariesAndRestarts(t *testing.T) {
	const features = 300
	c := weighted(4, features, 9000)
	whole, pieces := newModel(t, asgdConfig(features)), newModel(t, asgdConfig(features))
	whole.Learn(nil, c)
	at := 0
	for _, to := range []int{0, 1, 3, 200, 256, 257, 300, 511, 512, 4095, 4097, 8190, 8200, 9000} {
		pieces.Learn(nil, part(c, at, to))
		at = to
		restored, err := Restore(snapshotOf(t, pieces))
		if err != nil {
			t.Fatalf("after %d rows: %v", to, err)
		}
		pieces = restored
	}
	if !bytes.Equal(snapshotOf(t, whole), snapshotOf(t, pieces)) {
		t.Error("the snapshots differ")
	}
}

// TestASGDIsBounded: of a thousand features, state and work do not grow with the rows, and what comes out is close to the truth.
func TestASGDIsBounded(t *testing.T) {
	const features, rows = 1000, 20_000
	m, random := newModel(t, asgdConfig(features)), rand.New(rand.NewPCG(1, 2))
	c := clean(5, features, 500)
	learn := func(from, to int) {
		for i := range c.Rows {
			c.Target[i] = 2 + 0.5*random.NormFloat64()
			for j := range features {
				c.Features[j][i] = float64(j%3) + random.NormFloat64()
				c.Target[i] += c.Features[j][i] / float64(1+j)
			}
		}
		m.Learn(nil, part(c, from, to))
	}
	learn(0, basisRows-1)
	if got, most := len(snapshotOf(t, m)), 3<<20; got > most {
		t.Errorf("a snapshot in the warm-up has %d bytes, want at most %d", got, most)
	}
	for m.Rows().Learned < rows {
		learn(0, c.Rows)
	}
	if got, most := len(snapshotOf(t, m)), 128<<10; got > most {
		t.Errorf("a snapshot has %d bytes, want at most %d", got, most)
	}
	checkFinite(t, m)
	distance := 0.0
	for j, c := range m.Report().Coefficients {
		distance += (c.Value - 1/float64(1+j)) * (c.Value - 1/float64(1+j))
	}
	if batch := 0.5 * math.Sqrt(1.05*features/float64(rows-features)); math.Sqrt(distance) > 2*batch {
		t.Errorf("the slopes are %.3f from the true ones, a batch fit's would be %.3f", math.Sqrt(distance), batch)
	}
	if n := testing.AllocsPerRun(3, func() { m.Learn(nil, c) }); n != 0 {
		t.Errorf("%v allocations a batch", n)
	}
}
