package loss

import "math"

var _ vector = LogCosh{}

// LogCosh is the logarithm of the hyperbolic cosine:
//
//	ℓ(r) = log(cosh r)    ℓ′(r) = tanh r
//
// It is ½r² near 0 and |r| − log 2 far out, smooth everywhere, and has no parameter: scale the target to move the place where it bends.
// It is keras.losses.LogCosh, without that function's log 2 of single precision. It neither overflows for huge residuals nor loses the digits of tiny ones.
type LogCosh struct{}

// Value is log(cosh r).
func (LogCosh) Value(prediction, target float64) float64 {
	r := math.Abs(prediction - target)
	if r > 1 {
		return r - math.Ln2 + math.Log1p(math.Exp(-2*r))
	}
	// log cosh r = ½·log(1 + sinh²r): no cancellation where the formula above would have it.
	s := math.Sinh(r)
	return 0.5 * math.Log1p(float64(s*s))
}

// Derivative is tanh r.
func (LogCosh) Derivative(prediction, target float64) float64 { return math.Tanh(prediction - target) }

// Validate never finds a fault: there is no parameter.
func (LogCosh) Validate() error { return nil }

func (l LogCosh) values(dst, prediction, target []float64) {
	prediction, target = prediction[:len(dst)], target[:len(dst)]
	for i := range dst {
		dst[i] = l.Value(prediction[i], target[i])
	}
}

func (l LogCosh) derivatives(dst, prediction, target []float64) {
	prediction, target = prediction[:len(dst)], target[:len(dst)]
	for i := range dst {
		dst[i] = l.Derivative(prediction[i], target[i])
	}
}
