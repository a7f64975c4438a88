package estimator

import (
	"math"

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
	x       []float64 // the row at hand
}

// New makes a model that has seen no row.
func New(cfg Config) (*Linear, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	m := &Linear{cfg: cfg, x: make([]float64, len(cfg.Features))}
	m.metrics.name = cfg.Loss.Name
	m.solver, m.loss = newSolver(cfg)
	return m, nil
}

// Config the model was made with.
func (m *Linear) Config() Config { return m.cfg }

// Rows counts what became of the rows.
func (m *Linear) Rows() Rows { return m.rows }

// SetInterval sets the number of rows that Metrics.SinceLast runs over; 0: since the start. It is no part of what is learned.
func (m *Linear) SetInterval(rows uint64) { m.metrics.interval = rows }

// Learn predicts, then learns, every row in order; rows that cannot be learned from are appended to dst and counted.
func (m *Linear) Learn(dst []Skipped, c Columns) []Skipped {
	for i := range c.Rows {
		y, w, reason, ok := m.gather(c, i)
		if !ok {
			m.rows.Skipped[reason]++
			dst = append(dst, Skipped{Row: i, Reason: reason})
			continue
		}
		m.learn(y, w)
	}
	return dst
}

func (m *Linear) learn(y, w float64) {
	prediction := m.solver.predict(m.x)
	knee := m.solver.knee()
	m.metrics.add(m.lossOf(knee, prediction, y), m.lossOf(knee, m.metrics.baseline.value, y), knee, prediction, y)
	v := m.solver.learn(m.x, prediction, y, w)
	m.rows.Learned++
	if v.outlier {
		m.rows.Outliers++
	}
	if v.guarded {
		m.rows.Guarded++
	}
}

// lossOf a prediction, with the knee in force; a number always.
func (m *Linear) lossOf(knee, prediction, y float64) float64 {
	var value float64
	if _, huber := m.loss.(loss.Huber); huber && knee > 0 {
		value = loss.Huber{Delta: knee}.Value(prediction, y)
	} else {
		value = m.loss.Value(prediction, y)
	}
	if math.IsNaN(value) {
		return math.MaxFloat64
	}
	return saturate(value)
}

// gather row i into m.x and tell whether it can be learned from.
func (m *Linear) gather(c Columns, i int) (y, w float64, reason Reason, ok bool) {
	if c.Valid != nil && c.Valid[i/8]>>(i%8)&1 == 0 {
		return 0, 0, ReasonNull, false
	}
	y, w = c.Target[i], 1
	if c.Weights != nil {
		w = c.Weights[i]
	}
	for j, column := range c.Features {
		m.x[j] = column[i]
	}
	if !isFinite(y) || !isFinite(w) || !allFinite(m.x) {
		return 0, 0, ReasonNonFinite, false
	}
	return y, w, ReasonWeight, w > 0
}

func allFinite(values []float64) bool {
	for _, v := range values {
		if !isFinite(v) {
			return false
		}
	}
	return true
}

// Predict writes the prediction of every row to dst (length c.Rows); c.Target may be nil. NaN where a feature is null or not finite.
func (m *Linear) Predict(dst []float64, c Columns) {
	for i := range c.Rows {
		for j, column := range c.Features {
			m.x[j] = column[i]
		}
		if c.Valid != nil && c.Valid[i/8]>>(i%8)&1 == 0 || !allFinite(m.x) {
			dst[i] = math.NaN()
			continue
		}
		dst[i] = m.solver.predict(m.x)
	}
}

// Report of the model with the pending rows applied to a copy; the model is not changed by a bit.
func (m *Linear) Report() Report {
	r := Report{Rows: m.rows, Loss: m.metrics.report(), Drift: Drift{Statistic: math.NaN(), LastAlarmRow: -1}}
	m.solver.report(&r)
	return r
}
