package loss

import "math"

// A Loss says how bad a prediction is, and in which direction it should move.
//
// With the residual r = prediction − target,
//
//	Value      = ℓ(r)
//	Derivative = dℓ/dr = ∂ℓ/∂prediction
//
// Where ℓ has a corner, Derivative is the subgradient of least magnitude: 0 at the bottom of the corner.
// A NaN in either argument makes both results NaN; nothing else does, except a residual that is itself NaN (∞ − ∞).
type Loss interface {
	Value(prediction, target float64) float64
	Derivative(prediction, target float64) float64
}

// vector is a Loss with its own loops over slices: one dynamic call a slice instead of one an element.
type vector interface {
	Loss
	values(dst, prediction, target []float64)
	derivatives(dst, prediction, target []float64)
}

const lengthsDiffer = "loss: lengths of the slices differ"

// Values writes the loss of every prediction to dst, which must be as long as prediction and target, and may be one of them.
// It panics if the lengths differ.
func Values(dst []float64, l Loss, prediction, target []float64) {
	if len(prediction) != len(dst) || len(target) != len(dst) {
		panic(lengthsDiffer)
	}
	if v, ok := l.(vector); ok {
		v.values(dst, prediction, target)
		return
	}
	for i := range dst {
		dst[i] = l.Value(prediction[i], target[i])
	}
}

// Derivatives writes the derivative with respect to every prediction to dst, which must be as long as prediction and target,
// and may be one of them. It panics if the lengths differ.
func Derivatives(dst []float64, l Loss, prediction, target []float64) {
	if len(prediction) != len(dst) || len(target) != len(dst) {
		panic(lengthsDiffer)
	}
	if v, ok := l.(vector); ok {
		v.derivatives(dst, prediction, target)
		return
	}
	for i := range dst {
		dst[i] = l.Derivative(prediction[i], target[i])
	}
}

// sign of x: −1, 0 or 1, and NaN of NaN.
func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return x
}

// clamp x to [−limit, limit]; NaN stays NaN.
func clamp(x, limit float64) float64 { return max(-limit, min(limit, x)) }

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
