package estimator

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestSGDReport has no intervals and no scale, and the knee only of the losses that have one.
func TestSGDReport(t *testing.T) {
	for name, want := range map[string]float64{"huber": 1.5, "pseudo-huber": 1.5, "mae": math.NaN(), "half-squared": math.NaN()} {
		cfg := sgdConfig(1)
		cfg.Loss.Name = name
		m, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		m.Learn(nil, Columns{Rows: 2, Features: [][]float64{{1, 2}}, Target: []float64{9, 1}})
		r := m.Report()
		got := []float64{r.Delta, r.Scale, r.Intercept.SE, r.Intercept.Low, r.Coefficients[0].SE, r.Coefficients[0].High}
		none := math.NaN()
		if diff := cmp.Diff([]float64{want, none, none, none, none, none}, got, cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestSGDMerge: the coefficients are the means of the shards' reported ones, weighted by their rows. With averages from row 50 on the shard of 30 rows has
// none yet, and reports its weights.
func TestSGDMerge(t *testing.T) {
	for name, set := range map[string]func(*SGD){
		"by the kernel":   func(*SGD) {},
		"averaged":        func(c *SGD) { c.Average = 1 },
		"averaged late":   func(c *SGD) { c.Average, c.Penalty = 50, "elasticnet" },
		"never averaged":  func(c *SGD) { c.Average = 1000 },
		"averaged merged": func(c *SGD) { c.Average = 100 }, // no shard has so many rows
	} {
		cfg := sgdConfig(3)
		set(&cfg.SGD)
		var shards []*Linear
		want := make([]float64, 4)
		for i, rows := range []int{30, 90, 0} {
			m, err := New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			c := simulated(uint64(i), 3, rows)
			c.Valid = nil
			m.Learn(nil, c)
			r := m.Report()
			for j, coefficient := range append(r.Coefficients, r.Intercept) {
				want[j] += coefficient.Value * float64(m.Rows().Learned)
			}
			shards = append(shards, m)
		}
		merged, err := Merge(shards...)
		if err != nil {
			t.Fatal(err)
		}
		r := merged.Report()
		for j, coefficient := range append(r.Coefficients, r.Intercept) {
			if mean := want[j] / float64(merged.Rows().Learned); math.Abs(coefficient.Value-mean) > 1e-14*math.Abs(mean) {
				t.Errorf("%s: coefficient %d is %v, want %v", name, j, coefficient.Value, mean)
			}
		}
		if _, err := Restore(snapshotOf(t, merged)); err != nil {
			t.Errorf("%s: the merged model's snapshot: %v", name, err)
		}
		prediction := make([]float64, 1)
		merged.Predict(prediction, Columns{Rows: 1, Features: [][]float64{{1}, {2}, {3}}})
		c := r.Coefficients
		if p := r.Intercept.Value + c[0].Value + 2*c[1].Value + 3*c[2].Value; math.Abs(prediction[0]-p) > 1e-13*math.Abs(p) {
			t.Errorf("%s: predicts %v, its coefficients %v", name, prediction[0], p)
		}
	}
}

// TestSGDValidation names the setting that is wrong.
func TestSGDValidation(t *testing.T) {
	for want, spoil := range map[string]func(*Config){
		"needs a fixed knee for loss huber":        func(c *Config) { c.Delta = Knee{Auto: true} },
		"needs a fixed knee for loss pseudo-huber": func(c *Config) { c.Delta, c.Loss.Name = Knee{Auto: true}, "pseudo-huber" },
		"cannot forget":           func(c *Config) { c.HalfLife = 100 },
		"learning_rate \"best\"":  func(c *Config) { c.SGD.LearningRate = "best" },
		"learning_rate pa1 needs": func(c *Config) { c.SGD.LearningRate = "pa1" },
		"learning_rate pa2 needs": func(c *Config) { c.SGD.LearningRate, c.Loss.Name = "pa2", "mae" },
		"eta0 0":                  func(c *Config) { c.SGD.Eta0 = 0 },
		"eta0 NaN":                func(c *Config) { c.SGD.Eta0 = math.NaN() },
		"power_t +Inf":            func(c *Config) { c.SGD.PowerT = math.Inf(1) },
		"penalty \"l0\"":          func(c *Config) { c.SGD.Penalty = "l0" },
		"l1_ratio 2":              func(c *Config) { c.SGD.L1Ratio = 2 },
		"l1_ratio NaN":            func(c *Config) { c.SGD.L1Ratio = math.NaN() },
		"average -1":              func(c *Config) { c.SGD.Average = -1 },
		"alpha -1":                func(c *Config) { c.SGD.Alpha = -1 },
		"alpha NaN":               func(c *Config) { c.SGD.Alpha = math.NaN() },
		"alpha +Inf":              func(c *Config) { c.SGD.Alpha = math.Inf(1) },
		"alpha 0 has no":          func(c *Config) { c.SGD.Alpha, c.SGD.LearningRate = 0, "optimal" },
	} {
		cfg := sgdConfig(1)
		spoil(&cfg)
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	cfg := sgdConfig(1)
	cfg.Loss.Name, cfg.Delta, cfg.SGD.Alpha = "mae", Knee{Auto: true}, 0
	if err := cfg.Validate(); err != nil {
		t.Errorf("a loss without a knee needs none: %v", err)
	}
}
