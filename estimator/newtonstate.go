package estimator

// The state of the newton solver, exactly. In the warm-up that is the rows themselves beside the last refit.

func (s *newton) appendState(e *encoder) {
	e.floats(s.fit.center...)
	e.floats(s.fit.scale...)
	s.fit.appendDependents(e)
	e.floats(s.fit.targetC, s.fit.targetS, s.sigma, s.t)
	e.floats(s.beta...)
	upper(s.dense(), len(s.beta), func(v *float64) { e.float(*v) })
	upper(s.meat, len(s.beta), func(v *float64) { e.float(*v) })
	e.floats(s.score...)
	e.word(uint64(s.inBlock))
	e.word(uint64(s.block))
	s.when.appendState(e)
	s.age.appendState(e)
	s.guard.appendState(e)
	if s.reads {
		return
	}
	if s.rows == nil {
		e.word(0)
		return
	}
	e.word(uint64(s.rows.n()) + 1)
	e.floats(s.rows.x...)
	e.floats(s.rows.y...)
	e.floats(s.rows.w...)
	e.floats(s.rows.time...)
}

func (s *newton) restoreState(d *decoder) {
	d.floats(s.fit.center)
	d.floats(s.fit.scale)
	s.fit.restoreDependents(d)
	s.fit.targetC, s.fit.targetS, s.sigma, s.t = d.float(), d.float(), d.float(), d.float()
	d.floats(s.beta)
	p := s.dense()
	upper(p, len(s.beta), func(v *float64) { *v = d.float() })
	mirror(p, len(s.beta))
	s.setDense(p)
	upper(s.meat, len(s.beta), func(v *float64) { *v = d.float() })
	d.floats(s.score)
	s.inBlock, s.block = int(d.word()), int(d.word())
	s.when.restoreState(d)
	s.age.restoreState(d)
	s.guard.restoreState(d)
	if !s.reads {
		s.rows = s.restoreRows(d)
	}
	s.check(d)
	s.prepare()
}

func (s *newton) restoreRows(d *decoder) *warmRows {
	kept := d.word()
	if kept == 0 {
		return nil
	}
	n, width := kept-1, len(s.fit.center)
	if n >= uint64(s.warmUp) || n*uint64(width+2)*8 > uint64(len(d.in)) {
		d.fail("%d rows of warm-up", n)
		return &warmRows{d: width}
	}
	r := &warmRows{d: width, x: make([]float64, int(n)*width), y: make([]float64, n), w: make([]float64, n)}
	d.floats(r.x)
	d.floats(r.y)
	d.floats(r.w)
	if s.age != nil {
		r.time = make([]float64, n)
		d.floats(r.time)
	}
	return r
}

// check what the steps rely on. That P is positive definite is not among it: they stand an indefinite one, which mend puts right in time, and a check that rounding
// could fail would refuse a model that learned from nothing but good rows.
func (s *newton) check(d *decoder) {
	for _, scale := range append([]float64{s.fit.targetS}, s.fit.scale...) {
		if !usable(scale) {
			d.fail("a scale of %v", scale)
		}
	}
	if !(s.sigma >= smallestSigma) || !(s.t >= 0 && s.t <= countableRows) || s.block < 1 || s.block > longestBlock || s.inBlock < 0 || s.inBlock >= s.block {
		d.fail("σ̂ %v after %v rows, %d of %d in the block", s.sigma, s.t, s.inBlock, s.block)
	}
	if s.rows != nil {
		for _, w := range s.rows.w {
			if !(w > 0) {
				d.fail("a weight of %v", w)
			}
		}
	}
}

// countableRows bounds what a model can have seen: beyond, a float64 does not count them one by one.
const countableRows = 0x1p53

// upper visits the upper half of A, row by row.
func upper(A []float64, m int, visit func(*float64)) {
	for i := range m {
		for j := i; j < m; j++ {
			visit(&A[i*m+j])
		}
	}
}
