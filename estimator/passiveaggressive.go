package estimator

// passiveAggressive tells whether the loss of each row decides the step, and not the rate.
func (s *schedule) passiveAggressive() bool { return s.kind == ratePA1 || s.kind == ratePA2 }

// aggressive is the update of the prediction at a row with loss ℓ = max(|y − p| − ε, 0), towards its target (Crammer, Dekel, Keshet, Shalev-Shwartz &
// Singer, "Online Passive-Aggressive Algorithms", JMLR 7, 2006, 551–585), with C = η₀:
//
//	pa1  min(C, ℓ/‖x‖²)            pa2  ℓ/(‖x‖² + 1/(2C))
//
// As in scikit-learn ‖x‖² leaves out the intercept, although the intercept moves too, and pa1 passes over a row of zeros (false), which does not even
// count for t.
func (s *schedule) aggressive(loss, prediction, target float64, x []float64) (update float64, ok bool) {
	norm := squaredNorm(x)
	switch {
	case s.kind == ratePA2:
		update = loss / (norm + 0.5/s.eta0)
	case norm == 0:
		return 0, false
	default:
		update = min(s.eta0, loss/norm)
	}
	if target < prediction {
		update = -update
	}
	return update, true
}

// squaredNorm is Σⱼ xⱼ².
func squaredNorm(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += float64(v * v)
	}
	return sum
}
