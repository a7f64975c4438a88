package estimator

import "math"

// longPause in half-lives: what is longer is no longer the rhythm of the stream.
const longPause = 0.5

// pass a row at a time in seconds: what was learned ages with the newest time.
func (s *newton) pass(seconds float64) {
	a := s.age
	gone, late := a.see(seconds)
	a.time, a.left = seconds, math.Exp2(-late)
	s.lambda = math.Exp2(-gone)
	a.weight = float64(a.weight*s.lambda) + a.left
	if gone > longPause {
		s.lambda = 1
		if s.rows == nil || s.when != nil { // otherwise nothing is learned before the next refit, which ages the rows themselves
			s.pause(gone)
		}
	} else {
		a.faded = min(a.faded+gone, mostFaded)
	}
	s.guard.lambda = s.lambda
}

// pause of the rows, so long that more is forgotten than the steps of one row bear. P grows by 1/λ. M would fall by λ², and the intervals stay as they are:
// weights that are all multiplied by the same number estimate the same coefficients. But what no row has told of for so long may have moved, so M falls by λ,
// and the variances grow by 1/λ, as if the rows that are left were all that there ever were.
func (s *newton) pause(gone float64) {
	keep := math.Exp2(-gone)
	if s.rows == nil { // what is left may be as little as the next few rows, and has to be told in as many blocks
		if s.inBlock > 0 {
			s.endBlock()
		}
		s.block = 1
	}
	s.forget(keep)
	for i := range s.meat {
		s.meat[i] *= keep
	}
	for j := range s.score {
		s.score[j] *= math.Sqrt(keep)
	}
	s.guard.away.fade(keep)
	if s.when != nil {
		s.when.weight *= keep
		s.when.square *= keep
	}
	if s.rows == nil {
		s.t = min(s.t, max(relaxedRows, math.Floor(s.age.weight)))
		s.schedule()
	}
}

// forget all but a part of the information, at once. What the ridge needs is given back as keepRidge does, but to the information itself: P/λ can be beyond
// what a downdate bears.
func (s *newton) forget(keep float64) {
	m, ridged := len(s.beta), false
	for j := range s.beta {
		ridged = ridged || !(s.variance(j)*leastInformation < keep)
	}
	if !ridged {
		for i := range s.p {
			s.p[i] /= keep
		}
		s.doubt()
		return
	}
	information := invertDefinite(s.dense(), m)
	for i := range information {
		information[i] *= keep
	}
	for j := range s.beta {
		if !(s.variance(j)*leastInformation < keep) {
			information[j*m+j] += (1 - keep) * ridge
		}
	}
	s.setDense(invertDefinite(information, m))
	s.doubt()
}

// doubt P where numbers at the ends of the scale have left it no variances: then nothing is known.
func (s *newton) doubt() {
	for j := range s.beta {
		if !(s.variance(j) > 0) || !allFinite(s.row(j)) {
			s.knowNothing()
			return
		}
	}
}

// knowNothing but the ridge.
func (s *newton) knowNothing() {
	clear(s.p)
	for j := range s.beta {
		s.row(j)[j] = 1 / ridge
	}
}

// forgets tells whether old rows count less.
func (s *newton) forgets() bool { return s.age != nil || s.lambda < 1 }

// fading is the λ of one row; in event time, that of as many rows as are remembered.
func (s *newton) fading() float64 {
	if s.age == nil {
		return s.lambda
	}
	return 1 - 1/max(1, s.age.weight)
}

// fadedInBlock is −log of what the running block has left of what was before it.
func (s *newton) fadedInBlock() float64 {
	if s.age == nil {
		return -float64(s.block) * math.Log(s.lambda)
	}
	return s.age.faded * math.Ln2
}
