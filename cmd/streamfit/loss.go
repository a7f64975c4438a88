package main

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/streamfit/streamfit/loss"
)

// lossCmd compares the losses: what they are, what they say about given predictions, and how they look.
type lossCmd struct {
	True    numbers  `placeholder:"NUMBER,…" help:"Targets."`
	Pred    numbers  `placeholder:"NUMBER,…" help:"Predictions, as many as there are targets."`
	Loss    []string `placeholder:"NAME" help:"Losses to show, with commas between them; all, if not given."`
	Beta    *float64 `placeholder:"NUMBER" help:"β of smooth-l1, 0 or greater; 1 if not given."`
	Delta   *float64 `placeholder:"NUMBER" help:"δ of huber and pseudo-huber, greater than 0; 1 if not given."`
	Tau     *float64 `placeholder:"NUMBER" help:"τ of quantile, between 0 and 1; 0.5 if not given."`
	Epsilon *float64 `placeholder:"NUMBER" help:"ε of the epsilon-insensitive losses, 0 or greater; 0.1 if not given."`
	Output  string   `short:"o" enum:"table,json,jsonl" default:"table" help:"table, or json or jsonl: one object per loss."`
	Figure  string   `placeholder:"FILE" help:"Draw value and derivative into this .svg or .png file."`
}

// Help is the text below the usage.
func (*lossCmd) Help() string {
	return `Without arguments: the losses, side by side. The gradient is with respect to the prediction, row by row.

    streamfit loss
    streamfit loss --true 3,0,4 --pred 2.5,0.3,4.1 --loss huber --delta 1 -o json
    streamfit loss --figure losses.svg`
}

// Run shows what was asked for: predictions, a figure, or the comparison.
func (l *lossCmd) Run(c *console) error {
	chosen, err := l.choose()
	if err == nil {
		err = l.checkPairs()
	}
	if err != nil {
		return &usageError{err}
	}
	if l.Figure != "" {
		if err := drawFigure(l.Figure, chosen); err != nil {
			return fmt.Errorf("--figure: %w", err)
		}
		fmt.Fprintf(c.Err, "wrote %s\n", l.Figure)
	}
	switch {
	case len(l.True) > 0:
		return writeEvaluations(c.Out, l.Output, l.True, l.Pred, chosen)
	case l.Figure != "":
		return nil
	}
	return writeComparison(c.Out, l.Output, chosen)
}

// chosenLoss is a loss with the parameter it was made with.
type chosenLoss struct {
	loss.Loss
	name, parameter string
	value           float64 // of the parameter, if there is one
}

// label of the loss with its parameter: "huber, δ = 1".
func (l chosenLoss) label() string {
	if l.parameter == "" {
		return l.name
	}
	return fmt.Sprintf("%s, %s = %.4g", l.name, greek[l.parameter], l.value)
}

var greek = map[string]string{"beta": "β", "delta": "δ", "tau": "τ", "epsilon": "ε"}

func (l *lossCmd) choose() ([]chosenLoss, error) {
	names := l.Loss
	if len(names) == 0 {
		names = loss.Names()
	}
	spec := loss.Spec{Beta: or(l.Beta, 1), Delta: or(l.Delta, 1), Tau: or(l.Tau, 0.5), Epsilon: or(l.Epsilon, 0.1)}
	values := map[string]float64{"beta": spec.Beta, "delta": spec.Delta, "tau": spec.Tau, "epsilon": spec.Epsilon}
	chosen := make([]chosenLoss, len(names))
	for i, name := range names {
		spec.Name = strings.TrimSpace(name)
		made, err := loss.New(spec)
		var fault *loss.ParameterError
		switch {
		case errors.As(err, &fault):
			return nil, fmt.Errorf("--%s: %w", fault.Parameter, err)
		case err != nil:
			return nil, fmt.Errorf("--loss: %w", err)
		}
		parameter, _ := loss.Parameter(spec.Name) // New knows the name, so Parameter does
		chosen[i] = chosenLoss{made, spec.Name, parameter, values[parameter]}
	}
	return chosen, l.checkUsed(chosen)
}

// checkUsed refuses a parameter that none of the chosen losses has: it would be ignored in silence.
func (l *lossCmd) checkUsed(chosen []chosenLoss) error {
	for _, p := range []struct {
		name  string
		value *float64
	}{{"beta", l.Beta}, {"delta", l.Delta}, {"tau", l.Tau}, {"epsilon", l.Epsilon}} {
		has := func(c chosenLoss) bool { return c.parameter == p.name }
		if p.value != nil && !slices.ContainsFunc(chosen, has) {
			return fmt.Errorf("--%s: %s has no %s; leave the flag out, or choose a loss that has it (streamfit loss lists them)",
				p.name, strings.Join(l.Loss, ", "), p.name)
		}
	}
	return nil
}

func (l *lossCmd) checkPairs() error {
	switch {
	case len(l.True) == len(l.Pred):
		return nil
	case len(l.Pred) == 0:
		return errors.New("--pred is missing: give as many predictions as --true has targets")
	case len(l.True) == 0:
		return errors.New("--true is missing: give as many targets as --pred has predictions")
	}
	return fmt.Errorf("--true has %s and --pred has %s: they must be equally many",
		plural(len(l.True), "number"), plural(len(l.Pred), "number"))
}

func or(p *float64, otherwise float64) float64 {
	if p == nil {
		return otherwise
	}
	return *p
}

// numbers is a flag of numbers with commas between them, the first of which may be negative.
type numbers []float64

// Decode takes the argument even if it begins with a minus sign, which kong would take for a flag.
func (n *numbers) Decode(ctx *kong.DecodeContext) error {
	token := ctx.Scan.Pop()
	text, ok := token.Value.(string)
	if token.IsEOL() || !ok || strings.HasPrefix(text, "--") {
		return errors.New("a list of numbers is missing, as 3,0,4")
	}
	for i, field := range strings.Split(text, ",") {
		x, err := strconv.ParseFloat(strings.TrimSpace(field), 64)
		if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
			return fmt.Errorf("%q at position %d is not a finite number; write numbers with commas between them, as 3,0,4", field, i+1)
		}
		*n = append(*n, x)
	}
	return nil
}
