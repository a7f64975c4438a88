package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/streamfit/streamfit/pipeline"
)

// screenful is how many models of very many are shown: those to look at first.
const screenful = 20

// writeKeysTable writes a sentence about all keys, and a line for each of those to look at first.
func writeKeysTable(out io.Writer, m pipeline.Model, sum pipeline.KeySummary, worst []*pipeline.Update) error {
	fmt.Fprintf(out, "model %s: %s of %s, %s rows learned, %s of them outliers\n", m.Name, plural(sum.Keys, "key"), m.Key, grouped(sum.Rows.Learned), grouped(sum.Rows.Outliers))
	if refused := refusedSentence(sum.Refused); refused != "" {
		fmt.Fprintf(out, "not learned: %s\n", refused)
	}
	if sum.Keys > len(worst) {
		fmt.Fprintf(out, "the %d to look at first: with an alarm, rows skipped, the largest drift, the most rows\n", len(worst))
	}
	fmt.Fprintln(out)
	w := tabwriter.NewWriter(out, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "key\trows\tstatus\tskipped\toutliers\tdrift\tmean loss\tintercept\t")
	if len(worst) > 0 {
		for _, c := range worst[0].Coefficients {
			fmt.Fprintf(w, "%s\t", c.Name)
		}
	}
	fmt.Fprintln(w)
	for _, u := range worst {
		writeKeyRow(w, u)
	}
	return w.Flush()
}

func writeKeyRow(w io.Writer, u *pipeline.Update) {
	skipped := u.Rows.Skipped.Sum()
	outliers := float64(u.Rows.Outliers) / float64(max(1, u.Rows.Learned))
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t", *u.Key, grouped(u.Rows.Learned), u.Status, grouped(skipped), percent(pipeline.Number(outliers)),
		digits(u.Drift.Statistic, 3), digits(u.Loss.Mean, 5), withError(u.Intercept))
	for _, c := range u.Coefficients {
		fmt.Fprintf(w, "%s\t", withError(c.Interval))
	}
	fmt.Fprintln(w)
}
