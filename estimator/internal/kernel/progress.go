package kernel

import "math"

// Progress are the sums of progressive validation by the Huber loss, and the best constant prediction so far that the model is compared with.
type Progress struct {
	Loss, Absolute, Square float64 // of the model's residuals
	Window                 float64 // of its losses: each is multiplied by keep with every row after it
	Baseline, Constant     float64 // loss of the constant, and the constant itself
	Rows                   float64
}

// Add rows with their predictions, and the knee δ in force at each (above 0, perhaps +Inf). It returns how many residuals lie beyond the knee.
//
//	r = |prediction − y|,  ρ(r) = a·(r − ½a) with a = min(r, δ)
//	Loss, Absolute, Square += ρ(r), r, r²;  Window ← Window·keep + ρ(r)
//	Baseline += ρ(|y − Constant|);  Rows += 1;  Constant += clip(y − Constant, ±δ)·(1/Rows)
//
// Differences that leave the numbers are the largest of them, and so is Window; the other sums may end up infinite.
func (s *Progress) Add(prediction, y, knee []float64, keep float64) (outliers uint64) {
	return progress(s, prediction, y[:len(prediction)], knee[:len(prediction)], keep)
}

func progressPortable(s *Progress, prediction, y, knee []float64, keep float64) (outliers uint64) {
	sum := *s
	for i, target := range y {
		delta := knee[i]
		r := min(math.Abs(prediction[i]-target), math.MaxFloat64)
		if r > delta {
			outliers++
		}
		value := huberOf(r, delta)
		sum.Loss += value
		sum.Absolute += r
		sum.Square += float64(r * r)
		sum.Window = min(float64(sum.Window*keep)+value, math.MaxFloat64)

		bound, signed := min(delta, math.MaxFloat64), target-sum.Constant
		sum.Baseline += huberOf(min(math.Abs(signed), math.MaxFloat64), bound)
		sum.Rows++
		sum.Constant += float64(max(-bound, min(bound, signed)) * (1 / sum.Rows))
	}
	*s = sum
	return outliers
}

func huberOf(r, delta float64) float64 {
	a := min(r, delta)
	return float64(a * (r - float64(0.5*a)))
}
