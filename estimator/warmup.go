package estimator

import "math"

// warm keeps a row and refits at 1, 2, 4, … rows. With the last refit the rows are let go.
func (s *newton) warm(x []float64, y, w float64) {
	if !s.reads {
		s.rows.add(x, y, w)
		if s.age != nil {
			s.rows.time = append(s.rows.time, s.age.time)
		}
	}
	s.t++
	n := s.rows.n()
	if n&(n-1) != 0 {
		return
	}
	s.refit()
	if n == s.warmUp {
		s.rows = nil
	}
}

const (
	refitTolerance  = 1e-9
	refitIterations = 200
)

// refit the rows kept: the batch Huber M-estimate, with P and M as the online steps would have left them.
func (s *newton) refit() {
	lambda := s.lambda // of each row
	if s.age != nil {
		lambda = 1 // the rows have their weights
	}
	s.fit.fit(s.rows)
	s.fit.findDependents(s.rows)
	s.guardTime(true)
	f := newRobustFit(s.age.weigh(s.rows), &s.fit, s.guard.Leverage, lambda)
	s.guardTime(false)
	knee := s.delta
	if s.squared {
		knee = Knee{Value: math.MaxFloat64}
	}
	f.run(knee, s.fit.targetS, refitTolerance, refitIterations)
	copy(s.beta, f.beta)
	s.sigma, s.guard = f.sigma, f.guard
	s.information(f, f.delta(knee, s.fit.targetS))
	s.prepare()
	if s.when != nil {
		s.when.measure(f, lambda)
	}
}

// information P = (Σ a·1{|r| ≤ δ} zzᵀ + 1e-6 I)⁻¹ and M from the blocks of scores. All scores add up to zero, and a single block of them would say that
// nothing is uncertain: of fewer than 1,024 rows the blocks are so short that there are 16, if there are so many rows, and M is multiplied by
// k/(k−1) · n/(n−m) for k blocks of n rows and m coefficients that they identify, as for clusters of rows (MacKinnon, Nielsen & Webb, J. Econometrics 232 (2023)).
// Rows that count what their ages leave of them are fewer: see [robustFit.correction].
func (s *newton) information(f *robustFit, delta float64) {
	m := f.m
	clear(s.meat)
	clear(s.score)
	s.inBlock, s.block = 0, shortBlock(float64(len(f.residual)), s.fading())
	hessian := make([]float64, m*m)
	n := len(f.residual)
	s.counted = f.counts()
	length := max(1, min(shortestBlock, int(s.counted/16)))
	for i, r := range f.residual {
		copy(s.z, f.row(i))
		if math.Abs(r) <= delta {
			addOuter(hessian, f.prior[i], s.z)
		}
		s.addScore(f.prior[i] * max(-delta, min(delta, r)))
		if (i+1)%length == 0 || i+1 == n {
			s.square()
		}
	}
	correction := f.correction(length, m-s.fit.sleeping())
	for i, v := range s.meat {
		s.meat[i] = saturate(v * correction)
	}
	for j := range m {
		hessian[j*m+j] += f.ridgeAt(j)
	}
	if !cholesky(hessian, m) {
		s.knowNothing()
		return
	}
	p := make([]float64, m*m)
	invertCholesky(p, hessian, m)
	s.setDense(p)
}

// counts is the number of the rows: Kish's effective number (Σl)²/Σl², with what their ages leave of them, l.
func (f *robustFit) counts() float64 {
	if f.left == nil {
		return float64(len(f.residual))
	}
	sum, squares, _ := f.leftOf(0, len(f.residual))
	return sum * sum / squares
}

// leftOf rows: Σl, Σl² and Σl³.
func (f *robustFit) leftOf(from, to int) (sum, squares, cubes float64) {
	for _, l := range f.left[from:to] {
		sum += l
		squares += float64(l * l)
		cubes += float64(l * l * l)
	}
	return sum, squares, cubes
}

// correction of M for the mean that is subtracted from the scores, and for the m coefficients that were fitted. With the shares p of Σl and q of Σl² that a block has,
// the squares of all blocks are expected to be 1 − 2Σpq + Σp² of what they would be about the true mean: (k−1)/k for k blocks that count alike. A coefficient takes
// 2Σl³/(Σl Σl²) − Σl²/(Σl)² of Σl²r²: a row of n that count alike.
func (f *robustFit) correction(length, m int) float64 {
	n := len(f.residual)
	if n <= length || n <= m {
		return 1
	}
	if f.left == nil {
		k := float64((n + length - 1) / length)
		return k / (k - 1) * float64(n) / float64(n-m)
	}
	all, allSquares, allCubes := f.leftOf(0, n)
	remains := 1.0
	for from := 0; from < n; from += length {
		sum, squares, _ := f.leftOf(from, min(n, from+length))
		p, q := sum/all, squares/allSquares
		remains += float64(p*p) - float64(2*p*q)
	}
	taken := 2*allCubes/(all*allSquares) - allSquares/(all*all)
	return 1 / max(leastRemains, 1-float64(float64(m)*taken)) / max(leastRemains, remains)
}

const leastRemains = 0.1
