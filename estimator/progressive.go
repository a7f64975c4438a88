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
	// windowKeep4 is of four rows: a lane of kernel.Progress gets every fourth.
	windowKeep4 = windowKeep * windowKeep * windowKeep * windowKeep
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
			total := kernel.Total(p.sums.Loss)
			p.last.loss, p.last.rows = total-p.mark.loss, p.rows-p.mark.rows
			p.mark.loss, p.mark.rows = total, p.rows
		}
	}
	return outliers
}

// score rows. What has left the numbers is the largest of them, and stays it.
func (p *progressive) score(prediction, y, knee []float64) (outliers uint64) {
	if p.loss == nil {
		outliers = p.sums.Add(prediction, y, knee, windowKeep4)
	} else {
		outliers = p.scoreBy(p.loss, prediction, y, knee)
	}
	p.saturate()
	return outliers
}

func (p *progressive) saturate() {
	for _, lanes := range p.lanes() {
		for i, v := range lanes {
			lanes[i] = saturate(v)
		}
	}
}

// lanes of the sums over rows.
func (p *progressive) lanes() [5]*[kernel.Lanes]float64 {
	s := &p.sums
	return [...]*[kernel.Lanes]float64{&s.Loss, &s.Absolute, &s.Square, &s.Window, &s.Baseline}
}

// scoreBy a loss is what kernel.Progress does for the Huber loss.
func (p *progressive) scoreBy(l loss.Loss, prediction, y, knee []float64) (outliers uint64) {
	s := &p.sums
	for i, target := range y {
		r := math.Abs(difference(prediction[i], target))
		if r > knee[i] {
			outliers++
		}
		s.Score(number(l.Value(prediction[i], target)), r, number(l.Value(s.Constant, target)), target, min(knee[i], kernel.LargestPull), windowKeep4)
	}
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
	s, n := &p.sums, float64(p.rows)
	total := saturate(kernel.Total(s.Loss))
	since, rows := total-p.mark.loss, p.rows-p.mark.rows
	if rows == 0 {
		since, rows = p.last.loss, p.last.rows
	}
	return Metrics{
		Name: p.name, Mean: total / n, SinceLast: since / float64(rows), Window: p.window() / windowWeight(p.rows),
		MAE: saturate(kernel.Total(s.Absolute)) / n, RMSE: math.Sqrt(saturate(kernel.Total(s.Square)) / n), Baseline: saturate(kernel.Total(s.Baseline)) / n,
	}
}

// window is the sum of the losses, each times windowKeep for every row after it: the lane of the last row is as old as it says, the others are older.
func (p *progressive) window() float64 {
	sum, keep := 0.0, 1.0
	for age := range min(p.rows, kernel.Lanes) {
		sum += float64(p.sums.Window[(p.rows-1-age)%kernel.Lanes] * keep)
		keep *= windowKeep
	}
	return saturate(sum)
}

// merge the sums of another stream, for a report; the window becomes the mean of both.
func (p *progressive) merge(o *progressive) {
	window, weight := p.window()+o.window(), windowWeight(p.rows)+windowWeight(o.rows)
	p.rows += o.rows
	s, t := &p.sums, &o.sums
	for lane := range kernel.Lanes {
		s.Loss[lane] += t.Loss[lane]
		s.Absolute[lane] += t.Absolute[lane]
		s.Square[lane] += t.Square[lane]
		s.Baseline[lane] += t.Baseline[lane]
	}
	s.Rows += t.Rows
	s.Window = [kernel.Lanes]float64{}
	if p.rows > 0 {
		s.Window[(p.rows-1)%kernel.Lanes] = window / weight * windowWeight(p.rows)
	}
	p.saturate()
	p.mark.rows, p.mark.loss = p.mark.rows+o.mark.rows, saturate(p.mark.loss+o.mark.loss)
	p.last.rows, p.last.loss = p.last.rows+o.last.rows, saturate(p.last.loss+o.last.loss)
}
