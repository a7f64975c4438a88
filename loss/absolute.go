package loss

import "math"

var _ vector = Absolute{}

// Absolute is the absolute error:
//
//	ℓ(r) = |r|    ℓ′(r) = sign(r), 0 at r = 0
//
// Its mean is the MAE: torch.nn.L1Loss, keras.losses.MeanAbsoluteError. The median of the targets minimises it.
type Absolute struct{}

// Value is |r|.
func (Absolute) Value(prediction, target float64) float64 { return math.Abs(prediction - target) }

// Derivative is the sign of r, and 0 at r = 0.
func (Absolute) Derivative(prediction, target float64) float64 { return sign(prediction - target) }

// Validate never finds a fault: there is no parameter.
func (Absolute) Validate() error { return nil }

func (l Absolute) values(dst, prediction, target []float64) {
	prediction, target = prediction[:len(dst)], target[:len(dst)]
	for i := range dst {
		dst[i] = l.Value(prediction[i], target[i])
	}
}

func (l Absolute) derivatives(dst, prediction, target []float64) {
	prediction, target = prediction[:len(dst)], target[:len(dst)]
	for i := range dst {
		dst[i] = l.Derivative(prediction[i], target[i])
	}
}
