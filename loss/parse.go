package loss

import (
	"errors"
	"fmt"
	"strings"
)

// Names of the losses, as configurations and command lines write them.
const (
	nameAbsolute                  = "mae"
	nameSquared                   = "mse"
	nameHalfSquared               = "half-squared"
	nameSmoothL1                  = "smooth-l1"
	nameHuber                     = "huber"
	namePseudoHuber               = "pseudo-huber"
	nameLogCosh                   = "log-cosh"
	nameQuantile                  = "quantile"
	nameEpsilonInsensitive        = "epsilon-insensitive"
	nameSquaredEpsilonInsensitive = "squared-epsilon-insensitive"
)

// Spec names a loss and holds the parameters of all of them; a loss ignores those it does not have.
type Spec struct {
	Name    string
	Beta    float64 // smooth-l1
	Delta   float64 // huber, pseudo-huber
	Tau     float64 // quantile
	Epsilon float64 // epsilon-insensitive, squared-epsilon-insensitive
}

// ErrUnknown is what New returns for a name that no loss has, wrapped in a sentence that lists the names.
var ErrUnknown = errors.New("unknown loss")

// ParameterError is a parameter with which a loss makes no sense.
type ParameterError struct {
	Loss      string  // name of the loss
	Parameter string  // "beta", "delta", "tau" or "epsilon"
	Value     float64 // what it is
	Want      string  // what it must be
}

func (e *ParameterError) Error() string {
	return fmt.Sprintf("loss %s: %s is %v, it must be %s", e.Loss, e.Parameter, e.Value, e.Want)
}

// entry is one line of the catalogue: how a loss is called, which parameter it has, and how a Spec becomes one.
type entry struct {
	name, parameter string
	make            func(Spec) validated
}

type validated interface {
	Loss
	Validate() error
}

// catalogue is in the order in which people meet the losses.
var catalogue = [...]entry{
	{nameAbsolute, "", func(Spec) validated { return Absolute{} }},
	{nameSquared, "", func(Spec) validated { return Squared{} }},
	{nameHalfSquared, "", func(Spec) validated { return HalfSquared{} }},
	{nameSmoothL1, "beta", func(s Spec) validated { return SmoothL1{s.Beta} }},
	{nameHuber, "delta", func(s Spec) validated { return Huber{s.Delta} }},
	{namePseudoHuber, "delta", func(s Spec) validated { return PseudoHuber{s.Delta} }},
	{nameLogCosh, "", func(Spec) validated { return LogCosh{} }},
	{nameQuantile, "tau", func(s Spec) validated { return Quantile{s.Tau} }},
	{nameEpsilonInsensitive, "epsilon", func(s Spec) validated { return EpsilonInsensitive{s.Epsilon} }},
	{nameSquaredEpsilonInsensitive, "epsilon", func(s Spec) validated { return SquaredEpsilonInsensitive{s.Epsilon} }},
}

// Names of all losses: mae, mse, half-squared, smooth-l1, huber, pseudo-huber, log-cosh, quantile, epsilon-insensitive,
// squared-epsilon-insensitive.
func Names() []string {
	names := make([]string, len(catalogue))
	for i, e := range catalogue {
		names[i] = e.name
	}
	return names
}

// New makes the loss that s names. The error is ErrUnknown for a name that is not one of Names, and a *ParameterError for a parameter
// out of its range.
func New(s Spec) (Loss, error) {
	e, err := find(s.Name)
	if err != nil {
		return nil, err
	}
	l := e.make(s)
	if err := l.Validate(); err != nil {
		return nil, err
	}
	return l, nil
}

// Parameter tells which parameter the named loss has: "beta", "delta", "tau", "epsilon", or "" for none. The error is ErrUnknown.
func Parameter(name string) (string, error) {
	e, err := find(name)
	return e.parameter, err
}

func find(name string) (entry, error) {
	for _, e := range catalogue {
		if e.name == name {
			return e, nil
		}
	}
	return entry{}, fmt.Errorf("%w %q: choose one of %s", ErrUnknown, name, strings.Join(Names(), ", "))
}

func checkPositive(loss, parameter string, value float64) error {
	if value > 0 && finite(value) {
		return nil
	}
	return &ParameterError{Loss: loss, Parameter: parameter, Value: value, Want: "a finite number greater than 0"}
}

func checkNotNegative(loss, parameter string, value float64) error {
	if value >= 0 && finite(value) {
		return nil
	}
	return &ParameterError{Loss: loss, Parameter: parameter, Value: value, Want: "a finite number, 0 or greater"}
}
