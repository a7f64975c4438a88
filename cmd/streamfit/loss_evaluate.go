package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"github.com/streamfit/streamfit/loss"
)

// evaluation is what a loss says about predictions; one object of -o json.
type evaluation struct {
	Loss     string   `json:"loss"`
	Beta     *float64 `json:"beta,omitempty"`
	Delta    *float64 `json:"delta,omitempty"`
	Tau      *float64 `json:"tau,omitempty"`
	Epsilon  *float64 `json:"epsilon,omitempty"`
	Values   []number `json:"values"`
	Gradient []number `json:"gradient"` // with respect to the prediction
	Sum      number   `json:"sum"`
	Mean     number   `json:"mean"`
}

// number is written as null where JSON has no way to write it: a loss that overflowed.
type number float64

// MarshalJSON writes the shortest form that reads back as the same number.
func (n number) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(n)) || math.IsInf(float64(n), 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

func evaluate(l chosenLoss, target, prediction []float64) evaluation {
	values, gradient := make([]float64, len(target)), make([]float64, len(target))
	loss.Values(values, l.Loss, prediction, target)
	loss.Derivatives(gradient, l.Loss, prediction, target)
	e := evaluation{
		Loss: l.name, Values: asNumbers(values), Gradient: asNumbers(gradient),
		Sum: number(loss.Sum(values, nil)), Mean: number(loss.MeanOverCount(values, nil)),
	}
	switch l.parameter {
	case "beta":
		e.Beta = &l.value
	case "delta":
		e.Delta = &l.value
	case "tau":
		e.Tau = &l.value
	case "epsilon":
		e.Epsilon = &l.value
	}
	return e
}

func asNumbers(x []float64) []number {
	n := make([]number, len(x))
	for i, v := range x {
		n[i] = number(v)
	}
	return n
}

func writeEvaluations(out io.Writer, form string, target, prediction []float64, chosen []chosenLoss) error {
	if form == "table" {
		return writeEvaluationTable(out, target, prediction, chosen)
	}
	encoder := json.NewEncoder(out)
	for _, l := range chosen {
		if err := encoder.Encode(evaluate(l, target, prediction)); err != nil {
			return err
		}
	}
	return nil
}

// tableRows is how many predictions fit side by side; JSON has them all.
const tableRows = 5

func writeEvaluationTable(out io.Writer, target, prediction []float64, chosen []chosenLoss) error {
	shown := min(len(target), tableRows)
	residual := make([]float64, shown)
	for i := range residual {
		residual[i] = prediction[i] - target[i]
	}
	width := utf8.RuneCountInString("prediction")
	for _, l := range chosen {
		width = max(width, utf8.RuneCountInString(l.label()))
	}
	var table strings.Builder
	t := tabwriter.NewWriter(&table, 0, 0, 2, ' ', tabwriter.AlignRight)
	head := func(name string, x []float64, sums string) {
		fmt.Fprintf(t, "%-*s\t\t%s%s%s\t\n", width, name, cells(asNumbers(x)), more(target), sums)
	}
	head("true", target[:shown], "\t\t")
	head("prediction", prediction[:shown], "\t\t")
	head("residual", residual, "\tsum\tmean")
	for _, l := range chosen {
		e := evaluate(l, target, prediction)
		fmt.Fprintf(t, "%-*s\tvalue\t%s%s\t%s\t%s\t\n", width, l.label(), cells(e.Values[:shown]), more(target), short(e.Sum), short(e.Mean))
		fmt.Fprintf(t, "\tgradient\t%s%s\t\t\t\n", cells(e.Gradient[:shown]), more(target))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(table.String()) {
		if _, err := fmt.Fprintln(out, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}

// cells of a row of the table, with a tab between them.
func cells(x []number) string {
	var text []byte
	for i, v := range x {
		if i > 0 {
			text = append(text, '\t')
		}
		text = append(text, short(v)...)
	}
	return string(text)
}

// more is a cell that tells that predictions are left out.
func more(x []float64) string {
	if len(x) > tableRows {
		return "\t…"
	}
	return ""
}

func short(n number) string { return strconv.FormatFloat(float64(n), 'g', 4, 64) }
