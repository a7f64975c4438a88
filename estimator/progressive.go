package estimator

import "math"

// progressive validation (Blum, Kalai & Langford 1999): every row is predicted before it is learned from, so the mean loss is honest out of sample.
// The Huber loss of a row is taken with the knee in force at that row.
type progressive struct {
	name                   string
	rows                   uint64
	loss, absolute, square float64 // sums
	window, windowWeight   float64 // exponentially windowed
	interval               uint64
	markRows               uint64 // where since-last began
	markLoss               float64
	lastLoss               float64 // the interval before that
	lastRows               uint64
	baseline               constant
	baselineLoss           float64
}

// windowRows is the number of rows that the windowed loss is about.
const windowRows = 1000

// add a row: its loss, the loss of the best constant so far, and what they are of.
func (p *progressive) add(value, baseline, delta, prediction, y float64) {
	r := math.Abs(difference(prediction, y))
	p.rows++
	p.loss = saturate(p.loss + value)
	p.absolute = saturate(p.absolute + r)
	p.square = saturate(p.square + saturate(r*r))
	const keep = 1 - 1.0/windowRows
	p.window = saturate(float64(p.window*keep) + value)
	p.windowWeight = float64(p.windowWeight*keep) + 1
	p.baselineLoss = saturate(p.baselineLoss + baseline)
	p.baseline.learn(y, delta)
	if p.interval > 0 && p.rows%p.interval == 0 {
		p.lastLoss, p.lastRows = p.loss-p.markLoss, p.rows-p.markRows
		p.markLoss, p.markRows = p.loss, p.rows
	}
}

func (p *progressive) report() Metrics {
	n := float64(p.rows)
	since, rows := p.loss-p.markLoss, p.rows-p.markRows
	if rows == 0 {
		since, rows = p.lastLoss, p.lastRows
	}
	return Metrics{
		Name: p.name, Mean: p.loss / n, SinceLast: since / float64(rows), Window: p.window / p.windowWeight,
		MAE: p.absolute / n, RMSE: math.Sqrt(p.square / n), Baseline: p.baselineLoss / n,
	}
}

// constant is the best constant prediction so far, the location M-estimate under the knee: a model without features, learned and scored like one.
type constant struct{ value, information float64 }

func (c *constant) learn(y, delta float64) {
	c.information++
	r := difference(y, c.value)
	c.value = saturate(c.value + max(-delta, min(delta, r))/c.information)
}
