package estimator

import "math"

// Columns is a run of rows, column by column, as Arrow lays them out. The model reads them and keeps none.
type Columns struct {
	Rows     int
	Features [][]float64 // d columns of Rows values, in the order of Config.Features
	Target   []float64
	Weights  []float64 // nil: every row weighs 1
	Time     []float64 // event time in seconds, as since 1970; NaN: not known, which a model with a trend, or a half-life in event time, takes for a row that is not finite. nil: there is none
	Valid    []byte    // Arrow validity bitmap, least significant bit first; a 0 bit: the row has a null. nil: no nulls
	Pick     []int32   // which of the rows to take, and in which order, where several models share the columns. nil: all of them
}

// count of the rows to take.
func (c *Columns) count() int {
	if c.Pick != nil {
		return len(c.Pick)
	}
	return c.Rows
}

// row that is taken at a place in the order.
func (c *Columns) row(at int) int {
	if c.Pick != nil {
		return int(c.Pick[at])
	}
	return at
}

// timeOf row i; NaN: not known.
func (c *Columns) timeOf(i int) float64 {
	if c.Time == nil {
		return math.NaN()
	}
	return c.Time[i]
}

// A Reason says why a row cannot be learned from.
type Reason uint8

// The reasons, in the order in which they are tested.
const (
	ReasonNull      Reason = iota // a null in the target, a feature or the weight
	ReasonNonFinite               // NaN or ±Inf
	ReasonWeight                  // weight ≤ 0
	ReasonRange                   // a magnitude beyond 1e60, see largest

	Reasons = iota // how many there are
)

// String is the reason's name in metrics, logs and update records: "null", "nonfinite", "weight", "range".
func (r Reason) String() string { return [...]string{"null", "nonfinite", "weight", "range"}[r] }

// Skipped is a row that was not learned from: its index in the Columns, and why.
type Skipped struct {
	Row    int
	Reason Reason
}
