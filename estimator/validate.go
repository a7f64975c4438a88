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
)

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
	switch c.Solver {
	case "newton":
		faults = append(faults, c.validateNewton()...)
	case "sgd":
		faults = append(faults, c.validateSGD()...)
	default:
		add("solver %q is not one of newton, sgd", c.Solver)
	}
	return errors.Join(faults...)
}

func (c Config) validateNewton() (faults []error) {
	if names := []string{lossHuber, lossHalfSquared, lossSquared}; !slices.Contains(names, c.Loss.Name) {
		faults = append(faults, fmt.Errorf("solver newton fits the losses %s; for %s use solver sgd", strings.Join(names, ", "), c.Loss.Name))
	}
	if !c.Leverage.Off && !(c.Leverage.Cap > 0) {
		faults = append(faults, fmt.Errorf("leverage %v is no cap: it is off, or a number of robust standard deviations above 0, as 10", c.Leverage.Cap))
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
	features := slices.Equal(c.Features, o.Features)
	c.Features, o.Features = nil, nil
	return features && fmt.Sprintf("%#v", c) == fmt.Sprintf("%#v", o)
}

func newSolver(c Config) (solver, loss.Loss) {
	l, _ := c.lossOf() // Validate has asked
	if c.Solver == "sgd" {
		return newSGD(c.SGD, l, c.Features), l
	}
	return newNewton(c), l
}
