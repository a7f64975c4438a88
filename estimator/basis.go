package estimator

import (
	"math"
	"slices"
)

// basis is the robust centring and scaling that the newton solver works in: zⱼ = (xⱼ − cⱼ)/sⱼ with medians and MADs of the warm-up rows, and the
// target likewise. A column that is constant for more than half of the rows falls back to its standard deviation, one that is constant to 1.
type basis struct {
	center, scale    []float64 // of the features
	targetC, targetS float64

	time    int // index of a trend's time column, whose waves follow; the number of columns where there is none
	guarded int // columns that tell how far out a row is; those after them are waves, or the time that the type when looks after

	dependents []dependent // columns that the others determine, or almost

	at, unit float64 // seconds at which a trend's intercept is reported, and of its slope's unit
}

// madToSigma makes the median absolute deviation a consistent estimate of the standard deviation of a normal distribution.
const madToSigma = 0.6744897501960817

// farthest is the largest |z| that the arithmetic bears: its square is still a number.
const farthest = 1e150

func newBasis(d int) basis {
	b := basis{center: make([]float64, d), scale: make([]float64, d), targetS: 1, time: d, guarded: d}
	for j := range b.scale {
		b.scale[j] = 1
	}
	return b
}

// fit the basis to rows. The waves of a trend have the centre 0 and the scale 1 for ever.
func (b *basis) fit(rows *warmRows) {
	column := make([]float64, rows.n())
	for j := range b.center[:min(b.time+1, len(b.center))] {
		for i := range column {
			column[i] = rows.x[i*rows.d+j]
		}
		b.center[j], b.scale[j] = robustScale(column)
	}
	copy(column, rows.y)
	b.targetC, b.targetS = robustScale(column)
}

// robustScale is the median and the scale of a column, which it sorts.
func robustScale(column []float64) (center, scale float64) {
	center = median(column)
	for i, v := range column {
		column[i] = math.Abs(difference(v, center))
	}
	if scale = median(column) / madToSigma; usable(scale) && scale > lastDigits*math.Abs(center) {
		return center, scale
	}
	largest := slices.Max(column)
	sum := 0.0
	for _, v := range column {
		if largest > 0 {
			sum += float64((v / largest) * (v / largest))
		}
	}
	if scale = largest * math.Sqrt(sum/float64(len(column))); usable(scale) && scale > lastDigits*math.Abs(center) {
		return center, scale
	}
	return center, 1
}

// usable scales can be divided by, and multiplied with, without leaving the numbers.
func usable(scale float64) bool { return scale > 1e-290 && scale < 1e290 }

// difference a − b that saturates instead of overflowing.
func difference(a, b float64) float64 { return saturate(a - b) }

// saturate keeps a number within the finite ones; what is none becomes 0.
func saturate(v float64) float64 {
	if v != v {
		return 0
	}
	return max(-math.MaxFloat64, min(math.MaxFloat64, v))
}

// median of a slice, which it sorts.
func median(values []float64) float64 {
	slices.Sort(values)
	n := len(values)
	if n%2 == 1 {
		return values[n/2]
	}
	a, b := values[n/2-1], values[n/2]
	return a + (b/2 - a/2)
}

// standardise writes (1, z) to dst and returns max|zⱼ|.
func (b *basis) standardise(dst, x []float64) (far float64) {
	dst[0] = 1
	for j, v := range x[:b.guarded] {
		z := difference(v, b.center[j]) / b.scale[j]
		dst[j+1] = z
		far = max(far, math.Abs(z))
	}
	for j := b.guarded; j < len(x); j++ {
		dst[j+1] = difference(x[j], b.center[j]) / b.scale[j]
	}
	if len(b.dependents) > 0 {
		far = b.depend(dst)
	}
	return far
}

func (b *basis) target(y float64) float64 { return difference(y, b.targetC) / b.targetS }

// raw prediction of a standardised one. Sums that have left the numbers predict the centre.
func (b *basis) raw(p float64) float64 {
	if math.IsNaN(p) {
		return b.targetC
	}
	return saturate(b.targetC + float64(p*b.targetS))
}
