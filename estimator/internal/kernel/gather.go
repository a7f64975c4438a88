package kernel

// Gather writes rows from, …, from+n−1 of the columns to dst, row by row, each padded with zeros to stride, and tells whether all of them are finite.
func Gather(dst []float64, stride int, columns [][]float64, from, n int) (finite bool) {
	return gather(dst, stride, columns, from, n)
}

// Finite tells whether no value is NaN or infinite.
func Finite(values []float64) bool {
	sum := 0.0
	for _, v := range values {
		sum += v - v // 0, or NaN
	}
	return sum == 0
}

func gatherPortable(dst []float64, stride int, columns [][]float64, from, n int) (finite bool) {
	sum := 0.0
	for j, column := range columns {
		at := j
		for _, v := range column[from : from+n] {
			dst[at] = v
			sum += v - v
			at += stride
		}
	}
	return sum == 0
}
