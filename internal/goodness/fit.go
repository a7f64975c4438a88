package goodness

import (
	"math"
	"math/bits"

	"github.com/streamfit/streamfit/estimator"
)

// Loss of a prediction, for models whose loss is not told by a knee.
type Loss interface {
	Value(prediction, target float64) float64
}

// Fit gathers how rows were predicted.
type Fit struct {
	Residuals *Residuals
	Outliers  uint64 // rows whose residual lies beyond the knee

	loss     Loss // nil: the Huber loss with the knee of each row
	constant constant
	held     bool // these rows are not learned, by the constant neither
	rows     uint64
	errors   errorSums
	octaves  [65]comparison // of the rows 1, 2–3, 4–7, 8–15, …, from index 1 on
}

type errorSums struct{ loss, absolute, square float64 }

// comparison of the model's losses with the constant's.
type comparison struct{ model, constant float64 }

// NewFit of rows that a model predicts before it learns from them, measured by a loss; nil: by the Huber loss with the knee in force at each row, half
// the square where there is none.
func NewFit(loss Loss) *Fit { return &Fit{Residuals: NewResiduals(), loss: loss} }

// Holdout is a Fit of rows that are not learned: the constant stays what it was after the rows of f.
func (f *Fit) Holdout() *Fit {
	h := NewFit(f.loss)
	h.constant, h.held = f.constant, true
	return h
}

// Add rows in order.
func (f *Fit) Add(p estimator.Predicted) {
	for i, y := range p.Target {
		f.add(p.Prediction[i], y, p.Knee[i])
	}
}

func (f *Fit) add(prediction, y, knee float64) {
	r := bounded(y - prediction)
	f.Residuals.Add(r)
	if math.Abs(r) > knee {
		f.Outliers++
	}
	robust := huber(r, knee)
	if f.loss == nil {
		f.errors.loss += robust
	} else {
		f.errors.loss += f.loss.Value(prediction, y)
	}
	f.errors.absolute += math.Abs(r)
	f.errors.square += r * r

	f.rows++
	octave := &f.octaves[bits.Len64(f.rows)]
	octave.model += robust
	octave.constant += huber(bounded(y-f.constant.value), knee)
	if !f.held {
		f.constant.learn(y, knee)
	}
}

// Rows that were predicted.
func (f *Fit) Rows() uint64 { return f.rows }

// Loss of the rows, with their absolute error and the root of the squared error, each the mean over the rows. NaN if there is no row.
func (f *Fit) Loss() (loss, mae, rmse float64) {
	n := float64(f.rows)
	return f.errors.loss / n, f.errors.absolute / n, math.Sqrt(f.errors.square / n)
}

// R2 of a model with so many coefficients is 1 − Σρ(y − ŷ) / Σρ(y − c), the share of the constant's loss that the features save. ρ is the Huber loss with
// the knee δ in force at each row, half the square where the model has no knee, which makes it the ordinary R² of predictions. It may be below 0, and is
// NaN where there is no row to compare or the constant has no loss.
//
// For rows that are learned, ŷ and c are what model and constant said before they learned the row. The first rows are left out, up to a power of two that
// is at least 32 and 4 times the coefficients: there is nothing yet to predict from, and where targets lie far from 0 the losses of the first
// predictions would outweigh all others. For a holdout, c is the constant of the rows that were learned, and no row is left out.
func (f *Fit) R2(coefficients int) float64 {
	first := 0
	if !f.held {
		first = bits.Len(uint(max(32, 4*coefficients) - 1))
	}
	var sum comparison
	for _, o := range f.octaves[first+1:] {
		sum.model += o.model
		sum.constant += o.constant
	}
	if !(sum.constant > 0) {
		return math.NaN()
	}
	return 1 - sum.model/sum.constant
}

// huber loss a·(|r| − a/2) with a = min(|r|, δ).
func huber(r, knee float64) float64 {
	r = math.Abs(r)
	a := min(r, knee)
	return a * (r - a/2)
}

func bounded(r float64) float64 { return max(-math.MaxFloat64, min(math.MaxFloat64, r)) }
