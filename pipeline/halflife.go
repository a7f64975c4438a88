package pipeline

import (
	"fmt"
	"math"
	"strconv"

	"github.com/streamfit/streamfit/estimator"
)

// HalfLife is a number of rows, or a length of event time. It reads and writes itself as text: "500", ".inf", "2h".
type HalfLife struct {
	Rows float64        // +Inf: not by rows
	Time estimator.Span // 0: not by time
}

// Forgets tells whether old rows count less.
func (h HalfLife) Forgets() bool { return h.Time != 0 || !math.IsInf(h.Rows, 1) }

// MarshalText writes what String says.
func (h HalfLife) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// String is the number of rows, .inf, or the length of time.
func (h HalfLife) String() string {
	switch {
	case h.Time != 0:
		return h.Time.String()
	case math.IsInf(h.Rows, 1):
		return ".inf"
	}
	return strconv.FormatFloat(h.Rows, 'g', -1, 64)
}

// UnmarshalText reads a number of rows, or a length of time with its unit. Whether they are above 0 the estimator knows.
func (h *HalfLife) UnmarshalText(text []byte) error {
	switch string(text) {
	case ".inf", ".Inf", ".INF", "+.inf":
		*h = HalfLife{Rows: math.Inf(1)}
		return nil
	}
	if rows, err := strconv.ParseFloat(string(text), 64); err == nil {
		*h = HalfLife{Rows: rows}
		return nil
	}
	span := estimator.Span(0)
	if span.UnmarshalText(text) != nil || span == 0 {
		return fmt.Errorf("%q is no half-life; want a number of rows, .inf, or a length of event time, as 500, 90s or 2h", text)
	}
	*h = HalfLife{Rows: math.Inf(1), Time: span}
	return nil
}

// timed tells whether a row without an event time cannot be learned from.
func (m Model) timed() bool { return m.Trend.given() || m.HalfLife.Time != 0 }

// halfLife in event time needs events' times.
func (f *faults) halfLife(m Model) {
	if m.HalfLife.Time == 0 {
		return
	}
	if m.EventTime() == "" {
		f.add("model.half_life", "%s is event time, but there is no column of it: name it in model.time, or give a number of rows", m.HalfLife)
	}
	if t := m.Time; t != "" && (t == m.Target || t == m.Weight) {
		f.add("model.time", "%q has another role already: it is the target or the weight", t)
	}
}
