package goodness

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/streamfit/streamfit/estimator"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*math.Abs(want)) {
		t.Errorf("%s is %v, want %v within %v of it", what, got, want, tolerance)
	}
}

func TestQuantilesNextToSortedOnes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.OneOf(rapid.Float64Range(-1e6, 1e6), rapid.Float64Range(-1e-3, 1e-3), rapid.Just(0.0)), 1, 300).Draw(t, "residuals")
		r := NewResiduals()
		for _, v := range values {
			r.Add(v)
		}
		slices.Sort(values)
		for _, p := range []float64{0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1} {
			want, got := values[int(p*float64(len(values)-1))], r.Quantile(p)
			if math.Abs(got-want) > 1.001*Accuracy*math.Abs(want)+1e-300 || (p == 0 || p == 1) && got != want {
				t.Fatalf("quantile %v of %d residuals is %v, want %v", p, len(values), got, want)
			}
		}
	})
}

func TestResidualsAtTheEndsOfTheNumbers(t *testing.T) {
	r := NewResiduals()
	if !math.IsNaN(r.Quantile(0.5)) || !math.IsNaN(r.Quantile(0)) {
		t.Error("quantiles of nothing are numbers")
	}
	for _, v := range []float64{math.NaN(), math.Inf(1), -math.MaxFloat64, 5e-324} {
		r.Add(v)
	}
	if r.Rows() != 3 || r.Quantile(0) > -1e307 || r.Quantile(1) < 1e307 || math.Abs(r.Quantile(0.5)) > 1e-300 {
		t.Errorf("%d rows from %v over %v to %v", r.Rows(), r.Quantile(0), r.Quantile(0.5), r.Quantile(1))
	}
}

func TestHistogramNextToCounting(t *testing.T) {
	r, random := NewResiduals(), rand.New(rand.NewPCG(1, 2))
	edges, want := []float64{-3, -2, -1, 0, 1, 2, 3}, make([]float64, 6)
	for range 100_000 {
		v := random.NormFloat64()
		r.Add(v)
		if i := int(math.Floor(v)) + 3; i >= 0 && i < 6 {
			want[i]++
		}
	}
	for i, got := range r.Histogram(edges) {
		near(t, "count", got, want[i], 0.01)
	}
	lone := NewResiduals()
	lone.Add(2)
	if got := lone.Histogram([]float64{0, 1, 2}); got[1] != 1 {
		t.Errorf("one residual at the last edge: %v", got)
	}
}

// totalLoss of targets under the Huber loss with a constant.
func totalLoss(y []float64, constant, knee float64) (sum float64) {
	for _, v := range y {
		sum += huber(v-constant, knee)
	}
	return sum
}

// rowsWithOutliers are far from 0, and a fifth of them lie farther still to one side.
func rowsWithOutliers(n int) []float64 {
	random, y := rand.New(rand.NewPCG(3, 4)), make([]float64, n)
	for i := range y {
		y[i] = 1e6 + random.NormFloat64()
		if random.IntN(5) == 0 {
			y[i] += 1000
		}
	}
	return y
}

func TestConstantIsTheBest(t *testing.T) {
	y := rowsWithOutliers(50_000)
	for _, knee := range []float64{0.05, 1.345, 10} {
		var c constant
		for i, v := range y {
			c.learn(v, knee)
			if n := i + 1; n == 1 || n == 2 || n == 64 || n == 1024 {
				best := totalLoss(y[:n], c.value, knee)
				for _, apart := range []float64{1e-3, 0.1, 1} {
					if l := min(totalLoss(y[:n], c.value-apart, knee), totalLoss(y[:n], c.value+apart, knee)); l < best {
						t.Errorf("knee %v: after %d rows the loss of %v is %v, %v aside %v", knee, n, c.value, best, apart, l)
					}
				}
			}
		}
		best := totalLoss(y, c.value, knee)
		for apart := -0.5; apart < 0.5; apart += 0.01 {
			if l := totalLoss(y, c.value+apart, knee); l < best*(1-1e-6) {
				t.Errorf("knee %v: the loss of %v is %v, %v aside %v", knee, c.value, best, apart, l)
			}
		}
	}
	var mean constant
	sum := 0.0
	for _, v := range y {
		mean.learn(v, math.Inf(1))
		sum += v
	}
	near(t, "the constant without a knee", mean.value, sum/float64(len(y)), 1e-12)
}

func predictions(y []float64, predict func(i int) float64, knee float64) estimator.Predicted {
	p := estimator.Predicted{Target: y}
	for i := range y {
		p.Prediction, p.Knee = append(p.Prediction, predict(i)), append(p.Knee, knee)
	}
	return p
}

