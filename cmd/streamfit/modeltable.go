package main

import (
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"

	"github.com/streamfit/streamfit/pipeline"
)

// writeModel writes an update as a table for people.
func writeModel(out io.Writer, u *pipeline.Update) error {
	if err := writeModelTable(out, u, nil); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "scale %s, knee %s; mean loss %s (best constant %s), mean absolute error %s, rms error %s\n",
		digits(u.Scale, 5), digits(u.Delta, 5), digits(u.Loss.Mean, 6), digits(u.Loss.Baseline, 6), digits(u.Loss.MAE, 5), digits(u.Loss.RMSE, 5))
	return err
}

// writeModelTable writes what was learned and the coefficients, with their tests if there is a fit.
func writeModelTable(out io.Writer, u *pipeline.Update, fit *fitRecord) error {
	fmt.Fprintf(out, "model %s: %s loss, solver %s, status %s\n", u.Model, u.Loss.Name, u.Solver, u.Status)
	fmt.Fprintf(out, "%s\n", rowsSentence(u))
	if len(u.Degenerate) > 0 {
		fmt.Fprintf(out, "not identified by these rows, constant or collinear: %s\n", strings.Join(u.Degenerate, ", "))
	}
	if len(u.Far) > 0 {
		fmt.Fprintf(out, "far from where the model began, and distrusted, in most of the last rows: %s\n", strings.Join(u.Far, ", "))
	}
	fmt.Fprintln(out)
	t := tabwriter.NewWriter(out, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "coefficient\tvalue\tstd. error\t95 % low\t95 % high\t")
	intercept, tests := "", make([]string, len(u.Coefficients))
	if fit != nil {
		fmt.Fprint(t, "z\tp\t")
		intercept = fit.Intercept.cells()
		for i, c := range fit.Coefficients {
			tests[i] = c.cells()
		}
	}
	fmt.Fprintln(t)
	writeCoefficient(t, "(intercept)", u.Intercept, intercept)
	for i, c := range u.Coefficients {
		writeCoefficient(t, c.Name, c.Interval, tests[i])
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(out)
	return writeTrend(out, u.Trend)
}

func writeCoefficient(t io.Writer, name string, i pipeline.Interval, more string) {
	low, high := "–", "–"
	if digits(i.SE, 1) != "–" {
		low, high = significant(i.Low, i.SE), significant(i.High, i.SE)
	}
	fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", name, significant(i.Value, i.SE), digits(i.SE, 3), low, high, more)
}

// cells of a table: z and p, which is not told apart from 0 below 1e-99.
func (t test) cells() string {
	p := digits(t.P, 2)
	if t.P < 1e-99 {
		p = "<1e-99"
	}
	if z := float64(t.Z); !math.IsNaN(z) {
		return fmt.Sprintf("%.2f\t%s\t", z, p)
	}
	return "–\t–\t"
}

// rowsSentence says what became of the rows.
func rowsSentence(u *pipeline.Update) string {
	parts := []string{fmt.Sprintf("%s rows learned, %s of them outliers", grouped(u.Rows.Learned), grouped(u.Rows.Outliers))}
	for _, n := range []struct {
		count uint64
		what  string
	}{
		{u.Rows.Guarded, "guarded (far in x)"}, {u.Rows.Skipped.Null, "skipped with nulls"}, {u.Rows.Skipped.NonFinite, "skipped with NaN or Inf"},
		{u.Rows.Skipped.Weight, "skipped for their weight"}, {u.Rows.Skipped.Range, "skipped with numbers beyond 1e60"}, {u.DeadLetters, "messages dead-lettered"},
	} {
		if n.count > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", grouped(n.count), n.what))
		}
	}
	return strings.Join(parts, ", ")
}
