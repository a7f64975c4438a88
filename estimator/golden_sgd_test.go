package estimator

import (
	"bytes"
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// goldenFit is one fit of golden/sgd.py: scikit-learn's settings, and what came of them.
type goldenFit struct {
	Data         int
	Loss         string
	Epsilon      float64
	LearningRate string `json:"learning_rate"`
	Eta0         float64
	PowerT       float64 `json:"power_t"`
	Alpha        float64
	Penalty      *string
	L1Ratio      float64 `json:"l1_ratio"`
	Average      int64
	FitIntercept bool `json:"fit_intercept"`
	Weighted     bool
	Passes       int
	Raises       bool
	Tolerance    float64 // where scikit-learn's own answer moves by more than 1e-12 when its inputs move by an ulp
	Coef         []float64
	Intercept    float64
}

type goldenSGD struct {
	MadeBy map[string]string `json:"made_by"`
	Data   []struct {
		Name   string
		Recipe goldenRecipe
		Zero   bool // the features of rows 3, 10, 17, … are 0
		Probe  goldenProbe
	}
	Fits []goldenFit
}

// ourLoss under scikit-learn's names.
var ourLoss = map[string]string{
	"huber": "huber", "squared_error": "half-squared",
	"epsilon_insensitive": "epsilon-insensitive", "squared_epsilon_insensitive": "squared-epsilon-insensitive",
}

func (f goldenFit) config(features int) Config {
	c := DefaultConfig()
	for j := range features {
		c.Features = append(c.Features, fmt.Sprintf("x%d", j))
	}
	c.Solver, c.Loss.Name, c.Loss.Epsilon = "sgd", ourLoss[f.Loss], f.Epsilon
	if f.Loss == "huber" {
		c.Delta = Knee{Value: f.Epsilon}
	}
	c.SGD = SGD{
		LearningRate: f.LearningRate, Eta0: f.Eta0, PowerT: f.PowerT, Alpha: f.Alpha, Penalty: "none", L1Ratio: f.L1Ratio,
		Average: f.Average, FitIntercept: f.FitIntercept,
	}
	if f.Penalty != nil {
		c.SGD.Penalty = *f.Penalty
	}
	return c
}

// model of the fit that has seen no row.
func (f goldenFit) model(t *testing.T, c Columns) *Linear {
	t.Helper()
	m, err := New(f.config(len(c.Features)))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// learn all passes.
func (f goldenFit) learn(t *testing.T, m *Linear, c Columns) {
	t.Helper()
	for pass := range f.Passes {
		if pass > 0 {
			m.EndPass()
		}
		f.learnPart(t, m, c, 0, c.Rows)
	}
}

// learnWithRestarts after row at of each pass, and after the pass.
func (f goldenFit) learnWithRestarts(t *testing.T, m *Linear, c Columns, at int) *Linear {
	t.Helper()
	for pass := range f.Passes {
		if pass > 0 {
			m.EndPass()
		}
		for _, part := range [][2]int{{0, at}, {at, c.Rows}} {
			f.learnPart(t, m, c, part[0], part[1])
			var err error
			if m, err = Restore(snapshotOf(t, m)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return m
}

// learnPart of the rows, without their weights if the fit has none.
func (f goldenFit) learnPart(t *testing.T, m *Linear, c Columns, from, to int) {
	t.Helper()
	part := Columns{Rows: to - from, Target: c.Target[from:to]}
	if f.Weighted {
		part.Weights = c.Weights[from:to]
	}
	for _, column := range c.Features {
		part.Features = append(part.Features, column[from:to])
	}
	if skipped := m.Learn(nil, part); len(skipped) > 0 {
		t.Fatalf("skipped %v", skipped)
	}
}

// readGoldenSGD has the fits, and the rows of each set.
func readGoldenSGD(t *testing.T) (golden goldenSGD, data []Columns) {
	t.Helper()
	decodeGolden(t, "sgd.json.gz", &golden)
	for _, d := range golden.Data {
		c := d.Recipe.columns()
		if d.Zero {
			zeroRows(c)
		}
		d.Probe.check(t, c)
		data = append(data, c)
	}
	return golden, data
}

// zeroRows 3, 10, 17, …: their features.
func zeroRows(c Columns) {
	for _, column := range c.Features {
		for i := 3; i < c.Rows; i += 7 {
			column[i] = 0
		}
	}
}

// TestSGDEqualsScikitLearn holds every coefficient to 1e-12 of the largest of the fit (scikit-learn's own rounding, in a sum in which large terms
// cancel, is relative to those terms), and to the bit over a restart between two rows. The order of our sums is not scikit-learn's.
func TestSGDEqualsScikitLearn(t *testing.T) {
	golden, data := readGoldenSGD(t)
	worst, bitEqual, wide := 0.0, 0, 0
	for i, fit := range golden.Fits {
		c := data[fit.Data]
		m, at := fit.model(t, c), 1+i%(c.Rows-1)
		fit.learn(t, m, c)
		if again := fit.learnWithRestarts(t, fit.model(t, c), c, at); !bytes.Equal(snapshotOf(t, m), snapshotOf(t, again)) {
			t.Errorf("%s, %+v: restarts after row %d and the last show: %s", golden.Data[fit.Data].Name, fit, at,
				cmp.Diff(m.Report(), again.Report(), cmpopts.EquateNaNs()))
		}
		r := m.Report()
		if fit.Raises {
			checkRefusal(t, r)
			continue
		}
		apart, tolerance := fit.distance(r), 1e-12
		switch {
		case apart == 0:
			bitEqual++
		case fit.Tolerance > 0:
			tolerance = fit.Tolerance
			wide++
		default:
			worst = max(worst, apart)
		}
		if !(apart <= tolerance) || r.Status != StatusOK {
			t.Errorf("%s, %+v: %.3g apart, status %s", golden.Data[fit.Data].Name, fit, apart, r.Status)
		}
	}
	t.Logf("%d fits of scikit-learn %s: %d to the bit, %d within a tolerance of their own, the others within %.2g",
		len(golden.Fits), golden.MadeBy["sklearn"], bitEqual, wide, worst)
}

// distance of the coefficients, relative to the largest.
func (f goldenFit) distance(r Report) float64 {
	size, apart := math.Abs(f.Intercept), math.Abs(r.Intercept.Value-f.Intercept)
	for j, want := range f.Coef {
		size, apart = max(size, math.Abs(want)), max(apart, math.Abs(r.Coefficients[j].Value-want))
	}
	if apart == 0 {
		return 0 // all coefficients may be
	}
	return apart / size
}

// checkRefusal of rows at which scikit-learn raises: numbers stay numbers, and the status says that they are worth nothing.
func checkRefusal(t *testing.T, r Report) {
	t.Helper()
	if r.Status != StatusDegenerate {
		t.Errorf("status %s, want degenerate", r.Status)
	}
	for _, c := range append(r.Coefficients, r.Intercept) {
		if !isFinite(c.Value) {
			t.Errorf("coefficient %v", c)
		}
	}
}
