//go:build !purego

package kernel

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// avx2 is chosen once, at the start of the program.
var avx2 = cpu.X86.HasAVX2

func dot(a, b []float64) float64 {
	if avx2 {
		return dotAVX2(a, b)
	}
	return dotPortable(a, b)
}

func addScaled(dst []float64, u float64, x []float64) {
	if avx2 {
		addScaledAVX2(dst, u, x)
		return
	}
	addScaledPortable(dst, u, x)
}

func standardise(dst, x, centre, perScale []float64) {
	if avx2 {
		standardiseAVX2(dst, x, centre, perScale)
		return
	}
	standardisePortable(dst, x, centre, perScale)
}

func maxAbs(x []float64) float64 {
	if avx2 {
		return maxAbsAVX2(x)
	}
	return maxAbsPortable(x)
}

func squareRoots(x []float64) {
	if avx2 {
		squareRootsAVX2(x)
		return
	}
	squareRootsPortable(x)
}

func finite(x []float64) bool {
	if avx2 {
		return finiteAVX2(x)
	}
	return finitePortable(x)
}

func gains(gain, shrink, divisor, weight []float64, numerator, alpha float64) {
	if avx2 {
		gainsAVX2(gain, shrink, divisor, weight, numerator, alpha)
		return
	}
	gainsPortable(gain, shrink, divisor, weight, numerator, alpha)
}

func progress(s *Progress, prediction, y, knee []float64, keep4 float64) uint64 {
	if avx2 {
		return progressAVX2(&s.Loss, prediction, y, knee, keep4)
	}
	return progressPortable(s, prediction, y, knee, keep4)
}

func survey(s *Survey, x []float64, stride int, raw, weight, prediction []float64) (sides Sides) {
	if !avx2 || len(s.Centre) == 0 {
		return surveyPortable(s, x, stride, raw, weight, prediction)
	}
	sides.Beyond, sides.Inside, sides.Outside, sides.Distant, sides.Infinite = surveyAVX2(&s.Centre, &x[0], stride, raw, weight, prediction)
	return sides
}

func joinPath(p *Path, iterate, step []float64, scale float64, reference, shift []float64, n, perN float64) float64 {
	if avx2 {
		return joinPathAVX2(p.Sum, p.Squares, p.Moments, p.Mean, iterate, step, reference, shift, scale, n, perN)
	}
	return joinPathPortable(p, iterate, step, scale, reference, shift, n, perN)
}

func gather(dst []float64, stride int, columns [][]float64, from, n int) bool {
	rows, wide := n/Lanes*Lanes, len(columns)/Lanes*Lanes
	if !avx2 || rows == 0 || wide == 0 {
		return gatherPortable(dst, stride, columns, from, n)
	}
	within := gatherAVX2(&dst[0], stride, columns[:wide], from, rows)
	if wide < len(columns) {
		within = gatherPortable(dst[wide:], stride, columns[wide:], from, rows) && within
	}
	if rows < n {
		within = gatherPortable(dst[rows*stride:], stride, columns, from+rows, n-rows) && within
	}
	return within
}

func symmetricTimes(dst, p, z []float64) {
	if avx2 {
		symmetricTimesAVX2(dst, p, z)
		return
	}
	symmetricTimesPortable(dst, p, z)
}

func symmetricDowndate(p, q []float64, rows int, factor float64) {
	if avx2 {
		symmetricDowndateAVX2(p, q, rows, factor)
		return
	}
	symmetricDowndatePortable(p, q, rows, factor)
}

func huber(w, x []float64, stride int, y, gain, shrink, bound, prediction []float64, b, learnIntercept float64) float64 {
	rows := huberPortable
	if avx2 {
		switch len(w) / Lanes {
		case 0:
		case 1:
			return huber1AVX2(w, x, stride, y, gain, shrink, bound, prediction, b, learnIntercept)
		case 2:
			return huber2AVX2(w, x, stride, y, gain, shrink, bound, prediction, b, learnIntercept)
		case 3:
			return huber3AVX2(w, x, stride, y, gain, shrink, bound, prediction, b, learnIntercept)
		case 4:
			return huber4AVX2(w, x, stride, y, gain, shrink, bound, prediction, b, learnIntercept)
		default:
			return huberManyAVX2(w, x, stride, y, gain, shrink, bound, prediction, b, learnIntercept)
		}
	}
	return rows(w, x, stride, y, gain, shrink, bound, prediction, b, learnIntercept)
}

func descend(s *Descent, x []float64, stride int, y, gain, shrink, bound, prediction []float64, learnIntercept float64) {
	vectors := len(s.Kept) / Lanes
	if !avx2 || vectors == 0 || len(y) == 0 {
		descendPortable(s, x, stride, y, gain, shrink, bound, prediction, learnIntercept)
		return
	}
	state := [2]float64{s.Scale, s.Intercept}
	switch vectors { // called by name, so that nothing escapes to the heap
	case 1:
		descent1AVX2(&s.Kept[0], &s.Step[0], &x[0], stride, y, gain, shrink, bound, prediction, &state, learnIntercept)
	case 2:
		descent2AVX2(&s.Kept[0], &s.Step[0], &x[0], stride, y, gain, shrink, bound, prediction, &state, learnIntercept)
	case 3:
		descent3AVX2(&s.Kept[0], &s.Step[0], &x[0], stride, y, gain, shrink, bound, prediction, &state, learnIntercept)
	default:
		descent4AVX2(&s.Kept[0], &s.Step[0], &x[0], stride, y, gain, shrink, bound, prediction, &state, learnIntercept)
	}
	s.Scale, s.Intercept = state[0], state[1]
}

