package kernel

import (
	"math"
	"slices"
)

// Progress are the sums of progressive validation by the Huber loss, and the best constant prediction so far, which a model is compared with. Row n,
// counted from 0, is in lane n mod 4 of every sum.
type Progress struct {
	Loss, Absolute, Square [Lanes]float64 // of the model's residuals
	Window                 [Lanes]float64 // of its losses: a loss is multiplied by keep⁴ with every fourth row after it
	Baseline               [Lanes]float64 // losses of the constant
	Inside                 [Lanes]float64 // rows that lie within the knee of the constant
	Pull                   [Lanes]float64 // what the rows since the constant last moved pull at it, added up
	Constant               float64
	Gain                   float64 // 1/(4 + ΣInside), when the constant last moved
	Rows                   uint64
}

// Total of the lanes.
func Total(lanes [Lanes]float64) float64 { return (lanes[0] + lanes[2]) + (lanes[1] + lanes[3]) }

// Add rows with their predictions, and the knee δ in force at each (above 0, perhaps +Inf). It returns how many residuals lie beyond the knee.
//
//	r = |prediction − y|,  ρ(r) = a·(r − ½a) with a = min(r, δ)
//	Loss, Absolute, Square += ρ(r), r, r²;  Window ← Window·keep⁴ + ρ(r)
//	s = y − Constant;  Baseline += ρ(|s|);  Inside += 1 if |s| ≤ δ;  Pull = clip(s, ±δ)
//
// After every eighth row Constant += ΣPull/(4 + ΣInside), as ΣInside was when it last moved: Newton's step of the Huber loss, over the rows inside the knee. It
// starts as the median of the first four targets. Differences that leave the numbers are the largest of them, and so is Window; other sums may end up infinite.
func (s *Progress) Add(prediction, y, knee []float64, keep4 float64) (outliers uint64) {
	n := len(prediction)
	y, knee = y[:n], knee[:n]
	for i := 0; i < n; {
		if blocks := (n - i) / movedRows * movedRows; blocks > 0 && s.Rows%movedRows == 0 && s.Rows > 0 {
			outliers += progress(s, prediction[i:i+blocks], y[i:i+blocks], knee[i:i+blocks], keep4)
			i += blocks
			continue
		}
		outliers += s.addRow(prediction[i], y[i], knee[i], keep4)
		i++
	}
	return outliers
}

func (s *Progress) addRow(prediction, y, knee, keep4 float64) (outliers uint64) {
	r := min(math.Abs(prediction-y), math.MaxFloat64)
	if r > knee {
		outliers = 1
	}
	bound := min(knee, LargestPull)
	size := min(math.Abs(y-s.Constant), math.MaxFloat64)
	s.Score(huberOf(r, knee), r, huberOf(size, bound), y, bound, keep4)
	return outliers
}

// movedRows between two steps of the constant: in the time of one, the rows of two vectors are scored.
const movedRows = 2 * Lanes

// LargestPull at the constant: eight of them can be added.
const LargestPull = math.MaxFloat64 / 16

// Score a row by whatever loss: its value for the model and for the constant, the model's residual r = |prediction − y|, and the bound of what a row
// pulls at the constant, at most LargestPull.
func (s *Progress) Score(value, r, baseline, y, bound, keep4 float64) {
	lane := s.Rows % Lanes
	s.Loss[lane] += value
	s.Absolute[lane] += r
	s.Square[lane] += float64(r * r)
	s.Window[lane] = min(float64(s.Window[lane]*keep4)+value, math.MaxFloat64)

	signed := y - s.Constant
	s.Baseline[lane] += baseline
	if min(math.Abs(signed), math.MaxFloat64) <= bound {
		s.Inside[lane]++
	}
	if s.Rows < Lanes {
		bound = LargestPull
	}
	pull := max(-bound, min(bound, signed))
	if s.Rows%movedRows >= Lanes && s.Rows > movedRows {
		pull += s.Pull[lane]
	}
	s.Pull[lane] = pull
	if s.Rows++; s.Rows%movedRows == 0 || s.Rows == Lanes {
		s.moveConstant()
	}
}

func (s *Progress) moveConstant() {
	if s.Rows == Lanes {
		slices.Sort(s.Pull[:])
		s.Constant += float64(0.5*s.Pull[1]) + float64(0.5*s.Pull[2])
	} else {
		s.Constant = max(-math.MaxFloat64, min(math.MaxFloat64, s.Constant+float64(Total(s.Pull)*s.Gain)))
	}
	s.Gain = 1 / (Lanes + Total(s.Inside))
}

func progressPortable(s *Progress, prediction, y, knee []float64, keep4 float64) (outliers uint64) {
	for i, p := range prediction {
		outliers += s.addRow(p, y[i], knee[i], keep4)
	}
	return outliers
}

// huberOf a residual of size r.
func huberOf(r, delta float64) float64 {
	a := min(r, delta)
	return float64(a * (r - float64(0.5*a)))
}
