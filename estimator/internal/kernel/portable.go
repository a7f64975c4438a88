package kernel

func gather(dst []float64, stride int, columns [][]float64, from, n int) bool {
	return gatherPortable(dst, stride, columns, from, n)
}
