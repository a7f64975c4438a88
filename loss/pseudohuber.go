package loss

import "math"

var _ vector = PseudoHuber{}

// PseudoHuber is Huber's shape without a seam: all its derivatives are continuous.
//
//	ℓ(r) = δ²(√(1 + (r/δ)²) − 1)    ℓ′(r) = r/√(1 + (r/δ)²)
//
// It is ½r² near 0 and δ|r| − δ² far out; XGBoost calls it reg:pseudohubererror, SciPy scipy.special.pseudo_huber.
// It is evaluated without squaring r and without subtracting 1 from a root near 1, so it keeps its digits for tiny residuals and does not overflow for huge ones.
//
// Reference: Charbonnier, Blanc-Féraud, Aubert and Barlaud, "Deterministic edge-preserving regularization in computed imaging",
// IEEE Transactions on Image Processing 6 (1997) 298–311.
type PseudoHuber struct {
	Delta float64 // δ > 0, in the unit of the target
}

// Value is δ²(√(1 + (r/δ)²) − 1).
func (l PseudoHuber) Value(prediction, target float64) float64 {
	r := math.Abs(prediction - target)
	if r <= l.Delta {
		q := r / l.Delta
		return float64(r * (r / (1 + math.Sqrt(1+float64(q*q)))))
	}
	q := l.Delta / r
	return float64(l.Delta * (r / (q + math.Sqrt(1+float64(q*q)))))
}

// Derivative is r/√(1 + (r/δ)²), always between −δ and δ.
func (l PseudoHuber) Derivative(prediction, target float64) float64 {
	r := prediction - target
	if math.Abs(r) <= l.Delta {
		q := r / l.Delta
		return r / math.Sqrt(1+float64(q*q))
	}
	q := l.Delta / r
	return math.Copysign(l.Delta/math.Sqrt(1+float64(q*q)), r)
}

// Validate reports a Delta that is zero, negative, infinite or NaN as a *ParameterError.
func (l PseudoHuber) Validate() error { return checkPositive(namePseudoHuber, "delta", l.Delta) }

func (l PseudoHuber) values(dst, prediction, target []float64) {
	prediction, target = prediction[:len(dst)], target[:len(dst)]
	for i := range dst {
		dst[i] = l.Value(prediction[i], target[i])
	}
}

func (l PseudoHuber) derivatives(dst, prediction, target []float64) {
	prediction, target = prediction[:len(dst)], target[:len(dst)]
	for i := range dst {
		dst[i] = l.Derivative(prediction[i], target[i])
	}
}
