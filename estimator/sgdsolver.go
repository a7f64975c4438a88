package estimator

import (
	"errors"
	"fmt"
	"math"

	"github.com/streamfit/streamfit/loss"
)

// The penalties of solver "sgd", as scikit-learn calls them.
const (
	penaltyNone       = "none"
	penaltyL2         = "l2"
	penaltyL1         = "l1"
	penaltyElasticNet = "elasticnet"
)

// validateSGD collects the faults of solver "sgd"'s settings.
func (c Config) validateSGD() (faults []error) {
	add := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if l, err := c.lossOf(); err == nil && c.Delta.Auto && isFinite(kneeOf(l)) {
		add("solver sgd needs a fixed knee for loss %s: set delta to a number in the units of the target (delta: auto is for solver newton)", c.Loss.Name)
	}
	if c.forgets() {
		add("solver sgd cannot forget: leave half_life at .inf, or use solver newton")
	}
	return append(faults, append(c.validateRate(), c.SGD.validatePenalty()...)...)
}

// validateRate collects the faults of the learning rate.
func (c Config) validateRate() (faults []error) {
	add := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	switch c.SGD.LearningRate {
	case rateConstant, rateInvScaling, rateOptimal, rateAdaptive:
	case ratePA1, ratePA2:
		if c.Loss.Name != lossEpsilonInsensitive {
			add("sgd.learning_rate %s needs the loss %s, not %s: its tube defines the passive-aggressive step", c.SGD.LearningRate, lossEpsilonInsensitive, c.Loss.Name)
		}
	default:
		add("sgd.learning_rate %q is not one of constant, invscaling, optimal, adaptive, pa1, pa2", c.SGD.LearningRate)
	}
	if c.SGD.LearningRate != rateOptimal && !(c.SGD.Eta0 > 0 && isFinite(c.SGD.Eta0)) {
		add("sgd.eta0 %v is no learning rate above 0", c.SGD.Eta0)
	}
	if !isFinite(c.SGD.PowerT) {
		add("sgd.power_t %v is not a finite number", c.SGD.PowerT)
	}
	return faults
}

// validatePenalty collects the faults of penalty and averaging.
func (c SGD) validatePenalty() (faults []error) {
	add := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	switch c.Penalty {
	case penaltyNone, penaltyL2, penaltyL1, penaltyElasticNet:
	default:
		add("sgd.penalty %q is not one of l2, l1, elasticnet, none", c.Penalty)
	}
	switch {
	case !(c.Alpha >= 0 && isFinite(c.Alpha)):
		add("sgd.alpha %v is no strength of a penalty: 0 or more", c.Alpha)
	case c.Alpha == 0 && c.LearningRate == rateOptimal:
		add("sgd.alpha 0 has no learning_rate optimal, which is 1/(alpha·(t₀ + t)): a number above 0, even with penalty none")
	}
	if !(c.L1Ratio >= 0 && c.L1Ratio <= 1) {
		add("sgd.l1_ratio %v is no share of the penalty elasticnet that is l1: from 0 (all of it l2) to 1", c.L1Ratio)
	}
	if c.Average < 0 {
		add("sgd.average %d is no row to average from: 0 for no average, 1 to average from the first row on, k from row k on", c.Average)
	}
	return faults
}

// learn by the kernel where there is one for these settings, else row by row.
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
		t.prediction[i] = s.descended(t.row(i))
		s.step(t.row(i), t.prediction[i], t.y[i], t.w[i])
	}
}

// endPass starts anew what a call of partial_fit starts anew: what the penalty l1 is due, and the fold of the averages. t goes on.
func (s *sgd) endPass() {
	if s.truncation != nil {
		s.truncation.restart()
	}
	if s.average != nil {
		s.average.fold()
	}
}

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
	weights, intercept := s.reported()
	r.Intercept = Coefficient{Value: intercept, SE: none, Low: none, High: none}
	for j, w := range weights {
		r.Coefficients = append(r.Coefficients, Coefficient{Name: s.features[j], Value: w, SE: none, Low: none, High: none})
	}
}

// reported weights and intercept: the averages, once there are any.
func (s *sgd) reported() (weights []float64, intercept float64) {
	if s.averages() {
		return s.average.weights, s.average.intercept
	}
	return s.weights, s.intercept
}

func (s *sgd) appendState(e *encoder) {
	e.floats(s.weights...)
	e.floats(s.intercept, s.t)
	e.word(s.refused)
	if s.average != nil {
		s.average.appendState(e)
	}
	if s.truncation != nil {
		s.truncation.appendState(e)
	}
	if s.tile != nil {
		s.tile.appendState(e)
	}
}

func (s *sgd) restoreState(d *decoder) {
	d.floats(s.weights)
	s.intercept, s.t = d.float(), d.float()
	s.refused = d.word()
	if !(s.t >= 1) {
		d.fail("step %v", s.t)
	}
	if s.average != nil {
		s.average.restoreState(d)
	}
	if s.truncation != nil {
		s.truncation.restoreState(d)
	}
	if s.tile != nil {
		s.tile.restoreState(d, s.weights)
	}
}

// merge averages the shards' reported coefficients by their numbers of rows.
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
		weights, intercept := shard.reported()
		for j, w := range weights {
			s.weights[j] = saturate(s.weights[j] + float64(share*w))
		}
		s.intercept = saturate(s.intercept + float64(share*intercept))
		s.t += shard.t - 1
		s.refused += shard.refused
	}
	if s.tile != nil && s.tile.few != nil {
		s.tile.few.hold(s.weights)
	}
	if s.average != nil {
		copy(s.average.weights, s.weights)
		s.average.intercept = s.intercept
	}
	return nil
}
