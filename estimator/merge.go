package estimator

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Merge of shards with equal Configs into one model for reports and predictions. For newton
//
//	H = Σ Hᵢ,  β = H⁻¹ Σ Hᵢβᵢ,  M = Σ Mᵢ
//
// in the basis of the shard that has learned most, with Hᵢ = Pᵢ⁻¹: asymptotically as good as one pass over all rows. sgd's weights are averaged by
// their numbers of rows. Counts and losses add up. The shards are not changed.
func Merge(models ...*Linear) (*Linear, error) {
	if len(models) == 0 {
		return nil, errors.New("estimator: nothing to merge")
	}
	models = speaking(models)
	most := models[0]
	for _, m := range models {
		if !m.cfg.Equal(models[0].cfg) {
			return nil, errors.New("estimator: models of different configurations cannot be merged")
		}
		if m.rows.Learned > most.rows.Learned {
			most = m
		}
	}
	out, err := New(most.cfg)
	if err != nil {
		return nil, err
	}
	for _, m := range models {
		out.rows.add(m.rows)
		out.began += m.began
		out.metrics.merge(&m.metrics)
	}
	out.drift = mergedDrift(models)
	out.metrics.interval, out.passes, out.horizon = most.metrics.interval, most.passes, models[0].horizon
	switch into := out.solver.(type) {
	case *newton:
		err = into.merge(most.solver.(*newton), models)
	case interface{ merge([]*Linear) error }:
		err = into.merge(models)
	default:
		err = fmt.Errorf("estimator: solver %s cannot be merged", most.cfg.Solver)
	}
	return out, err
}

// speaking models: those that have begun anew after an alarm, and have not yet rows enough, are spoken for by what they were before.
func speaking(models []*Linear) []*Linear {
	out := make([]*Linear, len(models))
	for i, m := range models {
		if out[i] = m; m.before != nil {
			was := *m
			was.solver = m.before
			out[i] = &was
		}
	}
	return out
}

// mergedDrift has the alarms of all shards, and is otherwise that of the shard whose last alarm is the most recent: shards are watched each by itself.
func mergedDrift(models []*Linear) *detector {
	var newest *Linear
	var counts [alarmKinds]uint64
	for _, m := range models {
		if m.drift == nil {
			return nil
		}
		for kind, n := range m.drift.counts {
			counts[kind] += n
		}
		if newest == nil || m.drift.alarm.Row > 0 && (newest.drift.alarm.Row == 0 || m.drift.age() < newest.drift.age()) {
			newest = m
		}
	}
	out := newest.drift.copy(newest.cfg.columns())
	out.counts = counts
	return out
}

func (r *Rows) add(o Rows) {
	r.Learned += o.Learned
	r.Outliers += o.Outliers
	r.Guarded += o.Guarded
	for i, n := range o.Skipped {
		r.Skipped[i] += n
	}
}

// merge the shards in the basis of one of them.
func (s *newton) merge(most *newton, models []*Linear) error {
	base := most.current()
	s.rows, s.fit = nil, base.fit
	s.fit.dependents = slices.Clone(s.fit.dependents)
	m := len(s.beta)
	information, rhs := make([]float64, m*m), make([]float64, m)
	weights, scales := 0.0, 0.0
	s.age.join(models)
	for _, model := range models {
		shard := model.solver.(*newton)
		if model.rows.Learned == 0 {
			continue
		}
		h, beta, meat := shard.current().inBasis(&s.fit)
		keep := s.age.leaves(shard.current().age)
		for i, v := range h {
			information[i] += float64(keep * v)
			s.meat[i] += float64(keep * keep * meat[i])
		}
		part := make([]float64, m)
		timesVector(part, h, beta)
		for i, v := range part {
			rhs[i] += float64(keep * v)
		}
		n := float64(model.rows.Learned)
		weights += n
		scales += n * math.Log(shard.current().sigma*shard.current().fit.targetS)
		s.t += shard.t
		s.when.merge(shard.when)
		s.guard.away.merge(&shard.current().guard.away)
	}
	if weights == 0 {
		return nil
	}
	s.sigma = max(math.Exp(scales/weights)/s.fit.targetS, smallestSigma)
	s.setDense(invertDefinite(information, m))
	for i := range s.fit.dependents { // in another shard it may vary
		d := &s.fit.dependents[i]
		d.asleep = d.asleep && !(s.variance(d.column+1)*leastInformation < 1)
	}
	timesVector(s.beta, s.dense(), rhs)
	s.prepare()
	for j, v := range s.beta {
		if !isFinite(v) {
			s.beta[j] = base.beta[j] // information beyond the range of numbers: the largest shard speaks for all
		}
	}
	return nil
}

