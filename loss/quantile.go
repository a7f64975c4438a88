package loss

var _ vector = Quantile{}

// Quantile is the pinball loss, which weighs predictions that are too low by τ and those that are too high by 1 − τ:
//
//	ℓ(r) = −τ·r         if r ≤ 0      ℓ′(r) = −τ
//	       (1 − τ)·r    if r > 0              1 − τ      (0 at r = 0)
//
// The τ-quantile of the targets minimises it; τ = ½ is half of Absolute. It is scikit-learn's pinball loss (whose gradient at r = 0 is −τ,
// where this one rests at 0).
//
// Reference: Koenker and Bassett, "Regression Quantiles", Econometrica 46 (1978) 33–50.
type Quantile struct {
	Tau float64 // τ in (0, 1): 0.9 predicts what nine of ten targets stay below
}

// Value is the larger of −τ·r and (1 − τ)·r.
func (l Quantile) Value(prediction, target float64) float64 {
	r := prediction - target
	return max(-l.Tau*r, (1-l.Tau)*r)
}

// Derivative is −τ, 0 or 1 − τ as r is negative, 0 or positive.
func (l Quantile) Derivative(prediction, target float64) float64 {
	r := prediction - target
	switch {
	case r > 0:
		return 1 - l.Tau
	case r < 0:
		return -l.Tau
	}
	return r
}

// Validate reports a Tau that is not strictly between 0 and 1 as a *ParameterError.
func (l Quantile) Validate() error {
	if l.Tau > 0 && l.Tau < 1 {
		return nil
	}
	return &ParameterError{Loss: nameQuantile, Parameter: "tau", Value: l.Tau, Want: "strictly between 0 and 1"}
}

func (l Quantile) values(dst, prediction, target []float64) {
	prediction, target = prediction[:len(dst)], target[:len(dst)]
	for i := range dst {
		dst[i] = l.Value(prediction[i], target[i])
	}
}

func (l Quantile) derivatives(dst, prediction, target []float64) {
	prediction, target = prediction[:len(dst)], target[:len(dst)]
	for i := range dst {
		dst[i] = l.Derivative(prediction[i], target[i])
	}
}
