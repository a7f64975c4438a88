package kernel

import "math"

// Dot is Σᵢ aᵢbᵢ. Product i is added to sum i mod 16, all of which start at 0; they are added up as [sumOfLanes] says.
func Dot(a, b []float64) float64 { return dot(a, b[:len(a)]) }

// AddScaled is dstᵢ ← dstᵢ + u·xᵢ.
func AddScaled(dst []float64, u float64, x []float64) { addScaled(dst, u, x[:len(dst)]) }

// Standardise writes (xᵢ − centreᵢ)·perScaleᵢ to dst.
func Standardise(dst, x, centre, perScale []float64) {
	standardise(dst, x[:len(dst)], centre[:len(dst)], perScale[:len(dst)])
}

// MaxAbs is the largest |xᵢ|, of numbers that are finite; 0 for none.
func MaxAbs(x []float64) float64 { return maxAbs(x) }

// Sqrt of each value in place; any number of them.
func Sqrt(x []float64) {
	whole := len(x) / Lanes * Lanes
	squareRoots(x[:whole])
	squareRootsPortable(x[whole:])
}

// Finite tells whether no value is NaN or infinite, of any number of them.
func Finite(values []float64) bool {
	whole := len(values) / Lanes * Lanes
	return finite(values[:whole]) && finitePortable(values[whole:])
}

const sums = 4 * Lanes

func dotPortable(a, b []float64) float64 {
	var s [sums]float64
	addProducts((*[sums / 2]float64)(s[:sums/2]), a, b)
	if len(a) > sums/2 {
		addProducts((*[sums / 2]float64)(s[sums/2:]), a[sums/2:], b[sums/2:])
	}
	return sumOfLanes(&s)
}

// addProducts of the first 8 of every 16 elements: sums that fit into registers.
func addProducts(s *[sums / 2]float64, a, b []float64) {
	s0, s1, s2, s3, s4, s5, s6, s7 := s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]
	for len(a) >= sums/2 {
		x, y := (*[sums / 2]float64)(a), (*[sums / 2]float64)(b)
		s0 += float64(x[0] * y[0])
		s1 += float64(x[1] * y[1])
		s2 += float64(x[2] * y[2])
		s3 += float64(x[3] * y[3])
		s4 += float64(x[4] * y[4])
		s5 += float64(x[5] * y[5])
		s6 += float64(x[6] * y[6])
		s7 += float64(x[7] * y[7])
		step := min(len(a), sums)
		a, b = a[step:], b[step:]
	}
	if len(a) >= Lanes {
		x, y := (*[Lanes]float64)(a), (*[Lanes]float64)(b)
		s0 += float64(x[0] * y[0])
		s1 += float64(x[1] * y[1])
		s2 += float64(x[2] * y[2])
		s3 += float64(x[3] * y[3])
	}
	*s = [sums / 2]float64{s0, s1, s2, s3, s4, s5, s6, s7}
}

// sumOfLanes adds four vectors of four lanes: lᵢ = (s₀ᵢ + s₁ᵢ) + (s₂ᵢ + s₃ᵢ), and of these (l₀ + l₂) + (l₁ + l₃).
func sumOfLanes(s *[sums]float64) float64 {
	var l [Lanes]float64
	for i := range l {
		l[i] = (s[i] + s[Lanes+i]) + (s[2*Lanes+i] + s[3*Lanes+i])
	}
	return (l[0] + l[2]) + (l[1] + l[3])
}

func addScaledPortable(dst []float64, u float64, x []float64) {
	for i, v := range x {
		dst[i] += float64(u * v)
	}
}

func standardisePortable(dst, x, centre, perScale []float64) {
	for i, v := range x {
		dst[i] = (v - centre[i]) * perScale[i]
	}
}

func maxAbsPortable(x []float64) float64 {
	largest := 0.0
	for _, v := range x {
		largest = max(largest, math.Abs(v))
	}
	return largest
}

func squareRootsPortable(x []float64) {
	for i, v := range x {
		x[i] = math.Sqrt(v)
	}
}

func finitePortable(x []float64) bool {
	sum := 0.0
	for _, v := range x {
		sum += v - v // 0, or NaN
	}
	return sum == 0
}
