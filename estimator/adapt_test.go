package estimator

import (
	"math"
	"testing"
)

// After an alarm the predictions are as good as before within 200 rows.
func TestTheModelRecoversAfterAnAlarm(t *testing.T) {
	for name, w := range map[string]world{
		"jump 2 σ": {jump: 2}, "jump 1 σ": {jump: 1}, "jump 50 σ": {jump: 50}, "jump 3 σ among spikes": {jump: 3, spikes: 0.2},
		"a coefficient, 2 σ": {slope: 2}, "a coefficient, 20 σ": {slope: 20}, "jump and coefficient": {jump: 5, slope: -5}, "variance × 4": {spread: 1},
	} {
		for _, solver := range []string{"newton", "asgd"} {
			w.at = 5000
			worst, alarms := 0.0, 0
			for seed := range uint64(3) {
				squares, n := recovered(t, solver, w, seed, &alarms)
				sigma := 1 + w.spread
				worst = math.Max(worst, math.Sqrt(squares/n)/sigma)
			}
			if alarms < 3 || worst > 1.5 {
				t.Errorf("%s, %s: %d alarms, rms error up to %.3f σ", name, solver, alarms, worst)
			}
		}
	}
}

// recovered is the sum of squares of the errors of 300 clean rows from 200 rows after the alarm on, and their number.
func recovered(t *testing.T, solver string, w world, seed uint64, alarms *int) (squares, n float64) {
	t.Helper()
	cfg := newtonConfig(2)
	cfg.Solver, cfg.OnDrift = solver, DriftAdapt
	m, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	c := w.rows(seed, w.at+1200)
	m.Learn(nil, part(c, 0, w.at))
	at := int64(-1)
	row := w.at
	m.Watch(func(p Predicted) {
		for i, y := range p.Target {
			e := y - p.Prediction[i]
			if row++; at > 0 && int64(row) > at+200 && int64(row) <= at+500 && math.Abs(e) < 8*(1+w.spread) {
				squares += e * e
				n++
			}
		}
	})
	for i := w.at; i < c.Rows; i += 10 {
		m.Learn(nil, part(c, i, i+10))
		if at < 0 && m.Alarms() != [3]uint64{} {
			at = m.Report().Drift.LastAlarmRow
			*alarms++
		}
	}
	return squares, n
}
