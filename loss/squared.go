package loss

var (
	_ vector = Squared{}
	_ vector = HalfSquared{}
)

// Squared is the squared error, without a factor ½:
//
//	ℓ(r) = r²    ℓ′(r) = 2r
//
// Its mean is the MSE: torch.nn.MSELoss, keras.losses.MeanSquaredError. The mean of the targets minimises it.
type Squared struct{}

// Value is r².
func (Squared) Value(prediction, target float64) float64 {
	r := prediction - target
	return float64(r * r)
}

// Derivative is 2r.
func (Squared) Derivative(prediction, target float64) float64 { return 2 * (prediction - target) }

// Validate never finds a fault: there is no parameter.
func (Squared) Validate() error { return nil }

func (l Squared) values(dst, prediction, target []float64) {
	prediction, target = prediction[:len(dst)], target[:len(dst)]
	for i := range dst {
		dst[i] = l.Value(prediction[i], target[i])
	}
}

func (l Squared) derivatives(dst, prediction, target []float64) {
	prediction, target = prediction[:len(dst)], target[:len(dst)]
	for i := range dst {
		dst[i] = l.Derivative(prediction[i], target[i])
	}
}

// HalfSquared is half the squared error, so that the derivative is the residual itself:
//
//	ℓ(r) = ½r²    ℓ′(r) = r
//
// It is what scikit-learn's SGDRegressor calls "squared_error", and what Huber becomes as δ → ∞.
type HalfSquared struct{}

// Value is ½r².
func (HalfSquared) Value(prediction, target float64) float64 {
	r := prediction - target
	return float64(float64(0.5*r) * r)
}

// Derivative is r.
func (HalfSquared) Derivative(prediction, target float64) float64 { return prediction - target }

// Validate never finds a fault: there is no parameter.
func (HalfSquared) Validate() error { return nil }

func (l HalfSquared) values(dst, prediction, target []float64) {
	prediction, target = prediction[:len(dst)], target[:len(dst)]
	for i := range dst {
		dst[i] = l.Value(prediction[i], target[i])
	}
}

func (l HalfSquared) derivatives(dst, prediction, target []float64) {
	prediction, target = prediction[:len(dst)], target[:len(dst)]
	for i := range dst {
		dst[i] = l.Derivative(prediction[i], target[i])
	}
}
