package estimator

import "math"

// when keeps the time column of a newton solver at home: where the rows are in time, which of them are astray, and which is the newest. With z the
// standardised time of a row, a its weight and λ the forgetting,
//
//	W ← λW + a,  m ← m + a(z − m)/W,  S ← λS + a(z − m_before)(z − m)
//
// are the rows' weight, their mean time and the sum of squares about it, as the fit weighs them. When m has moved from the basis's centre by more than half
// a standard deviation √(S/W), the centre moves to m: see recentre. So level and slope stay all but uncorrelated, and no product in the step is of numbers
// that are large because the stream is old.
//
// The guard against far rows does not see the time, which runs away from where it began. But a reading whose clock was wrong, as one of 1970, has a leverage
// that outweighs all others, so a row further than ten standard deviations from the mean time weighs v = min(1, 10/distance)², as rows far in x with a cap of
// 10. Rows after a long gap weigh little at first, too, and the fit follows them as they become many.
type when struct {
	trend         Trend
	column        int // index of the time column
	weight, mean  float64
	square        float64
	block, before float64 // newest time of this block of rows and of the block before
	rows, strayed uint64
	residual      float64 // of the last row, in units of the target
}

const (
	astray       = 10   // standard deviations
	farthestTime = 1e50 // scales: with it, products of P and moved origins are still numbers
	newestRows   = 64   // rows of a block: the newest time is that of the last 64 to 128, so that one wrong clock is forgotten
)

func newWhen(c Config) *when {
	if !c.Trend.given() {
		return nil
	}
	return &when{trend: c.Trend, column: len(c.Features)}
}

// bears tells whether the arithmetic bears the row's time.
func (w *when) bears(z []float64) bool { return w == nil || math.Abs(z[w.column+1]) < farthestTime }

// guard gives the weight of a row at the standardised time z, for the distance of its time alone.
func (w *when) guard(z float64) float64 {
	distance := z - w.mean
	d2, bound := float64(distance*distance)*w.weight, astray*astray*w.square
	if !(d2 > bound) || bound == 0 {
		return 1
	}
	return bound / d2
}

// add a row to the moments.
func (w *when) add(z, a, lambda float64) {
	a = min(a, farthest)
	if w.weight = min(float64(lambda*w.weight)+a, farthest); w.weight == 0 {
		return
	}
	distance := z - w.mean
	w.mean += float64(a / w.weight * distance)
	w.square = min(float64(lambda*w.square)+max(0, float64(a*distance*(z-w.mean))), farthest)
}

// saw a row at a time in seconds, which the guard trusts or not. Rows that stay astray are believed in the end.
func (w *when) saw(seconds float64, trusted bool) {
	if trusted {
		w.strayed = 0
	} else if w.strayed++; w.strayed < newestRows {
		return
	}
	switch {
	case w.rows == 0:
		w.before, w.block = seconds, seconds
	case w.rows%newestRows == 0:
		w.before, w.block = w.block, seconds
	default:
		w.block = max(w.block, seconds)
	}
	w.rows++
}

// newest reading's time, in seconds.
func (w *when) newest() float64 { return max(w.block, w.before) }

// moved tells whether the rows' mean time has left the centre.
func (w *when) moved() bool {
	return float64(w.mean*w.mean)*w.weight > float64(0.25*w.square)
}

// measure the moments of rows anew.
func (w *when) measure(f *robustFit, lambda float64) {
	w.weight, w.mean, w.square = 0, 0, 0
	for i := range f.y {
		if a := f.prior[i]; a > 0 {
			w.add(f.row(i)[w.column+1], a, lambda)
		}
	}
}

// warmTime follows a row of the warm-up, which has been predicted. What was fitted to half the rows says little of a time that is past them all, so between
// the refits a trend learns by steps, as it does after the warm-up, as soon as there are a few rows for each coefficient.
func (s *newton) warmTime(x []float64, y, w float64) {
	if s.when == nil {
		return
	}
	if s.rows.n() < max(16, 2*len(s.beta)) {
		s.when.residual = difference(y, s.fit.raw(saturate(dot(s.z, s.beta))))
		s.when.saw(x[s.when.column], true)
		return
	}
	t := s.t
	s.stepRow(x, y, w, 1)
	s.t = t // the warm-up counts
}

