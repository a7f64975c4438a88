package estimator

import (
	"math"
	"testing"
)

// TestAveragesOfTheLargestNumbers: the mean of two numbers is one, even if their difference is none.
func TestAveragesOfTheLargestNumbers(t *testing.T) {
	const largest = math.MaxFloat64
	a := newAveraging(1, 5)
	a.add([]float64{largest, -largest, largest, 1, 2}, largest, 1)
	a.add([]float64{-largest, largest, largest, 3, 2}, -largest, 2)
	for j, want := range []float64{0, 0, largest, 2, 2} {
		if a.weights[j] != want {
			t.Errorf("the mean of weight %d is %v, want %v", j, a.weights[j], want)
		}
	}
	if a.intercept != 0 {
		t.Errorf("the mean of the intercepts is %v, want 0", a.intercept)
	}
	a.behind = largest
	a.shift([]float64{-4, 4, 4, 4, 0}, 2)
	for j, want := range []float64{-largest, largest, largest, largest, 2} {
		if a.weights[j] != want {
			t.Errorf("the mean of weight %d is shifted to %v, want %v", j, a.weights[j], want)
		}
	}
}

// TestTruncationStaysFinite whatever a snapshot says has been paid.
func TestTruncationStaysFinite(t *testing.T) {
	const largest = math.MaxFloat64
	p := newTruncation(1, 1, 4)
	copy(p.paid, []float64{-largest, largest, largest, -largest})
	w := []float64{largest, -largest, largest, 0}
	p.truncate(w, largest)
	p.truncate(w, largest)
	if !allFinite(w) || !allFinite(p.paid) || !allFinite(p.change) || !isFinite(p.due) {
		t.Errorf("weights %v, paid %v, changed by %v, due %v", w, p.paid, p.change, p.due)
	}
}
