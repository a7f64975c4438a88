package estimator

import (
	"fmt"
	"math"
	"testing"
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
	FitIntercept bool `json:"fit_intercept"`
	Weighted     bool
	Raises       bool
	Coef         []float64
	Intercept    float64
}

type goldenSGD struct {
	MadeBy map[string]string `json:"made_by"`
	Data   []struct {
		Name   string
		Recipe goldenRecipe
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
	c.SGD = SGD{LearningRate: f.LearningRate, Eta0: f.Eta0, PowerT: f.PowerT, Alpha: f.Alpha, Penalty: "none", FitIntercept: f.FitIntercept}
	if f.Penalty != nil {
		c.SGD.Penalty = *f.Penalty
	}
	return c
}

func (f goldenFit) run(t *testing.T, c Columns) Report {
	t.Helper()
	if !f.Weighted {
		c.Weights = nil
	}
	m, err := New(f.config(len(c.Features)))
	if err != nil {
		t.Fatal(err)
	}
	if skipped := m.Learn(nil, c); len(skipped) > 0 {
		t.Fatalf("skipped %v", skipped)
	}
	return m.Report()
}

// TestSGDEqualsScikitLearn holds every coefficient to 1e-12 of the largest of the fit (scikit-learn's own rounding, in a sum in which large terms
// cancel, is relative to those terms). The order of our sums is not scikit-learn's.
func TestSGDEqualsScikitLearn(t *testing.T) {
	var golden goldenSGD
	decodeGolden(t, "sgd.json.gz", &golden)
	var data []Columns
	for _, d := range golden.Data {
		c := d.Recipe.columns()
		d.Probe.check(t, c)
		data = append(data, c)
	}
	worst, bitEqual := 0.0, 0
	for _, fit := range golden.Fits {
		r := fit.run(t, data[fit.Data])
		if fit.Raises {
			checkRefusal(t, r)
			continue
		}
		apart := fit.distance(r)
		worst = max(worst, apart)
		if apart == 0 {
			bitEqual++
		}
		if !(apart <= 1e-12) || r.Status != StatusOK {
			t.Errorf("%s, %+v: %.3g apart, status %s", golden.Data[fit.Data].Name, fit, apart, r.Status)
		}
	}
	t.Logf("%d fits of scikit-learn %s: %d to the bit, the others within %.2g", len(golden.Fits), golden.MadeBy["sklearn"], bitEqual, worst)
}

// distance of the coefficients, relative to the largest.
func (f goldenFit) distance(r Report) float64 {
	size, apart := math.Abs(f.Intercept), math.Abs(r.Intercept.Value-f.Intercept)
	for j, want := range f.Coef {
		size, apart = max(size, math.Abs(want)), max(apart, math.Abs(r.Coefficients[j].Value-want))
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
