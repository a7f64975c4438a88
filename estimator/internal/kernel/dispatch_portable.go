//go:build !amd64 || purego

package kernel

func dot(a, b []float64) float64 { return dotPortable(a, b) }

func addScaled(dst []float64, u float64, x []float64) { addScaledPortable(dst, u, x) }

func standardise(dst, x, centre, perScale []float64) { standardisePortable(dst, x, centre, perScale) }

func maxAbs(x []float64) float64 { return maxAbsPortable(x) }

func squareRoots(x []float64) { squareRootsPortable(x) }

func finite(x []float64) bool { return finitePortable(x) }

func gains(gain, shrink, divisor, weight []float64, numerator, alpha float64) {
	gainsPortable(gain, shrink, divisor, weight, numerator, alpha)
}

func progress(s *Progress, prediction, y, knee []float64, keep4 float64) uint64 {
	return progressPortable(s, prediction, y, knee, keep4)
}

func survey(s *Survey, x []float64, stride int, raw, weight, prediction []float64) Sides {
	return surveyPortable(s, x, stride, raw, weight, prediction)
}

func joinPath(p *Path, iterate, step []float64, scale float64, reference, shift []float64, n, perN float64) float64 {
	return joinPathPortable(p, iterate, step, scale, reference, shift, n, perN)
}

func gather(dst []float64, stride int, columns [][]float64, from, n int) bool {
	return gatherPortable(dst, stride, columns, from, n)
}

func symmetricTimes(dst, p, z []float64) { symmetricTimesPortable(dst, p, z) }

func symmetricDowndate(p, q []float64, rows int, factor float64) {
	symmetricDowndatePortable(p, q, rows, factor)
}

func huber(w, x []float64, stride int, y, gain, shrink, bound, prediction []float64, b, learnIntercept float64) float64 {
	return huberPortable(w, x, stride, y, gain, shrink, bound, prediction, b, learnIntercept)
}

func descend(s *Descent, x []float64, stride int, y, gain, shrink, bound, prediction []float64, learnIntercept float64) {
	descendPortable(s, x, stride, y, gain, shrink, bound, prediction, learnIntercept)
}

func take(s *Steps, z, y, gain, limit []float64) { takePortable(s, z, y, gain, limit) }

func regard(z, x, centre, perScale, beta, p, pz []float64, rows int) (far, product, h float64) {
	return regardPortable(z, x, centre, perScale, beta, p, pz, rows)
}

func advance(beta, score, p, pz, z []float64, rows int, gain, scored, root, factor float64) {
	advancePortable(beta, score, p, pz, z, rows, gain, scored, root, factor)
}

func run(models []Run, x []float64, stride int, y, weight, prediction, knee []float64) int {
	return runPortable(models, x, stride, y, weight, prediction, knee)
}

func watch(w *Watch, n int) { watchPortable(w, n) }

func addScoresOf(sum, squares, x []float64, stride int, centre, perScale, e []float64, clip float64) {
	addScoresOfPortable(sum, squares, x, stride, centre, perScale, e, clip)
}

func endBlock(s *Evidence, drag, drag2, n float64) (most, most2 float64) {
	return endBlockPortable(s, drag, drag2, n)
}