// followTime of a row with the residual r, which weighs w and is guarded by v so far. It returns v with the guard against rows astray in time.
func (s *newton) followTime(x []float64, r, v, w float64) float64 {
	z := s.z[s.when.column+1]
	near := 1.0
	if !s.guard.Off {
		near = s.when.guard(z)
	}
	v *= near
	if s.age.fresh() {
		s.when.residual = saturate(r * s.fit.targetS)
		s.when.saw(x[s.when.column], near == 1)
	}
	s.when.add(z, v*w, s.lambda)
	return v
}

// guardTime by the guard against far rows, in a refit, or not.
func (s *newton) guardTime(yes bool) {
	if s.when == nil {
		return
	}
	s.fit.guarded = s.when.column
	if yes {
		s.fit.guarded++
	}
}

// recentre moves the basis's centre of time to the rows' mean time c′: an exact change of basis. With δ = (c′ − c)/s it is z = Az′, where A is the identity
// but for the δ that takes 1 to the standardised time, and
//
//	β′ = Aᵀβ,  P′ = AᵀPA,  g′ = A⁻¹g,  M′ = A⁻¹MA⁻ᵀ
//
// δ is computed from the centre as it was rounded, so predictions change by the rounding of these sums alone. The decision is of the rows before it: how
// they were cut into batches does not matter.
func (s *newton) recentre() {
	w := s.when
	j, m := w.column+1, len(s.beta)
	from := s.fit.center[w.column]
	to := saturate(from + float64(s.fit.scale[w.column]*w.mean))
	delta := difference(to, from) / s.fit.scale[w.column]
	if delta == 0 {
		return
	}
	s.fit.center[w.column], s.center[w.column] = to, to
	w.mean -= delta
	s.fit.recentred(j, delta)
	s.beta[0] = saturate(s.beta[0] + float64(delta*s.beta[j]))
	s.score[j] = saturate(s.score[j] - float64(delta*s.score[0]))
	combine(s.p, m, s.stride, 0, j, delta, farthest)
	mirror(s.meat, m)
	combine(s.meat, m, m, j, 0, -delta, math.MaxFloat64)
}

// combine adds δ times row k to row i of a symmetric matrix of m rows, and the columns likewise: EXEᵀ with E = I + δeᵢeₖᵀ. No
// element leaves the bounds.
func combine(x []float64, m, stride, i, k int, delta, bound float64) {
	diagonal := x[i*stride+i] + float64(delta*(2*x[i*stride+k]+float64(delta*x[k*stride+k])))
	for j := range m {
		v := x[i*stride+j] + float64(delta*x[k*stride+j])
		if j == i {
			v = max(saturate(diagonal), 0)
		}
		v = max(-bound, min(bound, saturate(v)))
		x[i*stride+j], x[j*stride+i] = v, v
	}
}

// merge the newest reading of another stream.
func (w *when) merge(o *when) {
	if w == nil || o.rows == 0 || w.rows > 0 && o.newest() < w.newest() {
		return
	}
	w.block, w.before, w.rows, w.residual = o.block, o.before, o.rows, o.residual
}

func (w *when) appendState(e *encoder) {
	if w == nil {
		return
	}
	e.floats(w.weight, w.mean, w.square, w.block, w.before, w.residual)
	e.word(w.rows)
	e.word(w.strayed)
}

func (w *when) restoreState(d *decoder) {
	if w == nil {
		return
	}
	w.weight, w.mean, w.square, w.block, w.before, w.residual = d.float(), d.float(), d.float(), d.float(), d.float(), d.float()
	w.rows, w.strayed = d.word(), d.word()
	if !(w.weight >= 0 && w.square >= 0) {
		d.fail("rows of weight %v, whose times have the sum of squares %v", w.weight, w.square)
	}
}
