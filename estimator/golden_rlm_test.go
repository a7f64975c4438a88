package estimator

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math"
	"strconv"
	"testing"
)

// goldenRLM is one fit of golden/rlm.py by statsmodels' RLM with HuberT(1.345).
type goldenRLM struct {
	Name        string
	Recipe      *goldenRecipe
	Probe       goldenProbe
	X           [][]float64 // rows by features, where the rows are stored
	Y           []float64
	Slopes      []float64
	SlopesSE    []float64 `json:"slopes_se"`
	Intercept   float64
	InterceptSE float64 `json:"intercept_se"`
	Mean        []float64
	AtMean      float64 `json:"at_mean"`
	AtMeanSE    float64 `json:"at_mean_se"`
	Scale       float64
	Iterations  int
}

// columns that the fit is of, without weights.
func (f goldenRLM) columns(t *testing.T) Columns {
	t.Helper()
	switch {
	case f.Recipe != nil:
		c := f.Recipe.columns()
		f.Probe.check(t, c)
		c.Weights = nil
		return c
	case f.X != nil:
		c := Columns{Rows: len(f.Y), Target: f.Y, Features: make([][]float64, len(f.Slopes))}
		for _, row := range f.X {
			for j, v := range row {
				c.Features[j] = append(c.Features[j], v)
			}
		}
		return c
	default:
		return goldenFlights(t)
	}
}

// goldenFlights are 20,000 flights in an order without drift: delay by distance and time.
func goldenFlights(t testing.TB) Columns {
	t.Helper()
	lines, err := csv.NewReader(bytes.NewReader(readGolden(t, "flights.csv.gz"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	columns := make([][]float64, 3)
	for _, line := range lines[1:] {
		for j, cell := range line {
			v, err := strconv.ParseFloat(cell, 64)
			if err != nil {
				t.Fatal(err)
			}
			columns[j] = append(columns[j], v)
		}
	}
	return Columns{Rows: len(lines) - 1, Target: columns[0], Features: columns[1:]}
}

func (f goldenRLM) config() Config {
	c := DefaultConfig()
	for j := range f.Slopes {
		c.Features = append(c.Features, fmt.Sprintf("x%d", j))
	}
	return c
}

func eachGoldenRLM(t *testing.T, check func(*testing.T, goldenRLM, Columns)) {
	t.Helper()
	var golden struct {
		MadeBy map[string]string `json:"made_by"`
		Fits   []goldenRLM
	}
	decodeGolden(t, "rlm.json.gz", &golden)
	for i, f := range golden.Fits {
		t.Run(fmt.Sprintf("%s/%d", f.Name, i), func(t *testing.T) { check(t, f, f.columns(t)) })
	}
}

func relative(got, want float64) float64 { return math.Abs(got-want) / math.Abs(want) }

// TestFitHuberEqualsRLM: slopes, scale and the prediction at the mean of the features to 1e-8, standard errors to 1e-6. One of the true
// slopes is 0, so a slope may also be off by 1e-8 of its standard error; so may the intercept, which far from 0 has lost digits.
func TestFitHuberEqualsRLM(t *testing.T) {
	worst := map[string]float64{}
	eachGoldenRLM(t, func(t *testing.T, f goldenRLM, c Columns) {
		fit, err := FitHuber(f.config(), c)
		if err != nil {
			t.Fatal(err)
		}
		check := func(what string, apart, tolerance float64) {
			t.Helper()
			worst[what] = max(worst[what], apart)
			if !(apart <= tolerance) {
				t.Errorf("%s: %.3g apart, want at most %.3g", what, apart, tolerance)
			}
		}
		atMean := fit.Intercept.Value
		for j, slope := range fit.Coefficients {
			check("slope", math.Abs(slope.Value-f.Slopes[j])/max(math.Abs(f.Slopes[j]), f.SlopesSE[j]), 1e-8)
			check("standard error", relative(slope.SE, f.SlopesSE[j]), 1e-6)
			atMean += slope.Value * f.Mean[j]
		}
		check("prediction at the mean", relative(atMean, f.AtMean), 1e-8)
		check("scale", relative(fit.Scale, f.Scale), 1e-8)
		check("intercept", math.Abs(fit.Intercept.Value-f.Intercept)/max(math.Abs(f.Intercept), f.InterceptSE), 1e-8)
		check("standard error of the intercept", relative(fit.Intercept.SE, f.InterceptSE), 1e-6)
	})
	t.Logf("furthest apart: %v", worst)
}

// TestNewtonIsAsGoodAsRLM: after one pass over 20,000 rows the online slopes, by default settings, are within 0.2 standard errors of the batch fit of
// the same rows, and their standard errors within 20 % of its.
func TestNewtonIsAsGoodAsRLM(t *testing.T) {
	total, count, worst := 0.0, 0, 0.0
	ratio := []float64{math.Inf(1), 0}
	eachGoldenRLM(t, func(t *testing.T, f goldenRLM, c Columns) {
		if c.Rows < 20_000 {
			t.Skip("too few rows for an online fit to be past its warm-up")
		}
		m, err := New(f.config())
		if err != nil {
			t.Fatal(err)
		}
		m.Learn(nil, c)
		r := m.Report()
		if r.Status != StatusOK || r.Rows.Learned != 20_000 {
			t.Fatalf("status %s after %d rows", r.Status, r.Rows.Learned)
		}
		for j, slope := range r.Coefficients {
			apart := math.Abs(slope.Value-f.Slopes[j]) / f.SlopesSE[j]
			se := slope.SE / f.SlopesSE[j]
			total, count, worst = total+apart*apart, count+1, max(worst, apart)
			ratio[0], ratio[1] = min(ratio[0], se), max(ratio[1], se)
			if !(apart <= 0.2) {
				t.Errorf("slope %d is %v, %.3f standard errors from %v", j, slope.Value, apart, f.Slopes[j])
			}
			if !(se >= 0.8 && se <= 1.2) {
				t.Errorf("standard error of slope %d is %v, %.3f of %v", j, slope.SE, se, f.SlopesSE[j])
			}
		}
	})
	t.Logf("%d slopes: rms %.4f, furthest %.4f standard errors from RLM; standard errors %.3f–%.3f of RLM's", count, math.Sqrt(total/float64(count)), worst, ratio[0], ratio[1])
}
