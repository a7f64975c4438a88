package estimator

import (
	"errors"
	"fmt"
	"math"

	"github.com/streamfit/streamfit/loss"
)

const penaltyL2, penaltyNone = "l2", "none"

// validateSGD collects the faults of solver "sgd"'s settings.
func (c Config) validateSGD() (faults []error) {
	add := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if l, err := c.lossOf(); err == nil && c.Delta.Auto && isFinite(kneeOf(l)) {
		add("solver sgd needs a fixed knee for loss %s: set delta to a number in the units of the target (delta: auto is for solver newton)", c.Loss.Name)
	}
	if !math.IsInf(c.HalfLife, 1) {
		add("solver sgd cannot forget: leave half_life at .inf, or use solver newton")
	}
	switch c.SGD.LearningRate {
	case rateConstant, rateInvScaling, rateOptimal:
	default:
		add("sgd.learning_rate %q is not one of constant, invscaling, optimal", c.SGD.LearningRate)
	}
	if c.SGD.LearningRate != rateOptimal && !(c.SGD.Eta0 > 0 && isFinite(c.SGD.Eta0)) {
		add("sgd.eta0 %v is no learning rate above 0", c.SGD.Eta0)
	}
	if !isFinite(c.SGD.PowerT) {
		add("sgd.power_t %v is not a finite number", c.SGD.PowerT)
	}
	if p := c.SGD.Penalty; p != penaltyL2 && p != penaltyNone {
		add("sgd.penalty %q is not one of l2, none", p)
	}
	if !(c.SGD.Alpha >= 0 && isFinite(c.SGD.Alpha)) || c.SGD.LearningRate == rateOptimal && c.SGD.Alpha == 0 {
		add("sgd.alpha %v is no strength of a penalty: 0 or more, and above 0 for learning_rate optimal", c.SGD.Alpha)
	}
	return faults
}

func (s *sgd) learn(t *tile) {
	if t.knee[0] != s.delta { // no one else writes them
		for i := range t.knee {
			t.knee[i] = s.delta
		}
	}
	if s.tile != nil {
		s.learnTile(t)
		return
	}
	for i := range t.n {
		t.prediction[i] = s.predict(t.row(i))
		s.step(t.row(i), t.prediction[i], t.y[i], t.w[i])
	}
}

func (s *sgd) endPass() {}

// kneeOf a loss; +Inf if it has none.
func kneeOf(l loss.Loss) float64 {
	switch l := l.(type) {
	case loss.Huber:
		return l.Delta
	case loss.PseudoHuber:
		return l.Delta
	}
	return math.Inf(1)
}

// report has no intervals: the textbook update has none that could be trusted.
func (s *sgd) report(r *Report) {
	none := math.NaN()
	r.Solver, r.Status, r.Scale, r.Delta = "sgd", StatusOK, none, none
	if isFinite(s.delta) {
		r.Delta = s.delta
	}
	if s.refused > 0 {
		r.Status = StatusDegenerate
	}
	r.Intercept = Coefficient{Value: s.intercept, SE: none, Low: none, High: none}
	for j, w := range s.weights {
		r.Coefficients = append(r.Coefficients, Coefficient{Name: s.features[j], Value: saturate(w * s.decay), SE: none, Low: none, High: none})
	}
}

func (s *sgd) appendState(e *encoder) {
	e.floats(s.weights...)
	e.floats(s.decay, s.intercept, s.t)
	e.word(s.refused)
	if s.tile != nil {
		s.tile.appendState(e)
	}
}

func (s *sgd) restoreState(d *decoder) {
	d.floats(s.weights)
	s.decay, s.intercept, s.t = d.float(), d.float(), d.float()
	s.refused = d.word()
	if !(s.decay >= smallestDecay && s.decay <= 1) || !(s.t >= 1) {
		d.fail("step %v, decay %v", s.t, s.decay)
	}
	if s.tile != nil {
		s.tile.restoreState(d, s.weights)
	}
}

// merge averages the shards' coefficients by their numbers of rows.
func (s *sgd) merge(models []*Linear) error {
	rows := 0.0
	for _, m := range models {
		rows += float64(m.rows.Learned)
	}
	if rows == 0 {
		return nil
	}
	for _, m := range models {
		shard, ok := m.solver.(*sgd)
		if !ok {
			return errors.New("estimator: not all shards are sgd's")
		}
		share := float64(m.rows.Learned) / rows
		for j, w := range shard.weights {
			s.weights[j] = saturate(s.weights[j] + float64(share*float64(w*shard.decay)))
		}
		s.intercept = saturate(s.intercept + float64(share*shard.intercept))
		s.t += shard.t - 1
		s.refused += shard.refused
	}
	if s.tile != nil && s.tile.few != nil {
		s.tile.few.hold(s.weights)
	}
	return nil
}
