package estimator

import (
	"math"

	"github.com/streamfit/streamfit/loss"
)

// textbookSGD is the oracle: one weight vector without a common factor, and averages as the means of all the weights that went into them.
type textbookSGD struct {
	cfg  Config
	loss loss.Loss

	w    []float64
	b    float64
	t    float64
	debt float64   // of the penalty l1: what each weight should have paid in this pass
	paid []float64 // and has
	past []pastWeights
}

// pastWeights went into the average. The penalty l1 takes from them what it takes from the present ones, which are decay times as large, until the
// next fold.
type pastWeights struct {
	w      []float64
	b      float64
	decay  float64
	folded bool
}

func newTextbookSGD(cfg Config) *textbookSGD {
	l, _ := cfg.lossOf()
	d := len(cfg.Features)
	return &textbookSGD{cfg: cfg, loss: l, w: make([]float64, d), paid: make([]float64, d)}
}

// learn the rows that can be learned from.
func (s *textbookSGD) learn(c Columns) {
	decay := 1.0
	for i := range c.Rows {
		if c.Valid[i/8]>>(i%8)&1 == 0 || math.IsNaN(c.Target[i]) || c.Weights[i] == 0 {
			continue
		}
		x := make([]float64, len(s.w))
		for j := range x {
			x[j] = c.Features[j][i]
		}
		s.row(x, c.Target[i], c.Weights[i], &decay)
	}
}

// endPass: the penalty starts anew, and so does the fold of the averages.
func (s *textbookSGD) endPass() {
	s.debt = 0
	clear(s.paid)
	s.fold()
}

func (s *textbookSGD) fold() {
	for k := range s.past {
		s.past[k].folded = true
	}
}

// row of a pass, in which the weights have decayed by decay since the last fold.
func (s *textbookSGD) row(x []float64, y, weight float64, decay *float64) {
	p, norm := s.b, 0.0
	for j, v := range x {
		p += s.w[j] * v
		norm += v * v
	}
	eta := s.rate()
	u := -eta * s.loss.Derivative(p, y)
	switch s.cfg.SGD.LearningRate {
	case "pa1":
		if norm == 0 {
			return
		}
		u = math.Copysign(min(s.cfg.SGD.Eta0, max(0, math.Abs(y-p)-s.cfg.Loss.Epsilon)/norm), y-p)
	case "pa2":
		u = math.Copysign(max(0, math.Abs(y-p)-s.cfg.Loss.Epsilon)/(norm+1/(2*s.cfg.SGD.Eta0)), y-p)
	}
	l1, l2 := s.penalties()
	shrink := 1 - min(1, eta*l2)
	for j := range s.w {
		s.w[j] = shrink*s.w[j] + u*weight*x[j]
	}
	if s.cfg.SGD.FitIntercept {
		s.b += u * weight
	}
	s.t++
	s.decayPast(shrink, decay)
	if a := float64(s.cfg.SGD.Average); a > 0 && s.t >= a {
		s.past = append(s.past, pastWeights{w: append([]float64(nil), s.w...), b: s.b, decay: 1})
	}
	if l1 > 0 {
		s.pay(eta * l1)
	}
}

func (s *textbookSGD) decayPast(shrink float64, decay *float64) {
	if *decay *= shrink; *decay < 1e-9 {
		*decay = 1
		s.fold()
	}
	for k := range s.past {
		s.past[k].decay *= shrink
	}
}

// pay the cumulative penalty l1: no weight crosses 0.
func (s *textbookSGD) pay(more float64) {
	s.debt += more
	for j, before := range s.w {
		if before > 0 {
			s.w[j] = max(0, before-(s.debt+s.paid[j]))
		} else if before < 0 {
			s.w[j] = min(0, before+(s.debt-s.paid[j]))
		}
		s.paid[j] += s.w[j] - before
		for k := range s.past {
			if past := &s.past[k]; !past.folded {
				past.w[j] += (s.w[j] - before) / past.decay
			}
		}
	}
}

func (s *textbookSGD) rate() float64 {
	c := s.cfg.SGD
	switch c.LearningRate {
	case "invscaling":
		return c.Eta0 * math.Pow(s.t+1, -c.PowerT)
	case "optimal":
		typical := math.Pow(c.Alpha, -0.25)
		return 1 / (c.Alpha*s.t + math.Max(1, s.loss.Derivative(-typical, 1))/typical) // as scikit-learn writes it
	}
	return c.Eta0
}

func (s *textbookSGD) penalties() (l1, l2 float64) {
	switch c := s.cfg.SGD; c.Penalty {
	case "l1":
		return c.Alpha, 0
	case "l2":
		return 0, c.Alpha
	case "elasticnet":
		return c.L1Ratio * c.Alpha, (1 - c.L1Ratio) * c.Alpha
	}
	return 0, 0
}

// answer has the coefficients, then the intercept: the means, once there are any.
func (s *textbookSGD) answer() []float64 {
	if len(s.past) == 0 {
		return append(append([]float64(nil), s.w...), s.b)
	}
	mean := make([]float64, len(s.w)+1)
	for _, past := range s.past {
		for j, v := range append(past.w, past.b) {
			mean[j] += v / float64(len(s.past))
		}
	}
	return mean
}
