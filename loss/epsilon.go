package loss

import "math"

var (
	_ vector = EpsilonInsensitive{}
	_ vector = SquaredEpsilonInsensitive{}
)

// EpsilonInsensitive forgives residuals up to Epsilon, and counts only what exceeds it:
//
//	ℓ(r) = max(|r| − ε, 0)    ℓ′(r) = sign(r) if |r| > ε, else 0
//
// It is the loss of support vector regression, and scikit-learn's SGDRegressor with loss="epsilon_insensitive". Epsilon = 0 is Absolute.
//
// Reference: Vapnik, "The Nature of Statistical Learning Theory", Springer 1995, chapter 6.
type EpsilonInsensitive struct {
	Epsilon float64 // ε ≥ 0, in the unit of the target
}

// Value is max(|r| − ε, 0).
func (l EpsilonInsensitive) Value(prediction, target float64) float64 {
	return math.Abs(excess(prediction-target, l.Epsilon))
}

// Derivative is the sign of r where |r| > ε, else 0.
func (l EpsilonInsensitive) Derivative(prediction, target float64) float64 {
	return sign(excess(prediction-target, l.Epsilon))
}

// Validate reports an Epsilon that is negative, infinite or NaN as a *ParameterError.
func (l EpsilonInsensitive) Validate() error {
	return checkNotNegative(nameEpsilonInsensitive, "epsilon", l.Epsilon)
}

func (l EpsilonInsensitive) values(dst, prediction, target []float64) {
	prediction, target = prediction[:len(dst)], target[:len(dst)]
	for i := range dst {
		dst[i] = l.Value(prediction[i], target[i])
	}
}

func (l EpsilonInsensitive) derivatives(dst, prediction, target []float64) {
	prediction, target = prediction[:len(dst)], target[:len(dst)]
	for i := range dst {
		dst[i] = l.Derivative(prediction[i], target[i])
	}
}

// SquaredEpsilonInsensitive squares what exceeds Epsilon, so that the loss has no corner:
//
//	ℓ(r) = max(|r| − ε, 0)²    ℓ′(r) = 2·sign(r)·max(|r| − ε, 0)
//
// It is scikit-learn's SGDRegressor with loss="squared_epsilon_insensitive". Epsilon = 0 is Squared.
type SquaredEpsilonInsensitive struct {
	Epsilon float64 // ε ≥ 0, in the unit of the target
}

// Value is max(|r| − ε, 0)².
func (l SquaredEpsilonInsensitive) Value(prediction, target float64) float64 {
	e := excess(prediction-target, l.Epsilon)
	return float64(e * e)
}

// Derivative is 2·sign(r)·max(|r| − ε, 0).
func (l SquaredEpsilonInsensitive) Derivative(prediction, target float64) float64 {
	return 2 * excess(prediction-target, l.Epsilon)
}

// Validate reports an Epsilon that is negative, infinite or NaN as a *ParameterError.
func (l SquaredEpsilonInsensitive) Validate() error {
	return checkNotNegative(nameSquaredEpsilonInsensitive, "epsilon", l.Epsilon)
}

func (l SquaredEpsilonInsensitive) values(dst, prediction, target []float64) {
	prediction, target = prediction[:len(dst)], target[:len(dst)]
	for i := range dst {
		dst[i] = l.Value(prediction[i], target[i])
	}
}

func (l SquaredEpsilonInsensitive) derivatives(dst, prediction, target []float64) {
	prediction, target = prediction[:len(dst)], target[:len(dst)]
	for i := range dst {
		dst[i] = l.Derivative(prediction[i], target[i])
	}
}

// excess is the part of r beyond ±epsilon, with r's sign: exactly 0 inside, because r − r is.
func excess(r, epsilon float64) float64 { return r - clamp(r, epsilon) }
