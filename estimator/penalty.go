package estimator

// truncation is the penalty l1 as a cumulative penalty (Tsuruoka, Tsujii & Ananiadou, "Stochastic Gradient Descent Training for L1-regularized
// Log-linear Models with Cumulative Penalty", ACL 2009). With the penalty u that every weight should have paid in this pass, and qⱼ, what it has:
//
//	u  ← u + η·l1_ratio·α
//	wⱼ ← max(0, wⱼ − (u + qⱼ)) if wⱼ > 0, min(0, wⱼ + (u − qⱼ)) if wⱼ < 0
//	qⱼ ← qⱼ + the change of wⱼ
//
// A weight stays at exactly 0 until its gradients exceed its debt. u and q start anew with every pass, as with every call of partial_fit.
type truncation struct {
	ratio, alpha float64
	due          float64   // u
	paid         []float64 // q
	change       []float64 // of the weights in the last step; no part of the state
}

func newTruncation(ratio, alpha float64, d int) *truncation {
	return &truncation{ratio: ratio, alpha: alpha, paid: make([]float64, d), change: make([]float64, d)}
}

func (p *truncation) truncate(w []float64, rate float64) {
	p.due = saturate(p.due + float64(float64(p.ratio*rate)*p.alpha))
	due, paid, change := p.due, p.paid[:len(w)], p.change[:len(w)]
	for j, v := range w {
		left := truncated(v, due, paid[j])
		w[j] = left
		change[j] = left - v
		paid[j] += change[j]
	}
	saturateAll(w)
	saturateAll(change)
	saturateAll(paid)
}

// truncated weight: as far towards 0 as it owes, and no further.
func truncated(v, due, paid float64) float64 {
	if v > 0 {
		if left := v - (due + paid); left > 0 {
			return left
		}
	} else if v < 0 {
		if left := v + (due - paid); left < 0 {
			return left
		}
	}
	return 0
}

// restart at the end of a pass.
func (p *truncation) restart() {
	p.due = 0
	clear(p.paid)
}

func (p *truncation) appendState(e *encoder) {
	e.float(p.due)
	e.floats(p.paid...)
}

func (p *truncation) restoreState(d *decoder) {
	p.due = d.float()
	d.floats(p.paid)
	if !(p.due >= 0) {
		d.fail("penalty %v", p.due)
	}
}
