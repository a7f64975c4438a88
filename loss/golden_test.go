package loss

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"
)

// tolerance of every comparison with a library, relative.
const tolerance = 1e-15

// goldenFile is what golden/loss.py writes.
type goldenFile struct {
	Versions   map[string]string
	Reductions map[string]json.RawMessage
	Cases      []goldenCase
}

type goldenCase struct {
	Loss                      string
	Beta, Delta, Tau, Epsilon float64
	Prediction, Target        []float64
	Value, Derivative         []float64 // exact: computed with 50 digits, rounded once
	Libraries                 map[string]struct {
		Value, Derivative []*float64 // null: left out
		ValueLeftOut      []leftOut  `json:"value_left_out"`
		DerivativeLeftOut []leftOut  `json:"derivative_left_out"`
	}
}

// leftOut is a point where the library itself is off, or takes another subgradient at a corner.
type leftOut struct{ Prediction, Target, Library, Exact float64 }

func readGolden(t testing.TB) goldenFile {
	t.Helper()
	text, err := os.ReadFile("../golden/loss.json")
	if err != nil {
		t.Fatal(err)
	}
	var g goldenFile
	if err := json.Unmarshal(text, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

func (c goldenCase) make(t testing.TB) Loss {
	t.Helper()
	l, err := New(Spec{Name: c.Loss, Beta: c.Beta, Delta: c.Delta, Tau: c.Tau, Epsilon: c.Epsilon})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (c goldenCase) String() string {
	return fmt.Sprintf("%s beta=%.3g delta=%.3g tau=%.3g epsilon=%.3g", c.Loss, c.Beta, c.Delta, c.Tau, c.Epsilon)
}

// difference of two numbers relative to want; 0 if they are equal, infinities included.
func difference(got, want float64) float64 {
	if got == want {
		return 0
	}
	return math.Abs(got-want) / math.Abs(want)
}

// near fails on NaN, too.
func near(got, want float64) bool { return difference(got, want) <= tolerance }

func TestEveryLossHasGoldenValues(t *testing.T) {
	seen := map[string]int{}
	for _, c := range readGolden(t).Cases {
		seen[c.Loss] += len(c.Value)
	}
	for _, name := range Names() {
		if seen[name] < 40 {
			t.Errorf("%s: %d golden points, want at least 40", name, seen[name])
		}
	}
}

func TestAgreesWithFiftyDigits(t *testing.T) {
	for _, c := range readGolden(t).Cases {
		t.Run(c.String(), func(t *testing.T) {
			l := c.make(t)
			for i, p := range c.Prediction {
				if got := l.Value(p, c.Target[i]); !near(got, c.Value[i]) {
					t.Errorf("Value(%v, %v) = %v, exactly %v", p, c.Target[i], got, c.Value[i])
				}
				if got := l.Derivative(p, c.Target[i]); !near(got, c.Derivative[i]) {
					t.Errorf("Derivative(%v, %v) = %v, exactly %v", p, c.Target[i], got, c.Derivative[i])
				}
			}
		})
	}
}

func TestAgreesWithTheLibraries(t *testing.T) {
	compared := map[string]int{}
	for _, c := range readGolden(t).Cases {
		for library, want := range c.Libraries {
			l := c.make(t)
			compared[library] += compare(t, c, library+" value", want.Value, l.Value)
			compared[library] += compare(t, c, library+" derivative", want.Derivative, l.Derivative)
		}
	}
	for _, library := range []string{
		"torch.nn.L1Loss", "torch.nn.MSELoss", "torch.nn.SmoothL1Loss", "torch.nn.HuberLoss",
		"keras.losses.MeanAbsoluteError", "keras.losses.MeanSquaredError", "keras.losses.Huber", "keras.losses.LogCosh",
		"sklearn AbsoluteError", "sklearn HalfSquaredError", "sklearn HuberLoss", "sklearn PinballLoss",
		"sklearn EpsilonInsensitive", "sklearn SquaredEpsilonInsensitive", "scipy.special.pseudo_huber",
	} {
		if compared[library] < 40 {
			t.Errorf("%s: %d comparisons, want at least 40", library, compared[library])
		}
	}
}

func compare(t *testing.T, c goldenCase, what string, want []*float64, f func(p, y float64) float64) (compared int) {
	t.Helper()
	for i, w := range want {
		if w == nil {
			continue
		}
		compared++
		if got := f(c.Prediction[i], c.Target[i]); !near(got, *w) {
			t.Errorf("%v: %s of (%v, %v) is %v, here %v", c, what, c.Prediction[i], c.Target[i], *w, got)
		}
	}
	return compared
}

// Which points are left out is part of the contract: a new one would be a disagreement that nobody looked at.
func TestOnlyKnownDeviationsAreLeftOut(t *testing.T) {
	known := map[string]string{
		"keras.losses.LogCosh value":       "subtracts log 2 of single precision",
		"keras.losses.LogCosh derivative":  "differentiates r + softplus(−2r), a difference that cancels for tiny residuals",
		"scipy.special.pseudo_huber value": "loses two digits at ±1e150",
		"sklearn AbsoluteError derivative": "−1 at r = 0",
		"sklearn PinballLoss derivative":   "−τ at r = 0",
	}
	for _, c := range readGolden(t).Cases {
		for library, got := range c.Libraries {
			if n := len(got.ValueLeftOut); n > 0 && known[library+" value"] == "" {
				t.Errorf("%v: %d values of %s left out: %v", c, n, library, got.ValueLeftOut)
			}
			if n := len(got.DerivativeLeftOut); n > 0 && known[library+" derivative"] == "" {
				t.Errorf("%v: %d derivatives of %s left out: %v", c, n, library, got.DerivativeLeftOut)
			}
			if library != "keras.losses.LogCosh" && len(got.ValueLeftOut)+len(got.DerivativeLeftOut) > 2 {
				t.Errorf("%v: %s is left out at more points than ±1e150 or 0", c, library)
			}
		}
	}
}

func TestReductionsAgreeWithTheLibraries(t *testing.T) {
	golden := readGolden(t).Reductions
	read := func(key string, to any) {
		t.Helper()
		if err := json.Unmarshal(golden[key], to); err != nil {
			t.Fatalf("%s: %v", key, err)
		}
	}
	var y, p, w, weighted []float64
	read("target", &y)
	read("prediction", &p)
	read("weights", &w)
	read("keras weighted none", &weighted)
	values := make([]float64, len(y))
	Values(values, Huber{1}, p, y)

	for key, got := range map[string]float64{
		"torch mean":                             MeanOverCount(values, nil),
		"torch sum":                              Sum(values, nil),
		"keras sum_over_batch_size":              MeanOverCount(values, nil),
		"keras weighted sum":                     Sum(values, w),
		"keras weighted sum_over_batch_size":     MeanOverCount(values, w),
		"keras weighted mean_with_sample_weight": MeanOverWeight(values, w),
		"numpy.average":                          MeanOverWeight(values, w),
	} {
		var want float64
		read(key, &want)
		if !near(got, want) {
			t.Errorf("%s is %v, here %v", key, want, got)
		}
	}
	Weighted(values, values, w)
	for i, got := range values {
		if !near(got, weighted[i]) {
			t.Errorf("keras weighted none [%d] is %v, here %v", i, weighted[i], got)
		}
	}
}
