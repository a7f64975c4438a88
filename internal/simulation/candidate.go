package simulation

import (
	"fmt"

	"github.com/streamfit/streamfit/estimator"
)

// Candidate is a way to find the slopes of a sample.
type Candidate struct {
	Name string
	Fit  func(Sample, []string) []estimator.Coefficient
}

// RLM is the batch Huber M-estimate of all the rows, which the others are measured against: statsmodels' RLM, to the digit.
func RLM() Candidate {
	return Candidate{Name: "RLM", Fit: func(s Sample, names []string) []estimator.Coefficient {
		cfg := estimator.DefaultConfig()
		cfg.Features = names
		fit, err := estimator.FitHuber(cfg, s.Columns)
		if err != nil {
			panic(fmt.Sprintf("simulation: a batch fit of a drawn sample: %v", err))
		}
		return fit.Coefficients
	}}
}

// Online model that learns the rows in one pass: the default configuration with a solver, and with what is changed of it.
func Online(name, solver string, change ...func(*estimator.Config)) Candidate {
	return Candidate{Name: name, Fit: func(s Sample, names []string) []estimator.Coefficient {
		cfg := estimator.DefaultConfig()
		cfg.Features, cfg.Solver = names, solver
		for _, c := range change {
			c(&cfg)
		}
		m, err := estimator.New(cfg)
		if err != nil {
			panic(fmt.Sprintf("simulation: candidate %s: %v", name, err))
		}
		m.Learn(nil, s.Columns)
		return m.Report().Coefficients
	}}
}

// Guarded changes the leverage guard.
func Guarded(l estimator.Leverage) func(*estimator.Config) {
	return func(c *estimator.Config) { c.Leverage = l }
}
