package kernel

import "math"

// Survey is what rows are before they are learned: their features in a basis, how far out they are, and where they lie beside the model. Its slices for rows
// have room for three more rows than are surveyed, in which anything may be left.
type Survey struct {
	Centre, PerScale, Mean []float64 // of the features, all padded alike: of the basis, and the coefficients to predict with

	Z                []float64 // the rows' zⱼ = (xⱼ − centreⱼ)·perScaleⱼ, one row after another
	Y, Square, Far   []float64 // of each row: the target in the basis, Σ zⱼ², max|zⱼ|; far is of no use if one of them is not finite
	Gain, Limit      []float64 // the proximal step of a row that is trusted
	Location         float64   // of the target: y = (raw − Location)·PerUnit, and PerUnit is about 1/Unit
	PerUnit, Unit    float64
	Intercept        float64
	Median           float64 // of |r|
	Knee, KneeSquare float64 // k, k²
	PerRow           float64 // by which ‖z‖² counts in the variance of a prediction
	Rounding         float64 // of y: what is less is no residual
	Largest          float64 // |y|, and
	LargestSquare    float64 // ‖z‖² that are learned from
	Nearest          float64 // max|zⱼ| that is not far
	Gamma            float64 // γ of the steps,
	StepKnee, Most   float64 // the knee of their Huber loss, and the largest limit
}

// Sides on which rows lie, a bit a row, the first in the lowest.
type Sides struct {
	Beyond   uint64 // |r| > Median
	Inside   uint64 // |r| ≤ k, or r² ≤ k²·(1 + (1 + ‖z‖²)·PerRow), or |r| ≤ Rounding·|y|
	Outside  uint64 // of the numbers: |y| or ‖z‖² is not below its bound, or the prediction is not finite
	Distant  uint64 // max|zⱼ| > Nearest
	Infinite uint64 // q, below, is
}

// Of at most 64 rows, as many as there are predictions to be set; x holds the rows, each padded to stride.
//
//	m = Σⱼ zⱼ·meanⱼ + Intercept,  r = y − m,  prediction = Location + m·Unit
//	c = γ·weight,  q = 1 + c·(1 + ‖z‖²),  gain = c/q,  limit = min(knee·q, most)
//
// The sums over j are taken in four lanes, j mod 4, which are added as (l₀ + l₂) + (l₁ + l₃). What a row outside of the numbers has for a step is of no use.
func (s *Survey) Of(x []float64, stride int, raw, weight, prediction []float64) Sides {
	d, rows := len(s.Centre), len(prediction)
	if rows == 0 {
		return Sides{}
	}
	_, _, _, _ = x[:(rows-1)*stride+d], s.PerScale[:d], s.Mean[:d], s.Z[:rows*d]
	room := rows + Lanes - 1
	_, _, _, _, _ = s.Y[:room], s.Square[:room], s.Far[:room], s.Gain[:room], s.Limit[:room]
	_, _, _ = raw[:room], weight[:room], prediction[:room]
	return survey(s, x, stride, raw[:rows], weight, prediction)
}

func surveyPortable(s *Survey, x []float64, stride int, raw, weight, prediction []float64) (sides Sides) {
	d := len(s.Centre)
	for i := range prediction {
		z := s.Z[i*d : (i+1)*d]
		far, square, product := surveyRow(z, x[i*stride:][:d], s.Centre, s.PerScale, s.Mean)
		y, m := (raw[i]-s.Location)*s.PerUnit, product+s.Intercept
		p, r, size := s.Location+float64(m*s.Unit), math.Abs(y-m), math.Abs(y)
		s.Y[i], s.Square[i], s.Far[i], prediction[i] = y, square, far, p
		h := float64((1 + square) * s.PerRow)
		c := s.Gamma * weight[i]
		q := 1 + float64(c*(1+square))
		s.Gain[i], s.Limit[i] = c/q, min(float64(s.StepKnee*q), s.Most)
		sides.Beyond |= bit(r > s.Median) << i
		sides.Inside |= bit(r <= s.Knee || float64(r*r) <= float64(s.KneeSquare*(1+h)) || r <= float64(s.Rounding*size)) << i
		sides.Outside |= bit(!(size < s.Largest) || !(square < s.LargestSquare) || p-p != 0) << i
		sides.Distant |= bit(far > s.Nearest) << i
		sides.Infinite |= bit(q > math.MaxFloat64) << i
	}
	return sides
}

func surveyRow(z, x, centre, perScale, mean []float64) (far, square, product float64) {
	var squares, products [Lanes]float64
	for j, v := range x {
		v = (v - centre[j]) * perScale[j]
		z[j] = v
		far = max(far, math.Abs(v))
		squares[j%Lanes] += float64(v * v)
		products[j%Lanes] += float64(v * mean[j])
	}
	return far, Total(squares), Total(products)
}

func bit(set bool) uint64 {
	if set {
		return 1
	}
	return 0
}
