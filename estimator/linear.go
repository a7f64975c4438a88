package estimator

import (
	"math"

	"github.com/streamfit/streamfit/estimator/internal/kernel"
	"github.com/streamfit/streamfit/loss"
)

// Linear is a linear model that learns from a stream of rows. It is a function of its Config and of the rows and their order: how the rows are cut into
// Columns changes no bit of it. It is not for concurrent use.
type Linear struct {
	cfg     Config
	loss    loss.Loss
	solver  solver
	metrics progressive
	rows    Rows
	passes  uint64 // that have ended
	tile    *tile
	drift   *detector // nil: none
	succession
	watcher func(Predicted)
	horizon float64
}

// Predicted is a run of rows as they were predicted before they were learned from. The slices are valid until the function that got them returns.
type Predicted struct {
	Prediction, Target []float64
	Knee               []float64 // in force at each row; +Inf where the loss has none
	Time               []float64 // of each row, in seconds; nil for a model without a trend
}

// New makes a model that has seen no row.
func New(cfg Config) (*Linear, error) {
	f, err := NewFamily(cfg)
	if err != nil {
		return nil, err
	}
	return f.New(), nil
}

// Config the model was made with.
func (m *Linear) Config() Config { return m.cfg }

// Rows counts what became of the rows of the first pass.
func (m *Linear) Rows() Rows { return m.rows }

// Alarms counts those of the drift detector by AlarmKind.
func (m *Linear) Alarms() (counts [3]uint64) {
	if m.drift != nil {
		counts = m.drift.counts
	}
	return counts
}

// Drift is what the detector says, without the rest of the Report.
func (m *Linear) Drift() Drift { return m.drift.report(m.cfg.names()) }

// SetInterval sets the number of rows that Metrics.SinceLast runs over; 0: since the start. It is no part of what is learned.
func (m *Linear) SetInterval(rows uint64) { m.metrics.interval = rows }

// SetHorizon sets how many seconds after the newest reading a trend is forecast; 0: not at all. It is no part of what is learned.
func (m *Linear) SetHorizon(seconds float64) { m.horizon = seconds }

// Watch calls watcher with every run of rows that Learn learns, in order; nil ends it. It is no part of what is learned.
func (m *Linear) Watch(watcher func(Predicted)) { m.watcher = watcher }

// Learn predicts, then learns, every row in order; rows that cannot be learned from are appended to dst and counted.
func (m *Linear) Learn(dst []Skipped, c Columns) []Skipped {
	for at := 0; at < c.count(); {
		before := len(dst)
		dst, at = m.tile.gather(dst, c, at)
		m.learn(dst[before:])
	}
	return dst
}

// learn the rows gathered in the tile. Those of a further pass are not counted: a model that has learned a row cannot be validated by it.
func (m *Linear) learn(skipped []Skipped) {
	t := m.tile
	m.learnTile(t)
	if m.passes == 0 {
		for _, s := range skipped {
			m.rows.Skipped[s.Reason]++
		}
		m.rows.Learned += uint64(t.n)
		m.rows.Guarded += t.guarded
		m.rows.Outliers += m.metrics.add(t)
	}
	if m.watcher != nil && t.n > 0 {
		m.watcher(t.predicted())
	}
}

// learnTile learns it as a whole, or in the blocks of the detector, which watches the first pass: what it finds in a block is acted upon before the next one.
func (m *Linear) learnTile(t *tile) {
	if m.drift == nil || m.passes > 0 {
		m.solver.learn(t)
		return
	}
	ahead := m.learnsAhead()
	if ahead {
		m.solver.learn(t)
	}
	for from := 0; from < t.n; {
		to := min(t.n, from+m.drift.room())
		part := t.part(from, to)
		m.drift.open(m.solver.(adaptive), t)
		if !ahead {
			m.solver.learn(part)
			t.guarded += part.guarded
		}
		if m.before != nil {
			m.predictBefore(part)
		}
		m.drift.watch(part)
		if m.drift.room() == driftBlock {
			m.endBlock()
		}
		from = to
	}
}

// learnsAhead tells whether the solver may learn a tile before the detector looks at it: nothing is acted upon, and the detector asks the solver for nothing but
// a basis that stands still. It asks for a scale when it begins, but does not begin anew within the tile that an alarm is in.
func (m *Linear) learnsAhead() bool {
	const _ = uint(driftHold - mostRows) // fails to compile where it might
	return m.cfg.OnDrift == DriftAlarm && m.drift.monitor != nil && m.solver.(adaptive).basisStands()
}

// endBlock of the detector.
func (m *Linear) endBlock() {
	m.succeed()
	if m.drift.raised && m.cfg.OnDrift == DriftAdapt {
		m.adapt()
	}
}

// EndPass tells the model that the rows come again from the first one. Rows and Metrics remain those of the first pass. Solver sgd starts anew what
// scikit-learn's partial_fit starts anew in every call; newton's standard errors do not shrink by rows that it has seen before.
func (m *Linear) EndPass() {
	m.passes++
	m.solver.endPass()
	m.before, m.shift = nil, 0
}

// Predict writes the prediction of every row to dst (as many as are taken); c.Target may be nil. NaN where a feature is null, not finite or out of range.
func (m *Linear) Predict(dst []float64, c Columns) {
	x := m.tile.row(0)
	for at := range c.count() {
		i := c.row(at)
		for j, column := range c.Features {
			x[j] = column[i]
		}
		if m.cfg.Trend.given() {
			m.cfg.Trend.row(x[len(c.Features):], c.Time[i])
		}
		if c.Valid != nil && !valid(c.Valid, i, 1) || !kernel.Within(x) {
			dst[at] = math.NaN()
			continue
		}
		dst[at] = m.predict(x)
	}
}

func allFinite(values []float64) bool {
	for _, v := range values {
		if !isFinite(v) {
			return false
		}
	}
	return true
}

// Report of the model with the pending rows applied to a copy; the model is not changed by a bit.
func (m *Linear) Report() Report {
	r := Report{Rows: m.rows, Loss: m.metrics.report()}
	m.reportSolver(&r)
	if m.rows.Learned == 0 {
		r.unlearned(m.cfg.Delta.Auto)
	}
	if s, ok := m.solver.(*newton); ok && r.Trend != nil && m.horizon > 0 {
		r.Trend.Forecast = s.forecast(r.Trend.Time + m.horizon)
	}
	r.Effective = m.effective()
	r.Drift = m.Drift()
	if r.Drift.Alarm && r.Status != StatusDegenerate {
		r.Status = StatusDrift
	}
	return r
}
