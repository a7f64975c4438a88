package estimator

import "math"

// gramSchmidt orthogonalises the columns of the warm-up's rows, in their order, to find those that depend on the ones before.
type gramSchmidt struct {
	m        int
	q        [][]float64 // orthonormal columns; nil for one that sleeps
	r        []float64   // z′ⱼ = Σᵢ rᵢⱼqᵢ
	z        []float64   // the rows, and
	weight   []float64   // what draws those near that are far out, so that one of them hides nothing
	together float64     // √Σ weight²
}

func newGramSchmidt(b *basis, rows *warmRows) *gramSchmidt {
	n, m := rows.n(), rows.d+1
	g := &gramSchmidt{m: m, q: make([][]float64, m), r: make([]float64, m*m), z: make([]float64, n*m), weight: make([]float64, n)}
	for i := range n {
		if far := b.standardise(g.z[i*m:(i+1)*m], rows.x[i*rows.d:(i+1)*rows.d]); far < farthest {
			g.weight[i] = nearest / max(nearest, far)
		} else {
			clear(g.z[i*m : (i+1)*m])
		}
	}
	g.together = math.Sqrt(dot(g.weight, g.weight))
	return g
}

// findDependents among the columns of rows.
func (b *basis) findDependents(rows *warmRows) {
	b.dependents = nil
	g := newGramSchmidt(b, rows)
	for j := range g.m {
		w := g.column(j)
		g.project(w, j)
		norm, gain := math.Sqrt(dot(w, w)), 1.0
		if rms := norm / g.together; j > 0 && !(rms >= dependsBelow) {
			d := dependent{column: j - 1, on: g.solve(j), gain: 1}
			if d.asleep = !(rms > sleepsBelow+lastDigits*math.Abs(b.center[j-1]/b.scale[j-1])); !d.asleep && j-1 != b.time {
				d.gain = 1 / rms
			}
			b.dependents = append(b.dependents, d)
			for k := range j {
				g.r[k*g.m+j] = 0
			}
			if d.asleep {
				continue
			}
			gain = d.gain
		}
		if norm > 0 {
			g.r[j*g.m+j], g.q[j] = norm*gain, w
			for i := range w {
				w[i] /= norm
			}
		}
	}
}

func (g *gramSchmidt) column(j int) []float64 {
	w := make([]float64, len(g.weight))
	for i, v := range g.weight {
		w[i] = v * g.z[i*g.m+j]
	}
	return w
}

// project out the columns before j, twice: once leaves their rounding.
func (g *gramSchmidt) project(w []float64, j int) {
	for range 2 {
		for k, q := range g.q[:j] {
			if q == nil {
				continue
			}
			c := dot(q, w)
			g.r[k*g.m+j] += c
			for i, v := range q {
				w[i] -= float64(c * v)
			}
		}
	}
}

// solve for what column j is of those before it.
func (g *gramSchmidt) solve(j int) []float64 {
	on := make([]float64, g.m)
	for i := j - 1; i >= 0; i-- {
		if g.q[i] == nil {
			continue
		}
		v := g.r[i*g.m+j]
		for k := i + 1; k < j; k++ {
			v -= float64(g.r[i*g.m+k] * on[k])
		}
		if v /= g.r[i*g.m+i]; math.Abs(v) > 1e-9 && isFinite(v) {
			on[i] = v
		}
	}
	return on
}
