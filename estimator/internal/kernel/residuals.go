package kernel

import "math"

// Residuals of rows before they are learned, in a basis; its fields are what is the same for all of them.
type Residuals struct {
	Centre, PerUnit, Unit  float64 // of the target: y = (raw − Centre)·PerUnit, and PerUnit is about 1/Unit
	Intercept              float64
	Median                 float64 // of |r|
	Knee, KneeSquare       float64 // k, k²
	PerRow                 float64 // by which ‖z‖² counts in the variance of a prediction
	Rounding               float64 // of y: what is less is no residual
	Largest, LargestSquare float64 // |y| and ‖z‖² that are learned from
}

// Sides on which rows lie, a bit a row, the first in the lowest.
type Sides struct {
	Beyond  uint64 // |r| > Median
	Inside  uint64 // |r| ≤ k, or r² ≤ k²·(1 + (1 + ‖z‖²)·PerRow), or |r| ≤ Rounding·|y|
	Outside uint64 // of the numbers: |y| or ‖z‖² is not below its bound, or the prediction is not finite
}

// Of at most 64 rows, with product Σ zⱼβⱼ and square Σ zⱼ² of each: it sets y, and
//
//	m = product + Intercept,  r = y − m,  prediction = Centre + m·Unit
func (s *Residuals) Of(y, prediction, raw, product, square []float64) Sides {
	n := len(y)
	prediction, raw, product, square = prediction[:n], raw[:n], product[:n], square[:n]
	whole := n / Lanes * Lanes
	sides := residuals(s, y[:whole], prediction[:whole], raw[:whole], product[:whole], square[:whole])
	rest := residualsPortable(s, y[whole:], prediction[whole:], raw[whole:], product[whole:], square[whole:])
	return Sides{sides.Beyond | rest.Beyond<<whole, sides.Inside | rest.Inside<<whole, sides.Outside | rest.Outside<<whole}
}

func residualsPortable(s *Residuals, y, prediction, raw, product, square []float64) (sides Sides) {
	for i, target := range raw {
		v, m := (target-s.Centre)*s.PerUnit, product[i]+s.Intercept
		p, r, size := s.Centre+float64(m*s.Unit), math.Abs(v-m), math.Abs(v)
		y[i], prediction[i] = v, p
		sides.Beyond |= bit(r > s.Median) << i
		h := float64((1 + square[i]) * s.PerRow)
		sides.Inside |= bit(r <= s.Knee || float64(r*r) <= float64(s.KneeSquare*(1+h)) || r <= float64(s.Rounding*size)) << i
		sides.Outside |= bit(!(size < s.Largest) || !(square[i] < s.LargestSquare) || p-p != 0) << i
	}
	return sides
}

func bit(set bool) uint64 {
	if set {
		return 1
	}
	return 0
}

// Proximal are the steps of rows by a Huber loss that are taken to where they end: with c = γ·v·weight and q = 1 + c·(1 + ‖z‖²) of each,
// gain = c/q and limit = min(knee·q, most). It returns a bit for each of the rows, at most 64, whose q is infinite.
func Proximal(gain, limit, square, v, weight []float64, gamma, knee, most float64) (infinite uint64) {
	n := len(gain)
	limit, square, v, weight = limit[:n], square[:n], v[:n], weight[:n]
	whole := n / Lanes * Lanes
	infinite = proximal(gain[:whole], limit[:whole], square[:whole], v[:whole], weight[:whole], gamma, knee, most)
	return infinite | proximalPortable(gain[whole:], limit[whole:], square[whole:], v[whole:], weight[whole:], gamma, knee, most)<<whole
}

func proximalPortable(gain, limit, square, v, weight []float64, gamma, knee, most float64) (infinite uint64) {
	for i, h := range square {
		c := gamma * v[i] * weight[i]
		q := 1 + float64(c*(1+h))
		gain[i], limit[i] = c/q, min(float64(knee*q), most)
		infinite |= bit(q > math.MaxFloat64) << i
	}
	return infinite
}