// A model whose residuals are half those from the true constant: R² is 1 − ¼ without a knee, whatever the first prediction was.
func TestR2LeavesTheFirstRowsOut(t *testing.T) {
	random, y := rand.New(rand.NewPCG(5, 6)), make([]float64, 40_000)
	for i := range y {
		y[i] = 1e9 + random.NormFloat64()
	}
	f := NewFit(nil)
	f.Add(predictions(y, func(i int) float64 {
		if i < 31 {
			return 0
		}
		return (y[i] + 1e9) / 2
	}, math.Inf(1)))
	near(t, "R²", f.R2(3), 0.75, 1e-3)

	rows := NewFit(nil)
	rows.Add(predictions(y[:127], func(int) float64 { return 1e9 }, 1))
	if r2 := rows.R2(32); !math.IsNaN(r2) {
		t.Errorf("R² of 127 rows and 32 coefficients is %v, want none before 128", r2)
	}
	if r2 := rows.R2(8); !(r2 > -0.5 && r2 < 0.5) {
		t.Errorf("R² of a constant is %v", r2)
	}
}

func TestHoldout(t *testing.T) {
	y := rowsWithOutliers(5000)
	f := NewFit(nil)
	f.Add(predictions(y[:4000], func(int) float64 { return 1e6 }, 1.345))
	h := f.Holdout()
	h.Add(predictions(y[4000:], func(int) float64 { return 1e6 }, 1.345))

	var loss, absolute, square, constant float64
	outliers, c := uint64(0), f.constant.value
	for _, v := range y[4000:] {
		r := v - 1e6
		loss, absolute, square, constant = loss+huber(r, 1.345), absolute+math.Abs(r), square+r*r, constant+huber(v-c, 1.345)
		if math.Abs(r) > 1.345 {
			outliers++
		}
	}
	gotLoss, mae, rmse := h.Loss()
	near(t, "loss", gotLoss, loss/1000, 1e-12)
	near(t, "MAE", mae, absolute/1000, 1e-12)
	near(t, "RMSE", rmse, math.Sqrt(square/1000), 1e-12)
	near(t, "loss by the constant's", 1-h.R2(2), loss/constant, 1e-12)
	if h.Rows() != 1000 || h.Outliers != outliers || h.constant.value != c {
		t.Errorf("%d rows, %d outliers, constant %v; want 1000, %d, %v", h.Rows(), h.Outliers, h.constant.value, outliers, c)
	}
}

type absoluteLoss struct{}

func (absoluteLoss) Value(prediction, target float64) float64 { return math.Abs(prediction - target) }

func TestLossOfTheModelsOwn(t *testing.T) {
	f := NewFit(absoluteLoss{})
	f.Add(predictions([]float64{1, 2, 6}, func(int) float64 { return 0 }, math.Inf(1)))
	if loss, _, _ := f.Loss(); loss != 3 {
		t.Errorf("mean loss %v, want 3", loss)
	}
}

// Values of erfc(|z|/√2) by mpmath 1.3.0 with 40 digits.
func TestZTest(t *testing.T) {
	for z, want := range map[float64]float64{
		0: 1, 0.5: 0.617075077451973793, 1.959963984540054: 0.05, -3: 0.00269979606326018905, 8: 1.24419211485435682e-15,
		20: 5.50724823721246739e-89, -37: 1.14511424450491536e-299,
	} {
		gotZ, p := ZTest(z*4, 4)
		if gotZ != z {
			t.Errorf("z is %v, want %v", gotZ, z)
		}
		near(t, "p", p, want, 1e-12)
	}
	for _, c := range [][2]float64{{1, 0}, {1, math.NaN()}, {1, -1}, {1, math.Inf(1)}, {math.NaN(), 1}} {
		if z, p := ZTest(c[0], c[1]); !math.IsNaN(z) || !math.IsNaN(p) {
			t.Errorf("value %v, standard error %v: z %v, p %v; want none", c[0], c[1], z, p)
		}
	}
}

func TestAddAllocatesNothing(t *testing.T) {
	y := rowsWithOutliers(4096)
	f, p := NewFit(nil), predictions(y, func(int) float64 { return 1e6 }, 1.345)
	f.Add(p)
	if n := testing.AllocsPerRun(10, func() { f.Add(p) }); n > 0 {
		t.Errorf("%v allocations for 4096 rows", n)
	}
}

func BenchmarkAdd(b *testing.B) {
	p := predictions(rowsWithOutliers(4096), func(int) float64 { return 1e6 }, 1.345)
	f := NewFit(nil)
	for b.Loop() {
		f.Add(p)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*4096), "ns/row")
}
