package estimator

import "math"

// How asgd starts depends on how many of the warm-up's rows there are for a coefficient. From 4 on the batch fit of these rows is a good start, made as newton
// makes it, in O(d²) a row. Of more features a batch fit would be expensive and of little worth: such a model is wide. Its first rows only give the basis, the
// start is the median of the target with slopes of 0, and gradient descent with long steps, γ‖z‖² ≈ 1.5, goes from there for 16 rows a coefficient (rounded up
// to a power of two). Meanwhile the average starts anew at every power of two, and the model says that it is warming up.
//
// With steps as long as that a wide model clips differently: u = γa·clip(r, ±δ)/(1 + γa‖z‖²). The proximal step would push a row beyond the knee
// 1 + γ‖z‖² times as far as one at it, and with a fifth of the rows outliers their pushes hold σ̂ up, and with it the knee that lets them push. On the way
// the knee is lower for the same reason, at 0.94 σ̂, which is as efficient where there are outliers and faster.
//
// A fit that has not arrived by then is seen by its σ̂, which goes on falling: whenever it has fallen by a fifth since the average began, the average begins
// anew, for as long as eight burn-ins. γ stays as it is for four of them: the longer the steps, the sooner the path forgets where it was, and intervals made of
// a path that is short of that are too short. There are none before the average is three burn-ins long.
const (
	rowsPerCoefficient = 4
	basisRows          = 256
	burnInRows         = 16   // per coefficient
	travelGain         = 3    // by which γ is larger on the way
	travelKnee         = 0.94 // of σ̂
	arrived            = 0.8  // of σ̂ when the average began
	longestWay         = 8    // burn-ins
	steadyWay          = 4    // burn-ins until γ begins to fall
	fewestWays         = 3    // burn-ins that an interval is made of
)

// wide tells whether there are too many features for a batch fit of the warm-up's rows.
func wide(features, warmUp int) bool { return rowsPerCoefficient*(features+1) > warmUp }

// burnIn is the row up to which a wide model is on its way.
func burnIn(features int) float64 {
	rows := float64(basisRows)
	for rows < burnInRows*float64(features+1) {
		rows *= 2
	}
	return rows
}

// warm the model up with row i; after the last row of the warm-up it starts.
func (s *asgd) warm(t *tile, i int) {
	if s.rows != nil {
		t.prediction[i], t.knee[i] = s.predict(t.row(i)), s.kneeRaw
		s.keep(t.row(i), t.y[i], t.w[i])
		return
	}
	w := s.warmUp
	t.prediction[i], t.knee[i] = w.predict(t.row(i)), w.knee()
	if w.learnRow(t.row(i), t.y[i], t.w[i]) {
		t.guarded++
	}
	if w.rows == nil {
		s.start()
	}
}

// keep a row for the basis, which is made anew at 1, 2, 4, …, 256 rows.
func (s *asgd) keep(x []float64, y, w float64) {
	s.rows.add(x, y, w)
	s.t++
	n := s.rows.n()
	if n&(n-1) != 0 {
		return
	}
	s.fit.fit(s.rows)
	s.prepare()
	if n == basisRows {
		s.rows = nil
	}
}

// start from the batch fit of the warm-up, which counts as the average of its rows.
func (s *asgd) start() {
	w := s.warmUp
	var r Report
	w.report(&r)
	s.hold(&r)
	s.fit, s.sigma, s.t, s.guard = w.fit, w.sigma, w.t, w.guard
	beta, _ := w.fit.plain(w.beta, w.dense())
	copy(s.beta, beta[1:])
	s.beta[s.stride] = beta[0]
	for j, b := range s.beta {
		s.beta[j] = max(-asgdLargest, min(asgdLargest, b))
	}
	s.sigma = min(s.sigma, farthest)
	s.path.start(s.beta, math.Floor(s.t/asgdBlock))
	s.warmUp = nil
	s.prepare()
}

// warming tells whether rows are only kept.
func (s *asgd) warming() bool { return s.warmUp != nil || s.rows != nil }

// onTheWay tells whether the average is that of iterates which have not arrived yet.
func (s *asgd) onTheWay() bool { return s.t < s.burnIn }

// startAnew the average at every power of two on the way, and after it where what it holds had not arrived.
func (s *asgd) startAnew() {
	if s.t > longestWay*s.burnIn {
		return
	}
	fraction, _ := math.Frexp(s.t)
	late := s.t > s.burnIn && s.sigma < arrived*s.sigma0
	if late || s.t <= s.burnIn && fraction == 0.5 {
		s.path.start(s.beta, 0)
		s.guard.reset() // by iterates that had not arrived, far rows looked worse than they are
		s.sigma0 = s.sigma
	}
}
