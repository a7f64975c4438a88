package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"text/tabwriter"

	"github.com/streamfit/streamfit/estimator"
	"github.com/streamfit/streamfit/pipeline"
)

// writeReplay writes the final model and its fit in the form that -o asks for.
func writeReplay(out io.Writer, form string, r replayRecord) error {
	if form != "table" {
		return json.NewEncoder(out).Encode(r)
	}
	if err := writeModelTable(out, r.Update, &r.Fit); err != nil {
		return err
	}
	return writeFit(out, r)
}

// writeFit writes the tables of goodness of fit: of rows before they were learned, and of the rows held out.
func writeFit(out io.Writer, r replayRecord) error {
	u, fit := r.Update, r.Fit
	fmt.Fprintf(out, "scale %s, knee %s\n\n", digits(u.Scale, 5), digits(u.Delta, 5))
	t := tabwriter.NewWriter(out, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "predictions\trows\tmean loss\tabs. error\trms error\tR²\toutliers\t\n")
	fmt.Fprintf(t, "progressive\t%s\t%s\t%s\t%s\t%s\t%s\t\n",
		grouped(u.Rows.Learned), digits(u.Loss.Mean, 5), digits(u.Loss.MAE, 5), digits(u.Loss.RMSE, 5), digits(fit.R2, 4), percent(fit.Outliers))
	if h := fit.Holdout; h != nil {
		fmt.Fprintf(t, "held out\t%s\t%s\t%s\t%s\t%s\t%s\t\n",
			grouped(h.Rows), digits(h.Loss, 5), digits(h.MAE, 5), digits(h.RMSE, 5), digits(h.R2, 4), percent(h.Outliers))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(out)
	t = tabwriter.NewWriter(out, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "residuals\tmin\t1 %\t5 %\t25 %\tmedian\t75 %\t95 %\t99 %\tmax\t\n")
	writeQuantiles(t, "progressive", fit.Residuals)
	if h := fit.Holdout; h != nil {
		writeQuantiles(t, "held out", h.Residuals)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	return explainFit(out, fit)
}

func writeQuantiles(t io.Writer, name string, q quantiles) {
	fmt.Fprintf(t, "%s\t", name)
	for _, v := range []pipeline.Number{q.Min, q.P1, q.P5, q.P25, q.Median, q.P75, q.P95, q.P99, q.Max} {
		fmt.Fprintf(t, "%s\t", digits(v, 4))
	}
	fmt.Fprintln(t)
}

// explainFit says what the lines of the tables are.
func explainFit(out io.Writer, fit fitRecord) error {
	text := "\nprogressive: each row predicted before it was learned"
	if fit.Passes > 1 {
		text += fmt.Sprintf(", in the first of %d passes", fit.Passes)
	}
	if fit.Holdout != nil {
		text += "; held out: the last rows, predicted by the final model, never learned"
		if s := fit.Holdout.Skipped; s != (pipeline.Skipped{}) {
			text += fmt.Sprintf(" (%s more could not be predicted)", grouped(s.Sum()))
		}
	}
	_, err := fmt.Fprintf(out, "%s\nR²: share of the loss of the best constant that the features save; residual: target − prediction\n", text)
	return err
}

// percent writes a share; a dash for none.
func percent(share pipeline.Number) string {
	if math.IsNaN(float64(share)) {
		return "–"
	}
	return strconv.FormatFloat(100*float64(share), 'f', 1, 64) + " %"
}

// warnOfDrift says that the rows are not all alike, and what to do, unless the model follows them.
func warnOfDrift(out io.Writer, u *pipeline.Update, follows bool) {
	if u.Drift.LastAlarmRow == nil {
		return
	}
	n := u.Drift.Alarms
	fmt.Fprintf(out, "streamfit: warning: the rows are not all alike: alarms of the drift detector: %s jump, %s slope, %s variance, the last at row %s. ",
		grouped(n.Jump), grouped(n.Slope), grouped(n.Variance), grouped(*u.Drift.LastAlarmRow))
	if follows {
		fmt.Fprint(out, "The coefficients are\nthose of the newest rows, as the model forgets; --plot fit.svg shows how they moved.\n")
		return
	}
	fmt.Fprint(out, `One set of
coefficients does not describe them, and the order of the rows matters: files sorted by a column drift, too. To fit all rows alike, shuffle the
files, or see whether --passes 3 changes the result; to follow the newest rows, set --half-life, --on-drift adapt or --solver tracking; --plot fit.svg
shows where the coefficients move.
`)
}

// follows tells whether the newest rows count most.
func follows(m pipeline.Model) bool {
	return m.OnDrift == estimator.DriftAdapt || m.Solver == "tracking" || m.HalfLife.Forgets()
}
