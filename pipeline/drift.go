package pipeline

import "github.com/streamfit/streamfit/estimator"

// Drift is what the drift detector says.
type Drift struct {
	Statistic    Number  `json:"statistic"`
	Alarm        bool    `json:"alarm"`
	LastAlarmRow *uint64 `json:"last_alarm_row"`

	LastAlarmTime *string `json:"last_alarm_time"` // event time, RFC 3339
	Kind          *string `json:"kind"`            // of the last alarm: jump, slope, variance
	Feature       *string `json:"feature"`         // whose coefficient has changed; null: the level, or the spread
	Size          Number  `json:"size"`            // of a jump or a slope in σ̂; variance: the new standard deviation/the old one
	Alarms        Alarms  `json:"alarms"`
}

// Alarms counts those since the start, by kind.
type Alarms struct {
	Jump     uint64 `json:"jump"`
	Slope    uint64 `json:"slope"`
	Variance uint64 `json:"variance"`
}

func drift(r estimator.Drift) Drift {
	d := Drift{
		Statistic: Number(r.Statistic), Alarm: r.Alarm, Size: Number(r.Size),
		Alarms: Alarms{Jump: r.Counts[estimator.AlarmJump], Slope: r.Counts[estimator.AlarmSlope], Variance: r.Counts[estimator.AlarmVariance]},
	}
	if r.LastAlarmRow < 0 {
		return d
	}
	row := uint64(r.LastAlarmRow)
	d.LastAlarmRow, d.LastAlarmTime, d.Kind = &row, formatEventTime(r.LastAlarmTime), &r.Kind
	if r.Feature != "" {
		d.Feature = &r.Feature
	}
	return d
}

// sayDrift counts the alarms that a model's detector has raised since it had raised so many, and says what the last one was; key is that of the model, if it has
// one.
func (s *Shard) sayDrift(m *estimator.Linear, before [3]uint64, key string) {
	now := m.Alarms()
	if now == before {
		return
	}
	for kind := range now {
		label := s.metrics.with(estimator.AlarmKind(kind).String())
		s.metrics.all.driftAlarms.WithLabelValues(label...).Add(float64(now[kind] - before[kind]))
	}
	d := m.Drift()
	event := s.log.Warn().Str("stage", stageFit).Str("kind", d.Kind).Int64("row", d.LastAlarmRow).Float64("size", d.Size)
	if key != "" {
		event = event.Str("key", key)
	}
	if d.Feature != "" {
		event = event.Str("feature", d.Feature)
	}
	if time := formatEventTime(d.LastAlarmTime); time != nil {
		event = event.Str("event_time", *time)
	}
	event.Msg("the residuals have changed")
}
