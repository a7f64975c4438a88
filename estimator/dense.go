package estimator

import (
	"math"

	"github.com/streamfit/streamfit/estimator/internal/kernel"
)

// Small symmetric matrices, kept whole (row by row, both halves) so that a row is a slice: m×m with m = features + 1.

// addOuter adds a·xxᵀ to the upper half of A.
func addOuter(A []float64, a float64, x []float64) {
	m := len(x)
	for i, xi := range x {
		addScaled(A[i*m+i:(i+1)*m], float64(a*xi), x[i:])
	}
}

// addScaled is dst ← dst + u·x, in full vectors as far as they are worth the call.
func addScaled(dst []float64, u float64, x []float64) {
	whole := 0
	if len(dst) >= 4*kernel.Lanes {
		whole = len(dst) / kernel.Lanes * kernel.Lanes
		kernel.AddScaled(dst[:whole], u, x)
	}
	x = x[:len(dst)]
	for j := whole; j < len(dst); j++ {
		dst[j] += float64(u * x[j])
	}
}

// mirror copies the upper half to the lower.
func mirror(A []float64, m int) {
	for i := range m {
		for j := range i {
			A[i*m+j] = A[j*m+i]
		}
	}
}

// cholesky overwrites the upper half of A with U, A = UᵀU; false if A is not positive definite in floating point.
func cholesky(A []float64, m int) bool {
	for i := range m {
		row := A[i*m+i : (i+1)*m]
		for k := range i {
			addScaled(row, -A[k*m+i], A[k*m+i:(k+1)*m])
		}
		if !(row[0] > 0) || math.IsInf(row[0], 0) {
			return false
		}
		row[0] = math.Sqrt(row[0])
		for j := range row[1:] {
			row[j+1] /= row[0]
		}
	}
	return true
}

// solveCholesky overwrites b with A⁻¹b.
func solveCholesky(U []float64, m int, b []float64) {
	for i := range m {
		for k := range i {
			b[i] -= float64(U[k*m+i] * b[k])
		}
		b[i] /= U[i*m+i]
	}
	for i := m - 1; i >= 0; i-- {
		for k := i + 1; k < m; k++ {
			b[i] -= float64(U[i*m+k] * b[k])
		}
		b[i] /= U[i*m+i]
	}
}

// invertCholesky writes A⁻¹ to dst.
func invertCholesky(dst, U []float64, m int) {
	column := make([]float64, m)
	for j := range m {
		clear(column)
		column[j] = 1
		solveCholesky(U, m, column)
		for i := range m {
			dst[i*m+j] = column[i]
		}
	}
	for i := range m { // symmetric to the bit
		for j := range i {
			dst[i*m+j] = dst[j*m+i]
		}
	}
}

// invertDefinite gives the inverse of a matrix that is positive definite but for rounding, which is made good on the diagonal.
func invertDefinite(A []float64, m int) []float64 {
	largest := 0.0
	for i := range m {
		largest = max(largest, A[i*m+i])
	}
	out := make([]float64, m*m)
	for jitter := 0.0; jitter < 1; jitter = max(1e-15, jitter*10) {
		U := append([]float64(nil), A...)
		for i := range m {
			U[i*m+i] += float64(jitter * largest)
		}
		if cholesky(U, m) {
			invertCholesky(out, U, m)
			break
		}
	}
	return out
}

// timesVector writes Ax to dst.
func timesVector(dst, A, x []float64) {
	m := len(x)
	for i := range dst {
		dst[i] = dot(A[i*m:(i+1)*m], x)
	}
}

func dot(a, b []float64) float64 {
	b = b[:len(a)]
	sum := 0.0
	for i, v := range a {
		sum += float64(v * b[i])
	}
	return sum
}
