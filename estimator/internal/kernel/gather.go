package kernel

// Gather writes rows from, …, from+n−1 of the columns to dst, row by row, each padded with zeros to stride, and tells whether all of them are finite.
func Gather(dst []float64, stride int, columns [][]float64, from, n int) (finite bool) {
	for _, column := range columns {
		_ = column[from : from+n]
	}
	if n == 0 {
		return true
	}
	finite = true
	for done := 0; done < n; done += rowsAtOnce {
		rows := min(rowsAtOnce, n-done)
		finite = gather(dst[done*stride:(done+rows)*stride], stride, columns, from+done, rows) && finite
	}
	return finite
}

// rowsAtOnce of eight columns, and of the eight that are asked for ahead, fit into the first cache.
const rowsAtOnce = 128

func gatherPortable(dst []float64, stride int, columns [][]float64, from, n int) (finite bool) {
	sum := 0.0
	for j, column := range columns {
		at := j
		for _, v := range column[from : from+n] {
			dst[at] = v
			sum += v - v // 0, or NaN
			at += stride
		}
	}
	return sum == 0
}
