package estimator

import "math"

// Score predicts every row by the model that Report describes, prediction = intercept + Σ coefficient·feature, and calls each with them, run by run; it
// learns nothing. Rows that Learn could not learn from are appended to dst and not predicted. The knee is Report's for all rows.
func (m *Linear) Score(dst []Skipped, c Columns, each func(Predicted)) []Skipped {
	predict, knee := m.reported()
	t := m.tile
	for at := 0; at < c.count(); {
		if dst, at = t.gather(dst, c, at); t.n == 0 {
			continue
		}
		for i := range t.n {
			t.prediction[i], t.knee[i] = predict(t.row(i)), knee
		}
		each(t.predicted())
	}
	return dst
}

// reported model and knee. A model with a coefficient that does not exist, that of a degenerate column, predicts as its solver does.
func (m *Linear) reported() (predict func(x []float64) float64, knee float64) {
	r := m.Report()
	if knee = r.Delta; math.IsNaN(knee) {
		knee = math.Inf(1)
	}
	beta := make([]float64, len(r.Coefficients))
	for j, c := range r.Coefficients {
		beta[j] = c.Value
	}
	if !isFinite(r.Intercept.Value) || !allFinite(beta) {
		return m.predict, knee
	}
	if r.Trend != nil {
		k, unit := len(m.cfg.Features), float64(m.cfg.Trend.Unit)
		return func(x []float64) float64 {
			since := difference(x[k], r.Trend.Time) / unit // the slope's feature; the others are as they are
			return saturate(r.Intercept.Value + dot(x[:k], beta) + float64(since*beta[k]) + dot(x[k+1:], beta[k+1:]))
		}, knee
	}
	return func(x []float64) float64 { return saturate(r.Intercept.Value + dot(x, beta)) }, knee
}
