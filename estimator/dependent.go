package estimator

import "math"

// dependent is a column that the columns before it determine in the warm-up's rows, or almost. In its place the solver works with what they leave of it,
//
//	z′ⱼ = gain·(zⱼ − Σₖ onₖz′ₖ),   k = 0 being the 1 of the intercept
//
// An almost collinear column is then as well-conditioned as any other. That of a column that is constant, or collinear to rounding, is 0 in every row: it
// sleeps, no row says anything of its coefficient, and as nothing in P couples it to the others, they are those of the fit without it. When it has begun to
// vary, in 16 rows, it wakes and is learned, in units of the geometric mean of these rows' |z′ⱼ|: one of them may be wild.
type dependent struct {
	column   int
	on       []float64
	gain     float64
	asleep   bool
	differed float64 // rows in which it varied while it slept, and
	logs     float64 // Σ log |z′ⱼ| over them
}

const (
	dependsBelow = 1e-2  // rms of what is left, in scales of the column, below which it depends on those before it,
	sleepsBelow  = 1e-6  // below which that is the rounding of numbers of 32 bits,
	varies       = 1e-5  // and above which a row shows that it is not
	lastDigits   = 1e-13 // of a number: rounding
	wakingRows   = 16
)

// constant tells whether the column depends on nothing but the intercept.
func (d *dependent) constant() bool {
	for _, on := range d.on[1:] {
		if on != 0 {
			return false
		}
	}
	return true
}

// rest of the column at z, before the gain.
func (d *dependent) rest(z []float64, own float64) float64 {
	for k, on := range d.on[:d.column+1] {
		own -= float64(on * z[k])
	}
	return own
}

// sleeping columns.
func (b *basis) sleeping() (n int) {
	for i := range b.dependents {
		if b.dependents[i].asleep {
			n++
		}
	}
	return n
}

// depend replaces the dependent columns in z. It returns max|zⱼ| of what tells how far out a row is: in its own units a column that was constant is as far
// away as they are from 1.
func (b *basis) depend(z []float64) (far float64) {
	for i := range b.dependents {
		d := &b.dependents[i]
		v := 0.0
		if !d.asleep {
			v = saturate(d.gain * d.rest(z, z[d.column+1]))
		}
		z[d.column+1] = v
	}
	for _, v := range z[1 : 1+b.guarded] {
		far = max(far, math.Abs(v))
	}
	return far
}

// notice whether a sleeping column varies in the row x, which z is of; it tells whether it is time that it wakes.
func (d *dependent) notice(b *basis, z []float64, x float64) (wakes bool) {
	own, scale := difference(x, b.center[d.column])/b.scale[d.column], b.scale[d.column]
	rest := math.Abs(d.rest(z, own))
	least := lastDigits * math.Abs(b.center[d.column]/scale)
	if !d.constant() {
		least += varies * max(1, math.Abs(own))
	}
	if !(rest > least) || !(rest < farthest) {
		return false
	}
	d.differed++
	d.logs += math.Log(rest)
	return d.differed >= wakingRows
}

// wake a column.
func (d *dependent) wake(time bool) {
	if d.asleep = false; !time {
		d.gain = math.Exp(-d.logs / d.differed)
	}
}

// wakeUp the sleeping columns that have begun to vary. They come with the ridge alone.
func (s *newton) wakeUp(x []float64) {
	m := len(s.beta)
	for i := range s.fit.dependents {
		d := &s.fit.dependents[i]
		if !d.asleep || !d.notice(&s.fit, s.z, x[d.column]) {
			continue
		}
		d.wake(d.column == s.fit.time)
		j := d.column + 1
		for k := range m {
			s.p[j*s.stride+k], s.p[k*s.stride+j] = 0, 0
			s.meat[j*m+k], s.meat[k*m+j] = 0, 0
		}
		s.row(j)[j] = 1 / ridge
		s.beta[j], s.score[j] = 0, 0
	}
}

// plain coefficients and their covariance, of the columns themselves: if P = Σ βⱼz′ⱼ then −gainⱼβⱼonₖ of a dependent column j goes to each k before it.
func (b *basis) plain(beta, cov []float64) ([]float64, []float64) {
	if len(b.dependents) == 0 {
		return beta, cov
	}
	m := len(beta)
	beta, cov = append([]float64(nil), beta...), append([]float64(nil), cov...)
	for i := len(b.dependents) - 1; i >= 0; i-- {
		d := &b.dependents[i]
		j := d.column + 1
		beta[j] *= d.gain
		for k := range m {
			cov[j*m+k] *= d.gain
		}
		for k := range m {
			cov[k*m+j] *= d.gain
		}
		for k, on := range d.on[:j] {
			beta[k] -= float64(on * beta[j])
			for l := range m {
				cov[k*m+l] -= float64(on * cov[j*m+l])
			}
		}
		for k, on := range d.on[:j] {
			for l := range m {
				cov[l*m+k] -= float64(on * cov[l*m+j])
			}
		}
	}
	return beta, cov
}

// recentred moves the dependent columns along when the centre of column j, counted with the intercept, moves by delta scales.
func (b *basis) recentred(j int, delta float64) {
	for i := range b.dependents {
		d := &b.dependents[i]
		d.on[0] = saturate(d.on[0] + float64(d.on[j]*delta))
	}
}

func (b *basis) appendDependents(e *encoder) {
	e.word(uint64(len(b.dependents)))
	for _, d := range b.dependents {
		e.word(uint64(d.column))
		e.word(truth(d.asleep))
		e.floats(d.on...)
		e.floats(d.gain, d.differed, d.logs)
	}
}

func (b *basis) restoreDependents(d *decoder) {
	n, after := d.word(), 0
	if b.dependents = nil; n > uint64(len(b.center)) {
		d.fail("%d dependent columns", n)
		return
	}
	for range n {
		v := dependent{column: int(d.word()), asleep: d.word() == 1, on: make([]float64, len(b.center)+1)}
		d.floats(v.on)
		v.gain, v.differed, v.logs = d.float(), d.float(), d.float()
		if v.column < after || v.column >= len(b.center) || !(v.gain > 0) || !(v.differed >= 0) {
			d.fail("a dependent column %d with gain %v", v.column, v.gain)
			return
		}
		after = v.column + 1
		b.dependents = append(b.dependents, v)
	}
}
