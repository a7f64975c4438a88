package estimator

import (
	"math"

	"github.com/streamfit/streamfit/loss"
)

// progressive validation (Blum, Kalai & Langford 1999): every row is predicted before it is learned from, so the mean loss is honest out of sample.
// The Huber loss of a row is taken with the knee in force at that row.
type progressive struct {
	name  string
	loss  loss.Loss // nil: the Huber loss, with the knee of each row
	rows  uint64
	total totals
	mark  struct { // where since-last began
		rows uint64
		loss float64
	}
	last struct { // the interval before that
		rows uint64
		loss float64
	}
	interval uint64
	baseline constant
}

// totals are sums over rows, and means over a window of rows.
type totals struct {
	loss, absolute, square float64
	window, windowWeight   float64 // exponentially windowed
	baseline               float64 // loss of the best constant
}

const (
	windowRows = 1000 // what the windowed loss is about
	windowKeep = 1 - 1.0/windowRows
)

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
		if p.loss == nil {
			outliers += p.addHuber(t.prediction[from:to], t.y[from:to], t.knee[from:to])
		} else {
			outliers += p.addOther(t.prediction[from:to], t.y[from:to], t.knee[from:to])
		}
		if from = to; p.interval > 0 && p.rows%p.interval == 0 {
			p.last.loss, p.last.rows = p.total.loss-p.mark.loss, p.rows-p.mark.rows
			p.mark.loss, p.mark.rows = p.total.loss, p.rows
		}
	}
	return outliers
}

// addHuber is addOther for the Huber loss, a·(r − ½a) with r = |prediction − y| and a = min(r, δ).
func (p *progressive) addHuber(prediction, y, knee []float64) (outliers uint64) {
	y, knee = y[:len(prediction)], knee[:len(prediction)]
	sum, base, n := p.total, p.baseline, float64(p.rows)
	for i, v := range prediction {
		delta := knee[i]
		r, a := residual(v, y[i]), delta
		if r <= delta {
			a = r
		} else {
			outliers++
		}
		sum.add(float64(a*(r-float64(0.5*a))), r)
		n++
		signed, b := base.residual(y[i]), delta
		if b = math.Abs(signed); b > delta {
			b = delta
		}
		sum.baseline += float64(b * (math.Abs(signed) - float64(0.5*b)))
		base.learn(signed, b, n)
	}
	p.finish(sum, base, len(prediction))
	return outliers
}

// addOther adds rows to the sums.
func (p *progressive) addOther(prediction, y, knee []float64) (outliers uint64) {
	sum, base, n := p.total, p.baseline, float64(p.rows)
	for i, v := range prediction {
		r := residual(v, y[i])
		if r > knee[i] {
			outliers++
		}
		sum.add(number(p.loss.Value(v, y[i])), r)
		sum.baseline += number(p.loss.Value(base.value, y[i]))
		n++
		signed := base.residual(y[i])
		base.learn(signed, min(math.Abs(signed), knee[i]), n)
	}
	p.finish(sum, base, len(prediction))
	return outliers
}

func (p *progressive) finish(sum totals, base constant, rows int) {
	p.total, p.baseline = sum.saturated(), base
	p.rows += uint64(rows)
}

// residual |prediction − y|, a number always.
func residual(prediction, y float64) float64 {
	r := math.Abs(prediction - y)
	if r > math.MaxFloat64 {
		return math.MaxFloat64
	}
	return r
}

// number that a loss is, whatever it came to.
func number(v float64) float64 {
	if v != v {
		return math.MaxFloat64
	}
	return v
}

func (s *totals) add(value, r float64) {
	s.loss += value
	s.absolute += r
	s.square += float64(r * r)
	s.window = float64(s.window*windowKeep) + value
	if s.window > math.MaxFloat64 {
		s.window = math.MaxFloat64
	}
	s.windowWeight = float64(s.windowWeight*windowKeep) + 1
}

// saturated sums: what has left the numbers is the largest of them, and stays it.
func (s totals) saturated() totals {
	s.loss, s.absolute, s.square, s.baseline = saturate(s.loss), saturate(s.absolute), saturate(s.square), saturate(s.baseline)
	s.window = saturate(s.window)
	return s
}

func (p *progressive) report() Metrics {
	n := float64(p.rows)
	since, rows := p.total.loss-p.mark.loss, p.rows-p.mark.rows
	if rows == 0 {
		since, rows = p.last.loss, p.last.rows
	}
	return Metrics{
		Name: p.name, Mean: p.total.loss / n, SinceLast: since / float64(rows), Window: p.total.window / p.total.windowWeight,
		MAE: p.total.absolute / n, RMSE: math.Sqrt(p.total.square / n), Baseline: p.total.baseline / n,
	}
}

// constant is the best constant prediction so far, the location M-estimate under the knee: a model without features, learned and scored like one.
type constant struct{ value float64 }

// residual y − value.
func (c *constant) residual(y float64) float64 { return difference(y, c.value) }

// learn the n-th row, whose signed residual counts no more than bound.
func (c *constant) learn(signed, bound, n float64) {
	c.value += float64(math.Copysign(bound, signed) * (1 / n))
}