// inBasis gives a shard's information, coefficients and score covariance in another basis. With z = Az′ and z′ = Bz, where A and B = A⁻¹ are the affine
// changes of basis, β′ = Aᵀβ, H′ = Σz′z′ᵀ = BHBᵀ and M′ = BMBᵀ, up to the target's own centre and scale.
func (s *newton) inBasis(to *basis) (h, beta, meat []float64) {
	m := len(s.beta)
	h = invertDefinite(s.dense(), m)
	a := s.fit.to(to)
	meat = append([]float64(nil), s.meat...)
	addOuter(meat, 1, s.score)
	mirror(meat, m)
	unit := s.fit.targetS / to.targetS
	beta = make([]float64, m)
	for i := range m {
		for k := range m {
			beta[i] += float64(a[k*m+i] * s.beta[k])
		}
		beta[i] *= unit
	}
	beta[0] += (s.fit.targetC - to.targetC) / to.targetS
	b := to.to(&s.fit)
	h, meat = congruence(b, h, m), congruence(b, meat, m)
	for i := range meat {
		meat[i] *= unit * unit
	}
	return h, beta, meat
}

// to gives A with z = Az′: zⱼ = (cⱼ′ − cⱼ)/sⱼ + (sⱼ′/sⱼ)zⱼ′.
func (b *basis) to(o *basis) []float64 {
	m := len(b.center) + 1
	a := make([]float64, m*m)
	a[0] = 1
	for j := range b.center {
		a[(j+1)*m] = difference(o.center[j], b.center[j]) / b.scale[j]
		a[(j+1)*m+j+1] = o.scale[j] / b.scale[j]
	}
	b.onRows(a)
	o.onColumns(a)
	return a
}

// onRows replaces columns by what is left of them, z′ = Tz: it makes A to TA.
func (b *basis) onRows(a []float64) {
	m := len(b.center) + 1
	for i := range b.dependents {
		d := &b.dependents[i]
		row := a[(d.column+1)*m : (d.column+2)*m]
		for k, on := range d.on[:d.column+1] {
			for l, v := range a[k*m : (k+1)*m] {
				row[l] -= float64(on * v)
			}
		}
		for l := range row {
			row[l] *= d.gain
		}
	}
}

// onColumns makes A to AT⁻¹: zⱼ = z′ⱼ/gain + Σ onₖz′ₖ.
func (b *basis) onColumns(a []float64) {
	m := len(b.center) + 1
	for i := range b.dependents {
		d := &b.dependents[i]
		j := d.column + 1
		for l := range m {
			for k, on := range d.on[:j] {
				a[l*m+k] += float64(a[l*m+j] * on)
			}
			a[l*m+j] /= d.gain
		}
	}
}

// congruence BXBᵀ.
func congruence(b, x []float64, m int) []float64 {
	half, out := make([]float64, m*m), make([]float64, m*m)
	multiply(half, b, x, m)
	for i := range m {
		for j := range m {
			sum := 0.0
			for k := range m {
				sum += float64(half[i*m+k] * b[j*m+k])
			}
			out[i*m+j] = sum
		}
	}
	return out
}
