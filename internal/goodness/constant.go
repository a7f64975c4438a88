package goodness

import (
	"math"
	"slices"
)

// constant is the model without features: the best constant prediction so far under the Huber loss, which is what a model with features is compared with.
// It learns as solver newton does, from an exact start, with the knee that the model had at each row: with h the number of rows within the knee,
//
//	r = y − c,  inside = |r| ≤ δ(1 + 1/h)
//	c ← c + (inside ? r/(h+1) : sign(r)·δ/h),  h ← h + inside
//
// Where there is no knee (δ = +Inf) it is the mean.
type constant struct {
	value  float64
	inside float64   // h
	start  []float64 // the first targets; nil after the last exact fit
	rows   int
}

const startRows = 1024 // of the exact start

// learn a target with the knee in force.
func (c *constant) learn(y, knee float64) {
	c.rows++
	if c.rows <= startRows {
		c.start = append(c.start, y)
		if c.rows&(c.rows-1) == 0 {
			c.fit(knee)
		}
		if c.rows == startRows {
			c.start = nil
		}
		return
	}
	h, r := max(1, c.inside), y-c.value
	if math.Abs(r) <= knee*(1+1/h) {
		c.value += r / (h + 1)
		c.inside++
		return
	}
	c.value += math.Copysign(knee/h, r)
}

// fit the first targets exactly, by halving: the pull of the rows falls as the constant rises.
func (c *constant) fit(knee float64) {
	low, high := slices.Min(c.start), slices.Max(c.start)
	for middle := low/2 + high/2; low < middle && middle < high; middle = low/2 + high/2 {
		if pull(c.start, middle, knee) > 0 {
			low = middle
		} else {
			high = middle
		}
	}
	c.value, c.inside = high, 0
	for _, y := range c.start {
		if math.Abs(y-high) <= knee {
			c.inside++
		}
	}
}

// pull Σ clip(y − c, ±δ) of targets on a constant.
func pull(targets []float64, constant, knee float64) (sum float64) {
	for _, y := range targets {
		sum += max(-knee, min(knee, y-constant))
	}
	return sum
}
