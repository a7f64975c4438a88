package estimator

import "math"

// succession is what is left of a model that an alarm has overtaken: the solver begins anew with the rows after the alarm, and as long as these are few, the
// one before it predicts and reports, moved by the size of the jump.
type succession struct {
	began  uint64  // learned rows before those of the solver; 0: it has learned all of them
	before solver  // nil once the new one has enough rows
	shift  float64 // of its predictions, in units of the target
}

// fewestToSucceed are the rows of a coefficient from which on the new solver speaks.
const fewestToSucceed = 4

// muchWider is the spread's ratio from which on it may be a coefficient that has changed.
const muchWider = 1.7

// adapt to what an alarm has found, after the block in which it was raised. Of a change of the spread the scale alone has to know, unless it is so large that a
// coefficient may be behind it; otherwise the solver begins anew, but for a trend, and for an asgd too wide for a batch fit, which goes on from where it is with long steps.
func (m *Linear) adapt() {
	alarm := &m.drift.alarm
	old := m.solver.(adaptive)
	if alarm.Kind == AlarmVariance && alarm.Size < muchWider {
		old.relax()
		return
	}
	if wide, ok := m.solver.(*asgd); ok && wide.travel() {
		m.succession = succession{began: m.drift.rows}
		return
	}
	if trend, ok := m.solver.(*newton); ok && trend.when != nil {
		trend.inflate(alarm)
		return
	}
	m.succession = succession{began: m.drift.rows, before: m.solver}
	if alarm.Feature < 0 && alarm.Kind != AlarmVariance {
		m.shift = saturate(alarm.Size * old.residualScale())
	}
	m.solver, _ = newSolver(m.cfg)
}

// succeed at the end of a block in which the new solver has rows enough.
func (m *Linear) succeed() {
	if m.before != nil && m.drift.rows-m.began >= fewestToSucceed*uint64(m.cfg.columns()+1) {
		m.before, m.shift = nil, 0
	}
}

// predictBefore writes the predictions of the solver before to the tile.
func (m *Linear) predictBefore(t *tile) {
	for i := range t.n {
		t.prediction[i] = saturate(m.before.predict(t.row(i)) + m.shift)
	}
}

// predict the target of a row.
func (m *Linear) predict(x []float64) float64 {
	if m.before != nil {
		return saturate(m.before.predict(x) + m.shift)
	}
	return m.solver.predict(x)
}

// reportSolver in force. What is left of one before is no longer known within an interval.
func (m *Linear) reportSolver(r *Report) {
	if m.before == nil {
		m.solver.report(r)
		return
	}
	m.before.report(r)
	r.Intercept.Value = saturate(r.Intercept.Value + m.shift)
	r.Trend = nil
	for _, c := range append([]*Coefficient{&r.Intercept}, pointers(r.Coefficients)...) {
		c.SE, c.Low, c.High = math.NaN(), math.NaN(), math.NaN()
	}
}

func pointers(c []Coefficient) (out []*Coefficient) {
	for i := range c {
		out = append(out, &c[i])
	}
	return out
}

// effective number of rows that the coefficients are made of: Σ λᵏ over the ages of the rows since the model began; in event time, Σ of what their
// ages leave of them.
func (m *Linear) effective() float64 {
	s, ok := m.solver.(adaptive)
	if !ok {
		return math.NaN()
	}
	return s.remembers(float64(m.rows.Learned - m.began))
}

// effectiveRows of n: Σ λᵏ.
func effectiveRows(n, lambda float64) float64 {
	if lambda == 1 {
		return n
	}
	return math.Expm1(n*math.Log(lambda)) / (lambda - 1)
}

func (m *Linear) appendSuccession(e *encoder) {
	e.word(m.began)
	e.float(m.shift)
	e.word(truth(m.before != nil))
	if m.before != nil {
		m.before.appendState(e)
	}
}

func (m *Linear) restoreSuccession(d *decoder) {
	m.began, m.shift = d.word(), d.float()
	if m.before = nil; d.word() == 1 {
		m.before, _ = newSolver(m.cfg)
		m.before.restoreState(d)
	}
}

// inflate P of a trend, whose season is dear: all that is known counts as rememberedRows, and a jump of the level is followed at once. P ← κP, M ← M/κ makes
// the covariance PMP κ times what it was.
func (s *newton) inflate(alarm *Alarm) {
	if s.rows != nil {
		return
	}
	rows := s.t
	if s.forgets() {
		rows = min(rows, 1/(1-s.fading()))
	}
	factor := max(1, rows/rememberedRows)
	for i, v := range s.p {
		s.p[i] = max(-farthest, min(v*factor, farthest))
	}
	for i := range s.meat {
		s.meat[i] /= factor
	}
	for j := range s.score {
		s.score[j] /= math.Sqrt(factor)
	}
	if alarm.Feature < 0 {
		s.beta[0] = saturate(s.beta[0] + float64(alarm.Size*s.sigma))
	}
	s.relax()
}

const rememberedRows = 64

// relax the scale: it follows as quickly as after the first 64 rows.
func (s *newton) relax() {
	if s.rows == nil {
		s.t = min(s.t, relaxedRows)
		s.schedule()
	}
}

const relaxedRows = 64

func (s *asgd) relax() {
	if s.warmUp != nil {
		s.warmUp.relax()
	}
}

// travel tells whether the solver is too wide for a batch fit; then it is on its way again.
func (s *asgd) travel() bool {
	if s.burnIn == 0 {
		return false
	}
	s.t = basisRows
	s.path.start(s.beta, 0)
	s.schedule()
	return true
}
