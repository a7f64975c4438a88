package kernel

import "math"

// Largest magnitude of a value that is learned from.
const Largest = 1e60

// Gather writes rows from, …, from+n−1 of the columns to dst, row by row, each padded with zeros to stride, and tells whether the magnitudes of all of
// them are numbers up to Largest.
func Gather(dst []float64, stride int, columns [][]float64, from, n int) (within bool) {
	for _, column := range columns {
		_ = column[from : from+n]
	}
	if n == 0 {
		return true
	}
	within = true
	for done := 0; done < n; done += rowsAtOnce {
		rows := min(rowsAtOnce, n-done)
		within = gather(dst[done*stride:(done+rows)*stride], stride, columns, from+done, rows) && within
	}
	return within
}

// Within tells whether the magnitudes of all values are numbers up to Largest, of any number of them.
func Within(values []float64) bool {
	whole := len(values) / Lanes * Lanes
	return finite(values[:whole]) && maxAbs(values[:whole]) <= Largest && withinPortable(values[whole:])
}

func withinPortable(values []float64) bool {
	for _, v := range values {
		if !(math.Abs(v) <= Largest) {
			return false
		}
	}
	return true
}

// rowsAtOnce of eight columns, and of the eight that are asked for ahead, fit into the first cache.
const rowsAtOnce = 128

func gatherPortable(dst []float64, stride int, columns [][]float64, from, n int) (within bool) {
	within = true
	for j, column := range columns {
		at := j
		for _, v := range column[from : from+n] {
			dst[at] = v
			within = within && math.Abs(v) <= Largest
			at += stride
		}
	}
	return within
}
