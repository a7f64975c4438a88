package loss

import (
	"errors"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// samples has every loss, with parameters on both sides of 1.
var samples = []validated{
	Absolute{}, Squared{}, HalfSquared{}, SmoothL1{0}, SmoothL1{0.25}, SmoothL1{3}, Huber{0.5}, Huber{2}, PseudoHuber{0.5}, PseudoHuber{2},
	LogCosh{}, Quantile{0.1}, Quantile{0.5}, EpsilonInsensitive{0}, EpsilonInsensitive{0.3}, SquaredEpsilonInsensitive{0.3},
}

// corners of the loss or of its derivative, as residuals.
func corners(l Loss) []float64 {
	switch l := l.(type) {
	case SmoothL1:
		return []float64{-l.Beta, l.Beta}
	case Huber:
		return []float64{-l.Delta, l.Delta}
	case EpsilonInsensitive:
		return []float64{-l.Epsilon, l.Epsilon}
	case SquaredEpsilonInsensitive:
		return []float64{-l.Epsilon, l.Epsilon}
	case Absolute, Quantile:
		return []float64{0}
	}
	return nil
}

func TestDerivativeIsTheCentralDifference(t *testing.T) {
	const h = 1e-5
	rapid.Check(t, func(t *rapid.T) {
		l := rapid.SampledFrom(samples).Draw(t, "loss")
		target := rapid.Float64Range(-5, 5).Draw(t, "target")
		prediction := rapid.Float64Range(-5, 5).Draw(t, "prediction")
		for _, c := range corners(l) {
			if math.Abs(prediction-target-c) < 2*h {
				t.Skip("at a corner")
			}
		}
		want := (l.Value(prediction+h, target) - l.Value(prediction-h, target)) / (2 * h)
		if got := l.Derivative(prediction, target); math.Abs(got-want) > 1e-8 {
			t.Fatalf("%T%v: derivative at (%v, %v) is %v, the central difference %v", l, l, prediction, target, got, want)
		}
	})
}

func TestDerivativeAtTheKink(t *testing.T) {
	above, below := math.Nextafter(2, 3), math.Nextafter(2, 1)
	for _, c := range []struct {
		loss     Loss
		residual float64
		want     float64
	}{
		{Absolute{}, 0, 0}, {Absolute{}, 5e-324, 1}, {Absolute{}, -5e-324, -1},
		{SmoothL1{0}, 0, 0}, {SmoothL1{0}, 5e-324, 1}, {SmoothL1{0}, -5e-324, -1},
		{SmoothL1{2}, 2, 1}, {SmoothL1{2}, -2, -1}, {SmoothL1{2}, below, below / 2}, {SmoothL1{2}, above, 1}, {SmoothL1{2}, 0, 0},
		{Huber{2}, 2, 2}, {Huber{2}, -2, -2}, {Huber{2}, below, below}, {Huber{2}, above, 2}, {Huber{2}, -above, -2},
		{Quantile{0.25}, 0, 0}, {Quantile{0.25}, 5e-324, 0.75}, {Quantile{0.25}, -5e-324, -0.25},
		{EpsilonInsensitive{2}, 2, 0}, {EpsilonInsensitive{2}, -2, 0}, {EpsilonInsensitive{2}, above, 1}, {EpsilonInsensitive{2}, -above, -1},
		{EpsilonInsensitive{0}, 0, 0},
		{SquaredEpsilonInsensitive{2}, 2, 0}, {SquaredEpsilonInsensitive{2}, above, 2 * (above - 2)}, {SquaredEpsilonInsensitive{2}, below, 0},
	} {
		if got := c.loss.Derivative(c.residual, 0); got != c.want {
			t.Errorf("%T%v at r = %v: %v, want %v", c.loss, c.loss, c.residual, got, c.want)
		}
	}
}

func TestClassicExample(t *testing.T) {
	y, p := []float64{3, 0, 4}, []float64{2.5, 0.3, 4.1}
	for _, l := range []Loss{SmoothL1{1}, Huber{1}} {
		values := make([]float64, 3)
		Values(values, l, p, y)
		if got := MeanOverCount(values, nil); math.Abs(got-0.35/6) > 1e-16 {
			t.Errorf("%T: mean %v, want 0.058333…", l, got)
		}
	}
}

// The vectors of Keras' documentation: a mean over the last axis comes first, then the reduction over the samples.
func TestKerasDocumentationVectors(t *testing.T) {
	y, p := [2][]float64{{0, 1}, {0, 0}}, [2][]float64{{0.6, 0.4}, {0.4, 0.6}}
	samples, values := make([]float64, 2), make([]float64, 2)
	for i := range y {
		Values(values, Huber{1}, p[i], y[i])
		samples[i] = MeanOverCount(values, nil)
	}
	for what, c := range map[string][2]float64{
		"none, first":               {samples[0], 0.18},
		"none, second":              {samples[1], 0.13},
		"sum":                       {Sum(samples, nil), 0.31},
		"sum_over_batch_size":       {MeanOverCount(samples, nil), 0.155},
		"the same, weights 1 and 0": {MeanOverCount(samples, []float64{1, 0}), 0.09},
	} {
		if math.Abs(c[0]-c[1]) > 1e-15 {
			t.Errorf("%s: %v, want %v", what, c[0], c[1])
		}
	}
}

func TestIdentities(t *testing.T) {
	residual := rapid.Float64Range(-1e6, 1e6)
	positive := rapid.Float64Range(1e-3, 1e3)
	same := func(t *rapid.T, what string, got, want float64) {
		t.Helper()
		if !near(got, want) {
			t.Fatalf("%s: %v is not %v", what, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		r, k := residual.Draw(t, "residual"), positive.Draw(t, "parameter")
		if math.Abs(r) < 1e-150 { // r² loses digits below the normal numbers, on both sides of an identity in its own way
			r = 0
		}
		same(t, "smooth L1 = Huber/β", SmoothL1{k}.Value(r, 0), Huber{k}.Value(r, 0)/k)
		same(t, "its derivative", SmoothL1{k}.Derivative(r, 0), Huber{k}.Derivative(r, 0)/k)
		same(t, "Huber → ½r²", Huber{1e7}.Value(r, 0), HalfSquared{}.Value(r, 0))
		same(t, "Huber/δ → |r|", Huber{5e-324}.Derivative(r, 0)/5e-324, Absolute{}.Derivative(r, 0))
		same(t, "smooth L1, β = 0", SmoothL1{0}.Value(r, 0), Absolute{}.Value(r, 0))
		same(t, "ε = 0", EpsilonInsensitive{0}.Value(r, 0), Absolute{}.Value(r, 0))
		same(t, "ε = 0, squared", SquaredEpsilonInsensitive{0}.Value(r, 0), Squared{}.Value(r, 0))
		same(t, "τ = ½", Quantile{0.5}.Value(r, 0), Absolute{}.Value(r, 0)/2)
		if d := (PseudoHuber{k}).Derivative(r, 0); math.Abs(d) > k {
			t.Fatalf("pseudo-Huber's derivative %v is beyond δ = %v", d, k)
		}
	})
}

func TestNaNIsNeverHidden(t *testing.T) {
	nan := math.NaN()
	for _, l := range samples {
		for _, c := range [][2]float64{{nan, 0}, {0, nan}, {math.Inf(1), math.Inf(1)}} {
			if v, d := l.Value(c[0], c[1]), l.Derivative(c[0], c[1]); !math.IsNaN(v) || !math.IsNaN(d) {
				t.Errorf("%T%v of (%v, %v): value %v, derivative %v, want NaN", l, l, c[0], c[1], v, d)
			}
		}
	}
}

func TestInfiniteResiduals(t *testing.T) {
	for _, l := range samples {
		for _, r := range []float64{math.Inf(1), math.Inf(-1)} {
			if v := l.Value(r, 0); !math.IsInf(v, 1) {
				t.Errorf("%T%v: value at %v is %v", l, l, r, v)
			}
			if d := l.Derivative(r, 0); math.IsNaN(d) || d*r < 0 {
				t.Errorf("%T%v: derivative at %v is %v", l, l, r, d)
			}
		}
	}
}

// A loss that grows linearly must not overflow before its result does, whatever the parameter is.
func TestNoNeedlessOverflow(t *testing.T) {
	for _, c := range []struct {
		what      string
		got, want float64
	}{
		{"smooth L1 inside a huge β", SmoothL1{1e300}.Value(1e200, 0), 5e99},
		{"smooth L1 inside a tiny β", SmoothL1{1e-300}.Value(1e-301, 0), 5e-303},
		{"Huber with a tiny δ", Huber{1e-200}.Value(1e150, 0), 1e-50},
		{"pseudo-Huber with a tiny δ", PseudoHuber{1e-200}.Value(1e150, 0), 1e-50},
		{"pseudo-Huber with a huge δ", PseudoHuber{1e200}.Value(1e150, 0), 5e299},
		{"pseudo-Huber, tiny residual and huge δ", PseudoHuber{1e200}.Value(1e-150, 0), 5e-301},
		{"pseudo-Huber's derivative", PseudoHuber{1}.Derivative(-1e300, 0), -1},
		{"log-cosh of a huge residual", LogCosh{}.Value(1e300, 0), 1e300},
		{"log-cosh of a small residual", LogCosh{}.Value(1e-150, 0), 5e-301},
	} {
		if !near(c.got, c.want) {
			t.Errorf("%s: %v, want %v", c.what, c.got, c.want)
		}
	}
}

func TestInvalidParameters(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for name, bad := range map[string][]float64{
		"smooth-l1": {-1, -5e-324, inf, nan}, "huber": {0, -1, inf, nan}, "pseudo-huber": {0, -1, inf, nan}, "quantile": {0, 1, -0.5, 2, nan},
		"epsilon-insensitive": {-1, inf, nan}, "squared-epsilon-insensitive": {-1, inf, nan},
	} {
		for _, v := range bad {
			_, err := New(Spec{Name: name, Beta: v, Delta: v, Tau: v, Epsilon: v})
			fault := (*ParameterError)(nil)
			if !errors.As(err, &fault) {
				t.Errorf("%s with %v: error %v, want a *ParameterError", name, v, err)
				continue
			}
			if p, _ := Parameter(name); fault.Parameter != p || fault.Loss != name || !strings.Contains(err.Error(), p+" is ") {
				t.Errorf("%s with %v: %v", name, v, err)
			}
		}
	}
}

func TestUnknownName(t *testing.T) {
	_, err := New(Spec{Name: "hubr"})
	if !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), `"hubr"`) || !strings.Contains(err.Error(), "smooth-l1") {
		t.Errorf("error %v, want one that names the unknown loss and those there are", err)
	}
	if _, err := Parameter("hubr"); !errors.Is(err, ErrUnknown) {
		t.Errorf("Parameter: error %v", err)
	}
}
