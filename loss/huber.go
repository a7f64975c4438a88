package loss

import "math"

var _ vector = Huber{}

// Huber is quadratic up to the knee Delta, and linear beyond it:
//
//	ℓ(r) = ½r²            if |r| ≤ δ      ℓ′(r) = r
//	       δ(|r| − ½δ)    otherwise               δ·sign(r)
//
// It is torch.nn.HuberLoss, keras.losses.Huber, and scikit-learn's SGDRegressor with loss="huber", where δ is called epsilon.
// As δ → ∞ it becomes HalfSquared, and as δ → 0 it becomes δ·Absolute.
//
// Reference: Huber, "Robust Estimation of a Location Parameter", Annals of Mathematical Statistics 35 (1964) 73–101.
type Huber struct {
	Delta float64 // δ > 0, in the unit of the target
}

// Value is ½r², or δ(|r| − ½δ) where |r| > δ.
func (l Huber) Value(prediction, target float64) float64 {
	r := math.Abs(prediction - target)
	if r <= l.Delta {
		return float64(float64(0.5*r) * r)
	}
	// This form, unlike δ|r| − ½δ², subtracts no two products of almost the same size just above the knee.
	return float64(l.Delta * (r - float64(0.5*l.Delta)))
}

// Derivative is r clamped to [−δ, δ].
func (l Huber) Derivative(prediction, target float64) float64 {
	return clamp(prediction-target, l.Delta)
}

// Validate reports a Delta that is zero, negative, infinite or NaN as a *ParameterError.
func (l Huber) Validate() error { return checkPositive(nameHuber, "delta", l.Delta) }

func (l Huber) values(dst, prediction, target []float64) {
	prediction, target = prediction[:len(dst)], target[:len(dst)]
	for i := range dst {
		dst[i] = l.Value(prediction[i], target[i])
	}
}

func (l Huber) derivatives(dst, prediction, target []float64) {
	prediction, target = prediction[:len(dst)], target[:len(dst)]
	for i := range dst {
		dst[i] = l.Derivative(prediction[i], target[i])
	}
}
