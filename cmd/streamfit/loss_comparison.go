package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
)

// lossProperties is what a learner wants to know of a loss; one object of -o json.
type lossProperties struct {
	Loss       string `json:"loss"`
	Value      string `json:"value"`
	Derivative string `json:"derivative"`
	Outliers   string `json:"outliers"`
	Smooth     string `json:"smooth"`
	PyTorch    string `json:"pytorch"`
	Keras      string `json:"keras"`
	When       string `json:"when"`
}

const none = "-"

// propertiesOf losses by name, with r = prediction − target.
var propertiesOf = map[string]lossProperties{
	"mae": {
		Value: "|r|", Derivative: "sign r", Outliers: "at most 1", Smooth: "no",
		PyTorch: "L1Loss", Keras: "MeanAbsoluteError", When: "gross outliers; you want the median",
	},
	"mse": {
		Value: "r²", Derivative: "2r", Outliers: "2|r|, unbounded", Smooth: "yes",
		PyTorch: "MSELoss", Keras: "MeanSquaredError", When: "Gaussian noise; you want the mean",
	},
	"half-squared": {
		Value: "½r²", Derivative: "r", Outliers: "|r|, unbounded", Smooth: "yes",
		PyTorch: none, Keras: none, When: "the same, in Huber's convention",
	},
	"smooth-l1": {
		Value: "½r²/β if |r| < β, else |r| − ½β", Derivative: "r/β if |r| < β, else sign r", Outliers: "at most 1", Smooth: "if β > 0",
		PyTorch: "SmoothL1Loss(beta=β)", Keras: "Huber(delta=β), divided by β", When: "box regression; slope 1 whatever β is",
	},
	"huber": {
		Value: "½r² if |r| ≤ δ, else δ(|r| − ½δ)", Derivative: "r clamped to ±δ", Outliers: "at most δ", Smooth: "yes",
		PyTorch: "HuberLoss(delta=δ)", Keras: "Huber(delta=δ)", When: "good data with some outliers",
	},
	"pseudo-huber": {
		Value: "δ²(√(1 + (r/δ)²) − 1)", Derivative: "r/√(1 + (r/δ)²)", Outliers: "below δ", Smooth: "yes",
		PyTorch: none, Keras: none, When: "Huber for optimisers that want curvature",
	},
	"log-cosh": {
		Value: "log cosh r", Derivative: "tanh r", Outliers: "below 1", Smooth: "yes",
		PyTorch: none, Keras: "LogCosh", When: "the same with nothing to tune",
	},
	"quantile": {
		Value: "max(−τr, (1 − τ)r)", Derivative: "−τ if r < 0, 1 − τ if r > 0", Outliers: "at most τ or 1 − τ", Smooth: "no",
		PyTorch: none, Keras: none, When: "too low and too high cost differently",
	},
	"epsilon-insensitive": {
		Value: "max(|r| − ε, 0)", Derivative: "sign r if |r| > ε, else 0", Outliers: "at most 1", Smooth: "not at ±ε",
		PyTorch: none, Keras: none, When: "errors up to ε do not matter",
	},
	"squared-epsilon-insensitive": {
		Value: "max(|r| − ε, 0)²", Derivative: "2·sign r·max(|r| − ε, 0)", Outliers: "2|r|, unbounded", Smooth: "yes",
		PyTorch: none, Keras: none, When: "the same, without corners",
	},
}

func writeComparison(out io.Writer, form string, chosen []chosenLoss) error {
	if form == "table" {
		return writeComparisonTables(out, chosen)
	}
	encoder := json.NewEncoder(out)
	for _, l := range chosen {
		p := propertiesOf[l.name]
		p.Loss = l.name
		if err := encoder.Encode(p); err != nil {
			return err
		}
	}
	return nil
}

// writeComparisonTables beneath each other: together they would be wider than a terminal.
func writeComparisonTables(out io.Writer, chosen []chosenLoss) error {
	fmt.Fprint(out, "r = prediction − target. The derivative, by the prediction, is how hard a row pulls at the model.\n\n")
	for _, table := range []struct {
		head string
		row  func(lossProperties) string
	}{
		{"LOSS\tVALUE\tDERIVATIVE", func(p lossProperties) string { return p.Value + "\t" + p.Derivative }},
		{"LOSS\tOUTLIER'S PULL\tSMOOTH\tUSE IT WHEN, OR FOR", func(p lossProperties) string { return p.Outliers + "\t" + p.Smooth + "\t" + p.When }},
		{"LOSS\tPYTORCH (torch.nn)\tTENSORFLOW (keras.losses)", func(p lossProperties) string { return p.PyTorch + "\t" + p.Keras }},
	} {
		t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, table.head)
		for _, l := range chosen {
			fmt.Fprintf(t, "%s\t%s\n", l.name, table.row(propertiesOf[l.name]))
		}
		if err := t.Flush(); err != nil {
			return err
		}
		fmt.Fprintln(out)
	}
	_, err := fmt.Fprint(out, `β = δ = 1: smooth-l1 and huber are the same; in general, β = δ: smooth-l1 is huber/δ.
δ → ∞: huber becomes ½·mse.  δ → 0: huber becomes δ·mae.

Try it:     streamfit loss --true 3,0,4,2 --pred 2.5,0.3,4.1,12
See it:     streamfit loss --figure losses.svg
`)
	return err
}
