package goodness

import (
	"math"

	"github.com/DataDog/sketches-go/ddsketch"
	"github.com/DataDog/sketches-go/ddsketch/mapping"
	"github.com/DataDog/sketches-go/ddsketch/store"
)

// Accuracy of quantiles, relative to their value. Minimum and maximum are exact.
const Accuracy = 0.001

// Residuals is the distribution of target − prediction, in units of the target, as a sketch of logarithmic bins (DDSketch: Masson, Rim & Lee, VLDB 2019).
type Residuals struct {
	sketch   *ddsketch.DDSketch
	reach    float64 // the largest number that the sketch has a bin for
	min, max float64
}

// NewResiduals of no row.
func NewResiduals() *Residuals {
	bins, err := mapping.NewCubicallyInterpolatedMapping(Accuracy)
	if err != nil {
		panic(err) // Accuracy is between 0 and 1
	}
	return &Residuals{
		sketch: ddsketch.NewDDSketch(bins, store.NewDenseStore(), store.NewDenseStore()),
		reach:  bins.MaxIndexableValue(),
		min:    math.Inf(1), max: math.Inf(-1),
	}
}

// Add a residual. What is beyond the numbers counts as the largest of them; NaN is not counted.
func (r *Residuals) Add(residual float64) {
	residual = max(-r.reach, min(r.reach, residual))
	if r.sketch.Add(residual) == nil { // it fails for NaN only: what lies within reach has a bin
		r.min, r.max = min(r.min, residual), max(r.max, residual)
	}
}

// Rows that were added.
func (r *Residuals) Rows() uint64 { return uint64(r.sketch.GetCount()) }

// Quantile p, between 0 and 1: of n residuals in ascending order the one at index ⌊p·(n−1)⌋. NaN if there are none.
func (r *Residuals) Quantile(p float64) float64 {
	switch {
	case r.sketch.IsEmpty():
		return math.NaN()
	case p <= 0:
		return r.min
	case p >= 1:
		return r.max
	}
	return max(r.min, min(r.max, r.at(math.Floor(p*(r.sketch.GetCount()-1)))))
}

// at an index into the residuals in ascending order. (The sketch's own quantiles round the index up below 0 and down above it.)
func (r *Residuals) at(index float64) float64 {
	below := r.sketch.GetNegativeValueStore()
	n, zeros := below.TotalCount(), r.sketch.GetZeroCount()
	switch {
	case index < n:
		return -r.sketch.Value(below.KeyAtRank(n - 1 - index))
	case index < n+zeros:
		return 0
	default:
		return r.sketch.Value(r.sketch.GetPositiveValueStore().KeyAtRank(index - n - zeros))
	}
}

// Histogram counts the residuals between edges, which ascend: count i is of those from edges[i] to edges[i+1]. A bin of the sketch that lies across an
// edge is shared out by length, so the counts need not be whole. What lies outside is in neither.
func (r *Residuals) Histogram(edges []float64) []float64 {
	counts := make([]float64, len(edges)-1)
	r.sketch.ForEach(func(value, count float64) bool {
		half := math.Abs(value) * Accuracy
		low, high := max(value-half, r.min), min(value+half, r.max)
		for i := range counts {
			counts[i] += count * overlap(low, high, edges[i], edges[i+1], i == len(counts)-1)
		}
		return false
	})
	return counts
}

// overlap is the share of low…high that lies in from…to; of a single point, 1 if it lies there. The last bin has its upper edge.
func overlap(low, high, from, to float64, last bool) float64 {
	if !(high > low) {
		if low >= from && (low < to || last && low == to) {
			return 1
		}
		return 0
	}
	return max(0, min(high, to)-max(low, from)) / (high - low)
}
