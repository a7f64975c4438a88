package loss

import "math"

// Weighted writes wᵢ·vᵢ to dst: the reduction "none" of PyTorch and Keras, with sample weights. Nil weights are all 1.
// The slices must be equally long, and dst may be one of them; it panics if the lengths differ.
func Weighted(dst, values, weights []float64) {
	if len(dst) != len(values) || weights != nil && len(weights) != len(values) {
		panic(lengthsDiffer)
	}
	if weights == nil {
		copy(dst, values)
		return
	}
	for i, v := range values {
		dst[i] = float64(weights[i] * v)
	}
}

// Sum is Σ wᵢvᵢ: the reduction "sum" of PyTorch and Keras. Nil weights are all 1; the sum of nothing is 0.
// It panics if the lengths differ.
func Sum(values, weights []float64) float64 {
	if weights != nil && len(weights) != len(values) {
		panic(lengthsDiffer)
	}
	var s compensated
	for i, v := range values {
		if weights != nil {
			v = float64(weights[i] * v)
		}
		s.add(v)
	}
	return s.total()
}

// MeanOverCount is Σ wᵢvᵢ / n, n being the number of values: Keras' default "sum_over_batch_size", and with nil weights PyTorch's "mean".
// Doubling all weights doubles it. The mean of nothing is NaN, as in PyTorch. It panics if the lengths differ.
func MeanOverCount(values, weights []float64) float64 {
	return Sum(values, weights) / float64(len(values))
}

// MeanOverWeight is Σ wᵢvᵢ / Σ wᵢ: numpy.average, scikit-learn's metrics, and Keras' "mean_with_sample_weight". Doubling all weights
// does not change it, and with weights that are counts it equals the mean over repeated rows. Without any weight it is NaN.
// It panics if the lengths differ.
func MeanOverWeight(values, weights []float64) float64 {
	if weights == nil {
		return MeanOverCount(values, nil)
	}
	return Sum(values, weights) / Sum(weights, nil)
}

// compensated is a running sum that also carries what rounding lost, so that the order of a million values does not show in the result.
//
// Reference: Neumaier, "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen", ZAMM 54 (1974) 39–51.
type compensated struct{ sum, lost float64 }

func (c *compensated) add(v float64) {
	t := c.sum + v
	if math.Abs(c.sum) >= math.Abs(v) {
		c.lost += (c.sum - t) + v
	} else {
		c.lost += (v - t) + c.sum
	}
	c.sum = t
}

// total leaves the compensation out once the sum has overflowed, where the compensation is ∞ − ∞.
func (c *compensated) total() float64 {
	if !finite(c.sum) {
		return c.sum
	}
	return c.sum + c.lost
}
