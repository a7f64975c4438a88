package pipeline

import (
	"fmt"
	"strconv"
)

// WarmUp is "auto" or a number of rows. It reads and writes itself as text.
type WarmUp struct {
	Auto bool
	Rows int
}

// MarshalText writes "auto" or the number.
func (w WarmUp) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

// String is "auto" or the number.
func (w WarmUp) String() string {
	if w.Auto {
		return "auto"
	}
	return strconv.Itoa(w.Rows)
}

// UnmarshalText reads "auto" or a number of rows.
func (w *WarmUp) UnmarshalText(text []byte) error {
	if string(text) == "auto" {
		*w = WarmUp{Auto: true}
		return nil
	}
	rows, err := strconv.Atoi(string(text))
	if err != nil || rows < 1 {
		return fmt.Errorf("%q is no warm-up; want auto, or a number of rows that is a power of two, as 64", text)
	}
	*w = WarmUp{Rows: rows}
	return nil
}

const (
	warmUpAlone = 1024 // rows of the one model of a topic
	warmUpLeast = 16
	warmUpKeyed = 64 // rows of a model among very many, unless it has so many features that
	warmUpRows  = 4  // rows a coefficient are more
)

// rows of the warm-up of a model of so many features. Its rows count alike, so that of a trend that forgets is no longer than its half-life;
// with one in event time they count by their ages.
func (w WarmUp) rows(m Model, features int) int {
	if !w.Auto {
		return w.Rows
	}
	coefficients := 1 + features + m.Trend.estimator().Columns()
	rows := warmUpAlone
	if m.Scope == scopeKey {
		rows = warmUpKeyed
	}
	for m.Trend.given() && float64(rows) > m.HalfLife.Rows && rows > warmUpLeast {
		rows /= 2
	}
	for rows < warmUpAlone && rows < warmUpRows*coefficients {
		rows *= 2
	}
	return rows
}
