package fitplot

import (
	"math"
	"slices"

	"github.com/streamfit/streamfit/estimator"
	"github.com/streamfit/streamfit/pipeline"
)

// Series is what a trend was fitted to: readings over time, each with its prediction before it was learned. Of very many readings it keeps a half, a
// quarter, …, and of those far from their predictions as many as can be marked.
type Series struct {
	from    uint64 // rows before are predicted from next to nothing
	rows    uint64
	kept    []reading
	outside []reading
	far     uint64 // rows outside the band
	thinned [2]int // halvings of kept and outside
	alarms  []uint64
}

// NewSeries of a model with so many coefficients.
func NewSeries(coefficients int) *Series { return &Series{from: uint64(4 * coefficients)} }

// reading of a row. The half-width of the band is 3 σ̂; +Inf where there is none.
type reading struct {
	row                     uint64
	time, value, prediction float64
	band                    float64
}

func (r reading) outside() bool { return math.Abs(r.value-r.prediction) > r.band }

const (
	mostReadings = 2048
	mostOutside  = 1024
	bandSigmas   = 3
	kneeSigmas   = 1.345 // of an automatic knee
)

// Add rows as they were predicted. Those of a model that has no trend have no time, and are not kept.
func (s *Series) Add(rows estimator.Predicted) {
	for i, seconds := range rows.Time {
		r := reading{s.rows, seconds, rows.Target[i], rows.Prediction[i], bandSigmas / kneeSigmas * rows.Knee[i]}
		if s.rows++; r.row < s.from {
			continue
		}
		s.kept = keep(s.kept, r, &s.thinned[0], mostReadings)
		if r.outside() {
			s.far++
			s.outside = keep(s.outside, r, &s.thinned[1], mostOutside)
		}
	}
}

// keep a reading among the others, of which there are at most so many: then every other one goes.
func keep(readings []reading, r reading, halvings *int, most int) []reading {
	if !r.stays(*halvings) {
		return readings
	}
	if readings = append(readings, r); len(readings) > most {
		*halvings++
		readings = slices.DeleteFunc(readings, func(r reading) bool { return !r.stays(*halvings) })
	}
	return readings
}

// stays tells whether the row is one of the 2⁻ⁿ that stay after n halvings. They lie evenly, but at no period that could be one of the season.
func (r reading) stays(halvings int) bool { return r.row*0x9E3779B97F4A7C15>>(64-halvings) == 0 }

// Alarm takes note of the last drift alarm that an update tells of.
func (s *Series) Alarm(u *pipeline.Update) {
	row := u.Drift.LastAlarmRow
	if row != nil && (len(s.alarms) == 0 || s.alarms[len(s.alarms)-1] != *row) {
		s.alarms = append(s.alarms, *row)
	}
}

// timeOf a row, or of the next one that was kept; false if there is none.
func (s *Series) timeOf(row uint64) (float64, bool) {
	for _, r := range s.kept {
		if r.row >= row {
			return r.time, true
		}
	}
	return 0, false
}
