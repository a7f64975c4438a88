package pipeline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/streamfit/streamfit/estimator"
)

// UpdateVersion is the version of the update record. Fields may be added within a version; none changes its meaning.
const UpdateVersion = 1

// Update is what the output topic carries: the model as it stands after all rows before Position. Numbers that do not exist are null.
type Update struct {
	V            int                         `json:"v"`
	Model        string                      `json:"model"`
	Key          *string                     `json:"key"`
	Seq          uint64                      `json:"seq"` // intervals of output.every_rows rows that have begun; never decreases
	Solver       string                      `json:"solver"`
	Status       estimator.Status            `json:"status"`
	Degenerate   []string                    `json:"degenerate,omitempty"` // columns whose coefficients the rows do not identify
	Far          []string                    `json:"far,omitempty"`        // columns of which it cannot be told whether their rows are right
	Rows         RowCounts                   `json:"rows"`
	DeadLetters  uint64                      `json:"dead_letters"`           // messages that could not be decoded
	LostOffsets  uint64                      `json:"lost_offsets,omitempty"` // deleted from the input before they were learned from; left out where there are none
	Position     map[string]map[string]int64 `json:"position"`               // topic → partition → next offset
	EventTime    *string                     `json:"event_time"`             // the latest of the time column, RFC 3339
	Intercept    Interval                    `json:"intercept"`
	Coefficients Coefficients                `json:"coefficients"`
	Scale        Number                      `json:"scale"`
	Delta        Number                      `json:"delta"`
	Loss         Losses                      `json:"loss"`
	Drift        Drift                       `json:"drift"`
	Memories     []Memory                    `json:"memories,omitempty"` // of solver tracking
	Trend        *TrendUpdate                `json:"trend,omitempty"`    // of models with a trend
}

// Memory is one of the solvers that solver tracking has side by side.
type Memory struct {
	Rows   Number `json:"rows"` // effective number of rows that it remembers; null: it never forgets
	Weight Number `json:"weight"`
}

// RowCounts says what became of the rows.
type RowCounts struct {
	Learned  uint64  `json:"learned"`
	Outliers uint64  `json:"outliers"`
	Guarded  uint64  `json:"guarded"`
	Skipped  Skipped `json:"skipped"`

	Effective Number `json:"effective"` // rows that the coefficients are made of, as forgetting weighs them and since the model last began anew
}

// Skipped counts the rows that could not be learned from, by reason.
type Skipped struct {
	Null      uint64 `json:"null"`
	NonFinite uint64 `json:"nonfinite"`
	Weight    uint64 `json:"weight"`
	Range     uint64 `json:"range"`
}

// NewSkipped names the counts by reason.
func NewSkipped(r [estimator.Reasons]uint64) Skipped {
	return Skipped{Null: r[estimator.ReasonNull], NonFinite: r[estimator.ReasonNonFinite], Weight: r[estimator.ReasonWeight], Range: r[estimator.ReasonRange]}
}

// Sum of all reasons.
func (s Skipped) Sum() uint64 { return s.Null + s.NonFinite + s.Weight + s.Range }

// Interval is a coefficient with its standard error and its 95 % interval.
type Interval struct {
	Value Number `json:"value"`
	SE    Number `json:"se"`
	Low   Number `json:"lo"`
	High  Number `json:"hi"`

	// Of the confidence sequence; only there where output.intervals asks for it.
	SequenceLow  *Number `json:"sequence_lo,omitempty"`
	SequenceHigh *Number `json:"sequence_hi,omitempty"`
}

// Losses are those of progressive validation.
type Losses struct {
	Name      string `json:"name"`
	Mean      Number `json:"mean"`
	SinceLast Number `json:"since_last"`
	Window    Number `json:"window"`
	MAE       Number `json:"mae"`
	RMSE      Number `json:"rmse"`
	Baseline  Number `json:"baseline"`
}