func take(s *Steps, z, y, gain, limit []float64) {
	vectors := len(s.Kept) / Lanes
	if !avx2 || vectors == 0 || len(y) == 0 {
		takePortable(s, z, y, gain, limit)
		return
	}
	state := [3]float64{s.KeptIntercept, s.StepIntercept, s.Scale}
	switch vectors {
	case 1:
		steps1AVX2(&s.Kept[0], &s.Step[0], &z[0], y, gain, limit, &state)
	case 2:
		steps2AVX2(&s.Kept[0], &s.Step[0], &z[0], y, gain, limit, &state)
	case 3:
		steps3AVX2(&s.Kept[0], &s.Step[0], &z[0], y, gain, limit, &state)
	default:
		steps4AVX2(&s.Kept[0], &s.Step[0], &z[0], y, gain, limit, &state)
	}
	s.KeptIntercept, s.StepIntercept, s.Scale = state[0], state[1], state[2]
}

func regard(z, x, centre, perScale, beta, p, pz []float64, rows int) (far, product, h float64) {
	vectors := len(beta) / Lanes
	if !avx2 || len(centre) == 0 {
		return regardPortable(z, x, centre, perScale, beta, p, pz, rows)
	}
	switch vectors {
	case 1:
		return regard1AVX2(&z[0], &x[0], centre, perScale, &beta[0], &p[0], &pz[0], rows)
	case 2:
		return regard2AVX2(&z[0], &x[0], centre, perScale, &beta[0], &p[0], &pz[0], rows)
	case 3:
		return regard3AVX2(&z[0], &x[0], centre, perScale, &beta[0], &p[0], &pz[0], rows)
	case 4:
		return regard4AVX2(&z[0], &x[0], centre, perScale, &beta[0], &p[0], &pz[0], rows)
	case 5:
		return regard5AVX2(&z[0], &x[0], centre, perScale, &beta[0], &p[0], &pz[0], rows)
	}
	return regardPortable(z, x, centre, perScale, beta, p, pz, rows)
}

func advance(beta, score, p, pz, z []float64, rows int, gain, scored, root, factor float64) {
	vectors := len(beta) / Lanes
	if !avx2 || vectors == 0 || vectors > FewCoefficients/Lanes {
		advancePortable(beta, score, p, pz, z, rows, gain, scored, root, factor)
		return
	}
	switch vectors {
	case 1:
		advance1AVX2(&beta[0], &score[0], unsafe.SliceData(p), &pz[0], &z[0], rows, gain, scored, root, factor)
	case 2:
		advance2AVX2(&beta[0], &score[0], unsafe.SliceData(p), &pz[0], &z[0], rows, gain, scored, root, factor)
	case 3:
		advance3AVX2(&beta[0], &score[0], unsafe.SliceData(p), &pz[0], &z[0], rows, gain, scored, root, factor)
	case 4:
		advance4AVX2(&beta[0], &score[0], unsafe.SliceData(p), &pz[0], &z[0], rows, gain, scored, root, factor)
	case 5:
		advance5AVX2(&beta[0], &score[0], unsafe.SliceData(p), &pz[0], &z[0], rows, gain, scored, root, factor)
	}
}

func run(models []Run, x []float64, stride int, y, weight, prediction, knee []float64) int {
	if s := &models[0]; avx2 && len(s.Centre) > 0 {
		switch len(s.Beta) / Lanes {
		case 1:
			return run1AVX2(&s.Centre, len(models), &x[0], stride, y, weight, prediction, knee)
		case 2:
			return run2AVX2(&s.Centre, len(models), &x[0], stride, y, weight, prediction, knee)
		case 3:
			return run3AVX2(&s.Centre, len(models), &x[0], stride, y, weight, prediction, knee)
		case 4:
			return run4AVX2(&s.Centre, len(models), &x[0], stride, y, weight, prediction, knee)
		case 5:
			return run5AVX2(&s.Centre, len(models), &x[0], stride, y, weight, prediction, knee)
		}
	}
	return runPortable(models, x, stride, y, weight, prediction, knee)
}

func watch(w *Watch, n int) {
	if avx2 {
		watchAVX2(&w.U[0], n)
		return
	}
	watchPortable(w, n)
}

func addScoresOf(sum, squares, x []float64, stride int, centre, perScale, e []float64, clip float64) {
	if avx2 {
		addScoresOfAVX2(sum, squares, &x[0], stride, centre, perScale, e, clip)
		return
	}
	addScoresOfPortable(sum, squares, x, stride, centre, perScale, e, clip)
}

func endBlock(s *Evidence, drag, drag2, n float64) (most, most2 float64) {
	width := len(s.Sum)
	if !avx2 || width == 0 {
		return endBlockPortable(s, drag, drag2, n)
	}
	return endBlockAVX2(&s.Sum[0], &s.Squares[:width][0], &s.Mean[:width][0], &s.Recent[:width][0], &s.Up[:width][0], &s.Down[:width][0], &s.Up2[:width][0], &s.Down2[:width][0],
		width, drag, drag2, n)
}
