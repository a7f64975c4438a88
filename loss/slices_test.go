package loss

import (
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// foreign is a loss that the package does not know, so it goes through the interface element by element: the oracle of the loops.
type foreign struct{ Loss }

func TestSlicesEqualScalars(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := rapid.SampledFrom(samples).Draw(t, "loss")
		n := rapid.IntRange(0, 20).Draw(t, "n")
		numbers := rapid.SliceOfN(rapid.Float64Range(-1e3, 1e3), n, n)
		p, y := numbers.Draw(t, "prediction"), numbers.Draw(t, "target")
		got, want := make([]float64, n), make([]float64, n)
		Values(got, l, p, y)
		Values(want, foreign{l}, p, y)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%T values: %s", l, diff)
		}
		Derivatives(want, foreign{l}, p, y)
		Derivatives(p, l, p, y) // in place
		if diff := cmp.Diff(want, p); diff != "" {
			t.Fatalf("%T derivatives: %s", l, diff)
		}
	})
}

func TestSlicesDoNotAllocate(t *testing.T) {
	p, y, dst := make([]float64, 100), make([]float64, 100), make([]float64, 100)
	for _, l := range samples {
		var asLoss Loss = l
		if n := testing.AllocsPerRun(10, func() {
			Values(dst, asLoss, p, y)
			Derivatives(dst, asLoss, p, y)
			Weighted(dst, dst, p)
			_ = MeanOverWeight(dst, p) + MeanOverCount(dst, p)
		}); n != 0 {
			t.Errorf("%T: %v allocations", l, n)
		}
	}
}

func TestDifferentLengthsPanic(t *testing.T) {
	two, three := make([]float64, 2), make([]float64, 3)
	for what, f := range map[string]func(){
		"short prediction": func() { Values(three, Huber{1}, two, three) },
		"long target":      func() { Derivatives(two, Huber{1}, two, three) },
		"weights":          func() { Sum(three, two) },
		"dst":              func() { Weighted(two, three, nil) },
	} {
		func() {
			defer func() {
				if got := recover(); got != lengthsDiffer {
					t.Errorf("%s: recovered %v", what, got)
				}
			}()
			f()
		}()
	}
}

func TestReduceNothing(t *testing.T) {
	if got := Sum(nil, nil); got != 0 {
		t.Errorf("sum of nothing is %v", got)
	}
	if got := MeanOverCount(nil, nil); !math.IsNaN(got) {
		t.Errorf("mean of nothing is %v", got)
	}
	if got := MeanOverWeight([]float64{1}, []float64{0}); !math.IsNaN(got) {
		t.Errorf("mean over no weight is %v", got)
	}
}

func TestSumKeepsWhatRoundingLoses(t *testing.T) {
	if got := Sum([]float64{1, 1e100, 1, -1e100}, nil); got != 2 {
		t.Errorf("sum is %v, want 2", got)
	}
	if got := Sum([]float64{math.MaxFloat64, math.MaxFloat64, 1}, nil); !math.IsInf(got, 1) {
		t.Errorf("overflowing sum is %v, want +Inf", got)
	}
}

func TestMeanOverWeightOfCountsIsTheMeanOfRepeatedRows(t *testing.T) {
	got := MeanOverWeight([]float64{1, 5}, []float64{3, 1})
	if want := MeanOverCount([]float64{1, 1, 1, 5}, nil); got != want {
		t.Errorf("%v, want %v", got, want)
	}
}

func BenchmarkValues(b *testing.B)      { benchmark(b, Values) }
func BenchmarkDerivatives(b *testing.B) { benchmark(b, Derivatives) }

func benchmark(b *testing.B, f func(dst []float64, l Loss, prediction, target []float64)) {
	const n = 1000
	p, y, dst := make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range p {
		p[i] = math.Sin(float64(i)) * 3
	}
	for _, l := range samples {
		b.Run(fmt.Sprintf("%T%v", l, l), func(b *testing.B) {
			b.SetBytes(8 * n)
			for b.Loop() {
				f(dst, l, p, y)
			}
		})
	}
}
