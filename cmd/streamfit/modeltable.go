package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/streamfit/streamfit/pipeline"
)

// writeUpdate writes an update in the form that -o asks for.
func writeUpdate(out io.Writer, form string, u *pipeline.Update) error {
	switch form {
	case "json", "jsonl":
		line, err := json.Marshal(u)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "%s\n", line)
		return err
	default:
		return writeModel(out, u)
	}
}

// writeModel writes an update as a table for people.
func writeModel(out io.Writer, u *pipeline.Update) error {
	fmt.Fprintf(out, "model %s: %s loss, solver %s, status %s\n", u.Model, u.Loss.Name, u.Solver, u.Status)
	fmt.Fprintf(out, "%s\n\n", rowsSentence(u))
	t := tabwriter.NewWriter(out, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "coefficient\tvalue\tstd. error\t95 % low\t95 % high\t\n")
	writeCoefficient(t, "(intercept)", u.Intercept)
	for _, c := range u.Coefficients {
		writeCoefficient(t, c.Name, c.Interval)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\nscale %s, knee %s; mean loss %s (best constant %s), mean absolute error %s, rms error %s\n",
		digits(u.Scale, 5), digits(u.Delta, 5), digits(u.Loss.Mean, 6), digits(u.Loss.Baseline, 6), digits(u.Loss.MAE, 5), digits(u.Loss.RMSE, 5))
	return err
}

func writeCoefficient(t io.Writer, name string, i pipeline.Interval) {
	low, high := "–", "–"
	if digits(i.SE, 1) != "–" {
		low, high = significant(i.Low, i.SE), significant(i.High, i.SE)
	}
	fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t\n", name, significant(i.Value, i.SE), digits(i.SE, 3), low, high)
}

// rowsSentence says what became of the rows.
func rowsSentence(u *pipeline.Update) string {
	parts := []string{fmt.Sprintf("%s rows learned, %s of them outliers", grouped(u.Rows.Learned), grouped(u.Rows.Outliers))}
	for _, n := range []struct {
		count uint64
		what  string
	}{
		{u.Rows.Guarded, "guarded (far in x)"}, {u.Rows.Skipped.Null, "skipped with nulls"}, {u.Rows.Skipped.NonFinite, "skipped with NaN or Inf"},
		{u.Rows.Skipped.Weight, "skipped for their weight"}, {u.DeadLetters, "messages dead-lettered"},
	} {
		if n.count > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", grouped(n.count), n.what))
		}
	}
	return strings.Join(parts, ", ")
}
