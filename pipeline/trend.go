package pipeline

import (
	"github.com/streamfit/streamfit/estimator"
)

// Trend makes the time a feature: the model has a level, a slope and seasons.
type Trend struct {
	Time      string         `yaml:"time"`      // column; empty: no trend. It is the column of event time, too
	Unit      estimator.Span `yaml:"unit"`      // of the slope
	Season    []string       `yaml:"season"`    // periods, each a length of time
	Harmonics int            `yaml:"harmonics"` // sine and cosine pairs a period
	Horizon   estimator.Span `yaml:"horizon"`   // how long after the newest reading to forecast; 0s: not at all
}

func (t Trend) given() bool { return t.Time != "" }

// EventTime is the column of event time: that of the trend, or model.time. Empty: there is none.
func (m Model) EventTime() string {
	if m.Trend.given() {
		return m.Trend.Time
	}
	return m.Time
}

// estimator's part of the setting. Validate has complained of periods that cannot be read.
func (t Trend) estimator() (out estimator.Trend) {
	if !t.given() {
		return out
	}
	out = estimator.Trend{Time: t.Time, Unit: t.Unit, Harmonics: t.Harmonics}
	for _, text := range t.Season {
		var period estimator.Span
		if period.UnmarshalText([]byte(text)) == nil {
			out.Season = append(out.Season, period)
		}
	}
	return out
}

// trend of the model, as far as the estimator does not look at it.
func (f *faults) trend(m Model) {
	t := m.Trend
	if !t.given() {
		if len(t.Season) > 0 || t.Horizon != 0 {
			f.add("model.trend.time", "missing: a season or a horizon is given; name the time column that the trend is over")
		}
		return
	}
	if t.Time == m.Target || t.Time == m.Weight || t.Time == m.Key {
		f.add("model.trend.time", "%q has another role already: it is the target, the weight or the key", t.Time)
	}
	if m.Time != "" && m.Time != t.Time {
		f.add("model.time", "%q is not the trend's time column %q; leave it out", m.Time, t.Time)
	}
	for _, text := range t.Season {
		if err := new(estimator.Span).UnmarshalText([]byte(text)); err != nil {
			f.add("model.trend.season", "%s", err)
		}
	}
	if t.Horizon < 0 {
		f.add("model.trend.horizon", "%s is before the newest reading; want a length of time, or 0s for no forecast", t.Horizon)
	}
}

// TrendUpdate is the trend as an update tells it, at the newest reading.
type TrendUpdate struct {
	Time         *string        `json:"time"` // of the newest reading, RFC 3339
	Level        Interval       `json:"level"`
	Slope        SlopeUpdate    `json:"slope"`
	Season       []SeasonUpdate `json:"season,omitempty"`
	Forecast     *Forecast      `json:"forecast,omitempty"`
	LastResidual Number         `json:"last_residual_sigma"` // of the last row, in σ̂
}

// SlopeUpdate is the change of the level in a unit of time.
type SlopeUpdate struct {
	Interval
	Unit string `json:"unit"`
}

// SeasonUpdate is the wave of a period.
type SeasonUpdate struct {
	Period    string  `json:"period"`
	Amplitude Number  `json:"amplitude"` // half the way from its lowest to its highest point
	SE        Number  `json:"se"`        // of the amplitude
	Phase     Number  `json:"phase"`     // where it is highest, as a share of the period since 1970-01-01T00:00Z
	Peak      *string `json:"peak"`      // when it was highest last
}

// Forecast of one reading: 95 % of readings lie between Low and High, if the trend goes on and the noise is normal.
type Forecast struct {
	Time  *string `json:"time"`
	Value Number  `json:"value"`
	Low   Number  `json:"lo"`
	High  Number  `json:"hi"`
}

// trendUpdate of a report; nil for a model without a trend.
func trendUpdate(t *estimator.TrendReport, unit estimator.Span) *TrendUpdate {
	if t == nil {
		return nil
	}
	u := &TrendUpdate{
		Time: formatEventTime(t.Time), Level: interval(t.Level), Slope: SlopeUpdate{Interval: interval(t.Slope), Unit: unit.String()},
		LastResidual: Number(t.LastResidual),
	}
	for _, s := range t.Season {
		u.Season = append(u.Season, SeasonUpdate{
			Period: s.Period.String(), Amplitude: Number(s.Amplitude.Value), SE: Number(s.Amplitude.SE), Phase: Number(s.Phase), Peak: formatEventTime(s.Peak),
		})
	}
	if f := t.Forecast; f != nil {
		u.Forecast = &Forecast{Time: formatEventTime(f.Time), Value: Number(f.Value), Low: Number(f.Low), High: Number(f.High)}
	}
	return u
}
