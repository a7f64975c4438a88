package estimator

import "math"

// Why P stays positive definite, over any number of rows.
//
// A downdate rounds every element by half a unit ε of its last place, and both halves of P alike. Such an error is forgotten faster than P itself shrinks: with
// Φ = ∏(I − Kzᵀ) = PₙPₖ⁻¹ it becomes ΦEΦᵀ, so relative to Pₙ ~ 1/n an error of row k is ε·k/n. All of them together are ε·n/2 if they all have one sign, 1e-7
// after 10⁹ rows, and ε·√(n/3) if they are random, 4e-12: to be held against the smallest eigenvalue of P as a correlation matrix, which after the warm-up is
// above 1e-4 as columns that are closer are replaced by what is left of them (see the type dependent). Four things remain:
//
//   - one row may sharpen a coefficient so much that rounding makes its variance 0 or less: the diagonal falls by 2⁻⁵² of itself in a row at most;
//   - with forgetting, P grows as λ⁻ⁿ in directions that no row shows: keepRidge bounds it;
//   - with forgetting, a column whose rows wander away from the centre of the warm-up, to m ± s, becomes a multiple of the intercept: the smallest eigenvalue
//     falls as (s/m)²/2, as that of the exact P does;
//   - a stream whose columns become collinear after the warm-up, and wide forgetting: mend looks every 65,536 rows.
//
// TestLongRun holds P against the inverse of the sums that it stands for.

// sharpest is how much one row may sharpen a coefficient: what goes beyond is rounding, and could make a variance negative.
const sharpest = 0x1p-52

// mendedRows between two looks at P.
const mendedRows = 1 << 16

// mend P if it is no longer positive definite: its correlations shrink by as little as makes it so.
func (s *newton) mend() {
	m := len(s.beta)
	for shrink := 0.0; shrink < 1; shrink = max(1e-14, 10*shrink) {
		u := s.dense()
		for i := range m {
			for j := range m {
				if i != j {
					u[i*m+j] -= float64(shrink * u[i*m+j])
				}
			}
		}
		if cholesky(append([]float64(nil), u...), m) {
			s.setDense(u)
			return
		}
	}
}

// shortMemory is a λ with which P grows so fast that the ridge has to be kept row by row.
const shortMemory = 0.9

// keepRidge gives back to the information what of the ridge was forgotten, with λᴸ = exp(−faded) left, where little else is left:
//
//	H ← H + (1 − λᴸ)·10⁻⁶·eⱼeⱼᵀ,   P ← P − Peⱼ(Peⱼ)ᵀ/(1/ρ + Pⱼⱼ)
//
// for every coefficient whose information has fallen below a hundred ridges. Of a direction that the rows no longer show, P would otherwise grow as λ⁻ⁿ
// (covariance wind-up), until its rounding drowns all the others, and the first row that shows it again would be believed blindly.
func (s *newton) keepRidge(faded float64) {
	forgotten := -math.Expm1(-faded) * ridge
	for j := range s.beta {
		variance := s.variance(j)
		if !(variance*leastInformation > 1) {
			continue
		}
		copy(s.pz, s.row(j))
		s.downdate(1/(1/forgotten+variance), 1)
	}
}
