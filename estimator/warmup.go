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
func (s *newton) information(f *robustFit, delta float64) {
	m := f.m
	clear(s.meat)
	clear(s.score)
	s.inBlock, s.block = 0, shortBlock(float64(len(f.residual)), s.fading())
	hessian := make([]float64, m*m)
	n := len(f.residual)
	length := max(1, min(shortestBlock, n/16))
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
	awake := m - s.fit.sleeping()
	if k := float64((n + length - 1) / length); k > 1 && n > awake {
		correction := k / (k - 1) * float64(n) / float64(n-awake)
		for i, v := range s.meat {
			s.meat[i] = saturate(v * correction)
		}
	}
	for j := range m {
		hessian[j*m+j] += f.ridgeAt(j)
	}
	if !cholesky(hessian, m) {
		clear(s.p)
		for j := range m {
			s.row(j)[j] = 1 / ridge
		}
		return
	}
	p := make([]float64, m*m)
	invertCholesky(p, hessian, m)
	s.setDense(p)
}
