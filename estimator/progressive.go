package estimator

import (
	"math"

	"github.com/streamfit/streamfit/estimator/internal/kernel"
	"github.com/streamfit/streamfit/loss"
)

// progressive validation (Blum, Kalai & Langford 1999): every row is predicted before it is learned from, so the mean loss is honest out of sample.
// The Huber loss of a row is taken with the knee in force at that row.
type progressive struct {
	name string
	loss loss.Loss // nil: the Huber loss, with the knee of each row
	rows uint64
	sums kernel.Progress
	mark struct { // where since-last began
		rows uint64
		loss float64
	}
	last struct { // the interval before that
		rows uint64
		loss float64
	}
	interval uint64
}

const (
	windowRows = 1000 // what the windowed loss is about
	windowKeep = 1 - 1.0/windowRows
)

// windowWeight is Σ windowKeepⁱ over the rows: what the windowed sum of losses is divided by.
func windowWeight(rows uint64) float64 {
	return -math.Expm1(float64(rows)*math.Log1p(-1.0/windowRows)) * windowRows
}

// measure by a loss.
func (p *progressive) measure(name string, l loss.Loss) {
	p.name = name
	if _, huber := l.(loss.Huber); !huber {
		p.loss = l
	}
}

// add the rows of a tile, and count the outliers among them: residuals beyond the knee.
func (p *progressive) add(t *tile) (outliers uint64) {
	for from := 0; from < t.n; {
		to := t.n
		if p.interval > 0 {
			to = min(to, from+int(min(p.interval-p.rows%p.interval, math.MaxInt32)))
		}
		outliers += p.score(t.prediction[from:to], t.y[from:to], t.knee[from:to])
		p.rows += uint64(to - from)
		if from = to; p.interval > 0 && p.rows%p.interval == 0 {
			p.last.loss, p.last.rows = p.sums.Loss-p.mark.loss, p.rows-p.mark.rows
			p.mark.loss, p.mark.rows = p.sums.Loss, p.rows
		}
	}
	return outliers
}

// score rows. What has left the numbers is the largest of them, and stays it.
func (p *progressive) score(prediction, y, knee []float64) (outliers uint64) {
	if p.loss == nil {
		outliers = p.sums.Add(prediction, y, knee, windowKeep)
	} else {
		outliers = p.scoreBy(p.loss, prediction, y, knee)
	}
	p.saturate()
	return outliers
}

func (p *progressive) saturate() {
	for _, sum := range [...]*float64{&p.sums.Loss, &p.sums.Absolute, &p.sums.Square, &p.sums.Window, &p.sums.Baseline} {
		*sum = saturate(*sum)
	}
}

// scoreBy a loss is what kernel.Progress does for the Huber loss.
func (p *progressive) scoreBy(l loss.Loss, prediction, y, knee []float64) (outliers uint64) {
	sums := p.sums
	for i, target := range y {
		r := math.Abs(difference(prediction[i], target))
		if r > knee[i] {
			outliers++
		}
		value := number(l.Value(prediction[i], target))
		sums.Loss += value
		sums.Absolute += r
		sums.Square += float64(r * r)
		sums.Window = min(float64(sums.Window*windowKeep)+value, math.MaxFloat64)

		sums.Baseline += number(l.Value(sums.Constant, target))
		sums.Rows++
		signed, bound := difference(target, sums.Constant), knee[i]
		sums.Constant += float64(max(-bound, min(bound, signed)) * (1 / sums.Rows))
	}
	p.sums = sums
	return outliers
}

// number that a loss is, whatever it came to.
func number(v float64) float64 {
	if v != v {
		return math.MaxFloat64
	}
	return v
}

func (p *progressive) report() Metrics {
	n := float64(p.rows)
	since, rows := p.sums.Loss-p.mark.loss, p.rows-p.mark.rows
	if rows == 0 {
		since, rows = p.last.loss, p.last.rows
	}
	return Metrics{
		Name: p.name, Mean: p.sums.Loss / n, SinceLast: since / float64(rows), Window: p.sums.Window / windowWeight(p.rows),
		MAE: p.sums.Absolute / n, RMSE: math.Sqrt(p.sums.Square / n), Baseline: p.sums.Baseline / n,
	}
}

// merge the sums of another stream; the window becomes the mean of both.
func (p *progressive) merge(o *progressive) {
	weight := windowWeight(p.rows) + windowWeight(o.rows)
	p.rows += o.rows
	s, t := &p.sums, o.sums
	s.Loss, s.Absolute, s.Square, s.Baseline = s.Loss+t.Loss, s.Absolute+t.Absolute, s.Square+t.Square, s.Baseline+t.Baseline
	s.Rows += t.Rows
	if weight > 0 {
		s.Window = (s.Window + t.Window) / weight * windowWeight(p.rows)
	}
	p.saturate()
	p.mark.rows, p.mark.loss = p.mark.rows+o.mark.rows, saturate(p.mark.loss+o.mark.loss)
	p.last.rows, p.last.loss = p.last.rows+o.last.rows, saturate(p.last.loss+o.last.loss)
}
