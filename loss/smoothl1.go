package loss

import "math"

var _ vector = SmoothL1{}

// SmoothL1 is the absolute error with its corner rounded off over a width of Beta:
//
//	ℓ(r) = ½r²/β       if |r| < β      ℓ′(r) = r/β
//	       |r| − ½β    otherwise               sign(r)
//
// It is torch.nn.SmoothL1Loss. Beta = 0 is exactly Absolute, and SmoothL1{β} is Huber{β}/β: the slope of the tails stays 1 whatever β is.
//
// Reference: Girshick, "Fast R-CNN", ICCV 2015, equation 3 (β = 1).
type SmoothL1 struct {
	Beta float64 // β ≥ 0, in the unit of the target
}

// Value is ½r²/β, or |r| − ½β where |r| ≥ β.
func (l SmoothL1) Value(prediction, target float64) float64 {
	r := math.Abs(prediction - target)
	if r < l.Beta {
		// r/β is below 1, so this order neither overflows nor underflows before the result does.
		return float64(float64(0.5*r) * (r / l.Beta))
	}
	return r - float64(0.5*l.Beta)
}

// Derivative is r/β, or the sign of r where |r| ≥ β.
func (l SmoothL1) Derivative(prediction, target float64) float64 {
	r := prediction - target
	if math.Abs(r) < l.Beta {
		return r / l.Beta
	}
	return sign(r)
}

// Validate reports a Beta that is negative, infinite or NaN as a *ParameterError.
func (l SmoothL1) Validate() error { return checkNotNegative(nameSmoothL1, "beta", l.Beta) }

func (l SmoothL1) values(dst, prediction, target []float64) {
	prediction, target = prediction[:len(dst)], target[:len(dst)]
	for i := range dst {
		dst[i] = l.Value(prediction[i], target[i])
	}
}

func (l SmoothL1) derivatives(dst, prediction, target []float64) {
	prediction, target = prediction[:len(dst)], target[:len(dst)]
	for i := range dst {
		dst[i] = l.Derivative(prediction[i], target[i])
	}
}