// newUpdate of a report; the caller adds what only the shard knows.
func newUpdate(model string, r estimator.Report) Update {
	u := Update{
		V: UpdateVersion, Model: model, Solver: r.Solver, Status: r.Status, Degenerate: r.Degenerate, Far: r.Far,
		Rows:      rowCounts(r.Rows, r.Effective),
		Intercept: interval(r.Intercept),
		Scale:     Number(r.Scale), Delta: Number(r.Delta),
		Loss: Losses{
			Name: r.Loss.Name, Mean: Number(r.Loss.Mean), SinceLast: Number(r.Loss.SinceLast), Window: Number(r.Loss.Window),
			MAE: Number(r.Loss.MAE), RMSE: Number(r.Loss.RMSE), Baseline: Number(r.Loss.Baseline),
		},
		Drift: drift(r.Drift),
	}
	for _, c := range r.Coefficients {
		u.Coefficients = append(u.Coefficients, NamedInterval{Name: c.Name, Interval: interval(c)})
	}
	for _, m := range r.Memories {
		u.Memories = append(u.Memories, Memory{Number(m.Rows), Number(m.Weight)})
	}
	return u
}

func rowCounts(r estimator.Rows, effective float64) RowCounts {
	return RowCounts{
		Learned: r.Learned, Outliers: r.Outliers, Guarded: r.Guarded,
		Skipped:   NewSkipped(r.Skipped),
		Effective: Number(effective),
	}
}

func interval(c estimator.Coefficient) Interval {
	return Interval{Value: Number(c.Value), SE: Number(c.SE), Low: Number(c.Low), High: Number(c.High)}
}

// formatEventTime writes seconds since the epoch as RFC 3339; nil for a time outside the years 1 to 9999.
func formatEventTime(seconds float64) *string {
	if !isDate(seconds) {
		return nil
	}
	whole := math.Floor(seconds)
	nanos := math.Round((seconds - whole) * 1e6) // float64 seconds of this century resolve about a quarter of a microsecond
	s := time.Unix(int64(whole), int64(nanos)*1000).UTC().Format(time.RFC3339Nano)
	return &s
}

// isDate tells whether seconds since 1970 lie in the years 1 to 9999, which RFC 3339 can show.
func isDate(seconds float64) bool {
	const first, last = -62135596800, 253402300800
	return seconds >= first && seconds < last
}

// Number is a float64 that writes itself as null when it is not finite, in the shortest form that reads back as the same bits otherwise.
type Number float64

// MarshalJSON implements json.Marshaler.
func (n Number) MarshalJSON() ([]byte, error) {
	if f := float64(n); !math.IsNaN(f) && !math.IsInf(f, 0) {
		return json.Marshal(f)
	}
	return []byte("null"), nil
}

// UnmarshalJSON implements json.Unmarshaler: null becomes NaN.
func (n *Number) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*n = Number(math.NaN())
		return nil
	}
	f, err := strconv.ParseFloat(string(b), 64)
	*n = Number(f)
	return err
}

// NamedInterval is the coefficient of one feature.
type NamedInterval struct {
	Name string
	Interval
}

// Coefficients are written as a JSON object in the order of the features.
type Coefficients []NamedInterval

// MarshalJSON implements json.Marshaler.
func (c Coefficients) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	for i, f := range c {
		if i > 0 {
			out = append(out, ',')
		}
		name, err := json.Marshal(f.Name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(f.Interval)
		if err != nil {
			return nil, err
		}
		out = append(append(append(out, name...), ':'), value...)
	}
	return append(out, '}'), nil
}

// UnmarshalJSON implements json.Unmarshaler and keeps the order.
func (c *Coefficients) UnmarshalJSON(b []byte) error {
	dec := json.NewDecoder(bytes.NewReader(b))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return fmt.Errorf("coefficients: want an object, got %.20s", b)
	}
	*c = nil
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return err
		}
		f := NamedInterval{Name: name.(string)}
		if err := dec.Decode(&f.Interval); err != nil {
			return fmt.Errorf("coefficient %q: %w", f.Name, err)
		}
		*c = append(*c, f)
	}
	return nil
}
