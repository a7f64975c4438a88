package estimator

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/streamfit/streamfit/loss"
)

const (
	lossHuber       = "huber"
	lossHalfSquared = "half-squared"
	lossSquared     = "mse"

	lossEpsilonInsensitive = "epsilon-insensitive"
)

// The solvers, and the most features that auto gives to newton, whose rows cost the square of their number.
const (
	solverAuto   = "auto"
	solverNewton = "newton"
	solverASGD   = "asgd"
	solverSGD    = "sgd"

	solverTracking = "tracking"

	newtonFeatures = 64
)

// The rows that a warm-up may take: fewer give no scale, more are refitted for longer than a stream likes to wait.
const (
	shortestWarmUp = 16
	longestWarmUp  = 1 << 16
)

// shortestHalfLife in seconds: below, float64 cannot tell the times of this century apart.
const shortestHalfLife = 1e-6

// solver that fits: auto is newton, or asgd for many features if nothing is to be forgotten.
func (c Config) solver() string {
	switch {
	case c.Solver != solverAuto:
		return c.Solver
	case len(c.Features) <= newtonFeatures || c.Trend.given() || c.forgets():
		return solverNewton
	default:
		return solverASGD
	}
}

// Validate collects all faults of the configuration.
func (c Config) Validate() error {
	var faults []error
	add := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	seen := map[string]bool{}
	for _, name := range c.Features {
		if seen[name] {
			add("feature %q is named twice", name)
		}
		seen[name] = true
	}
	if _, err := c.lossOf(); err != nil {
		add("%w", err)
	}
	if c.Loss.Name == lossHuber && !c.Delta.Auto && (!(c.Delta.Value > 0) || math.IsInf(c.Delta.Value, 0)) {
		add("delta %v is no knee: it is auto, or a number above 0 in the units of the target", c.Delta.Value)
	}
	if !(c.HalfLife > 0) {
		add("half-life %v is no number of rows above 0", c.HalfLife)
	}
	if t := float64(c.HalfLifeTime); !(t >= 0) || t > largest || t > 0 && t < shortestHalfLife {
		add("half-life %s is no length of time of a microsecond or more", c.HalfLifeTime)
	}
	if c.HalfLifeTime != 0 && !math.IsInf(c.HalfLife, 1) {
		add("half-life is both %v rows and %s; want one of them", c.HalfLife, c.HalfLifeTime)
	}
	faults = append(faults, c.validateTrend()...)
	if c.OnDrift != DriftAdapt && c.OnDrift != DriftAlarm && c.OnDrift != DriftIgnore {
		add("on-drift %q is not %s, %s or %s", c.OnDrift, DriftAdapt, DriftAlarm, DriftIgnore)
	}
	switch c.solver() {
	case solverNewton, solverASGD, solverTracking:
		faults = append(faults, c.validateRobust()...)
	case solverSGD:
		faults = append(faults, c.validateSGD()...)
	default:
		add("solver %q is not one of auto, newton, asgd, sgd, tracking", c.Solver)
	}
	return errors.Join(faults...)
}

// validateRobust collects the faults of what newton and asgd have in common, and of asgd.
func (c Config) validateRobust() (faults []error) {
	if names := []string{lossHuber, lossHalfSquared, lossSquared}; !slices.Contains(names, c.Loss.Name) {
		faults = append(faults, fmt.Errorf("solver %s fits the losses %s; for %s use solver sgd", c.solver(), strings.Join(names, ", "), c.Loss.Name))
	}
	if c.solver() == solverASGD && c.forgets() {
		faults = append(faults, errors.New("solver asgd cannot forget: leave half_life at .inf, or use solver newton"))
	}
	if c.solver() == solverTracking && c.forgets() {
		faults = append(faults, errors.New("solver tracking has half-lives of its own: leave half_life at .inf, or use solver newton"))
	}
	if c.WarmUp < shortestWarmUp || c.WarmUp > longestWarmUp || c.WarmUp&(c.WarmUp-1) != 0 {
		faults = append(faults, fmt.Errorf("warm-up of %d rows: it is a power of two between %d and %d", c.WarmUp, shortestWarmUp, longestWarmUp))
	}
	if c.Leverage.Auto && c.Leverage.Off {
		faults = append(faults, errors.New("leverage is both auto and off"))
	}
	if l := c.Leverage; !l.Auto && !l.Off && !(l.Cap > 0) {
		faults = append(faults, fmt.Errorf("leverage %v is no cap: it is auto, off, or a number of robust standard deviations above 0, as 10", l.Cap))
	}
	return faults
}

// lossOf the configuration; with an automatic knee the Huber loss stands for all of them.
func (c Config) lossOf() (loss.Loss, error) {
	delta := c.Delta.Value
	if c.Delta.Auto {
		delta = 1
	}
	return loss.New(loss.Spec{Name: c.Loss.Name, Delta: delta, Beta: c.Loss.Beta, Tau: c.Loss.Tau, Epsilon: c.Loss.Epsilon})
}

// Equal tells whether two configurations describe the same model, bit for bit.
func (c Config) Equal(o Config) bool {
	same := slices.Equal(c.Features, o.Features) && c.Trend.equal(o.Trend)
	c.Solver, o.Solver = c.solver(), o.solver()
	c.Features, o.Features, c.Trend, o.Trend = nil, nil, Trend{}, Trend{}
	return same && fmt.Sprintf("%#v", c) == fmt.Sprintf("%#v", o)
}

func newSolver(c Config) (solver, loss.Loss) {
	l, _ := c.lossOf() // Validate has asked
	switch c.solver() {
	case solverSGD:
		return newSGD(c.SGD, l, c.Features), l
	case solverASGD:
		return newASGD(c), l
	case solverTracking:
		return newTracking(c), l
	default:
		return newNewton(c), l
	}
}
