package estimator

import (
	"math"
	"testing"
)

// TestSGDKernelEqualsRows learns the golden fits by the kernel and row by row: the kernel is there where it can be, and the two agree to 1e-12.
func TestSGDKernelEqualsRows(t *testing.T) {
	golden, data := readGoldenSGD(t)
	kernels, worst := 0, 0.0
	for _, fit := range golden.Fits {
		c := data[fit.Data]
		byKernel, byRow := fit.model(t, c), fit.model(t, c)
		can := (fit.Loss == "huber" || fit.Loss == "squared_error") && (fit.Penalty == nil || *fit.Penalty == "l2") && fit.Average == 0
		if got := byKernel.solver.(*sgd).tile != nil; got != can {
			t.Errorf("%+v: by the kernel: %v, want %v", fit, got, can)
		}
		if fit.Raises || !can {
			continue
		}
		kernels++
		byRow.solver.(*sgd).tile = nil
		fit.learn(t, byKernel, c)
		fit.learn(t, byRow, c)
		apart := coefficientsApart(byKernel.Report(), byRow.Report())
		if worst = max(worst, apart); !(apart <= 1e-12) {
			t.Errorf("%s, %+v: kernel and rows are %.3g apart", golden.Data[fit.Data].Name, fit, apart)
		}
	}
	t.Logf("%d fits by the kernel, up to %.2g from those row by row", kernels, worst)
}

// coefficientsApart relative to the largest.
func coefficientsApart(a, b Report) float64 {
	size, apart := 0.0, 0.0
	other := append(b.Coefficients, b.Intercept)
	for j, c := range append(a.Coefficients, a.Intercept) {
		size, apart = max(size, math.Abs(c.Value)), max(apart, math.Abs(c.Value-other[j].Value))
	}
	if apart == 0 {
		return 0
	}
	return apart / size
}
