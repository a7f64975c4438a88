package estimator

// weight v(x) = min(1, cap/max|zⱼ|)² of a row that is so far out: Mallows' form, which keeps the score's expectation at zero.
func (l Leverage) weight(far float64) float64 {
	if l.Off || far <= l.Cap {
		return 1
	}
	q := l.Cap / far
	return float64(q * q)
}
