package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"

	"github.com/streamfit/streamfit/pipeline"
)

// worstTable keeps those of very many models that an operator should look at first: the ones with an alarm, the largest drift, the most rows skipped, the most
// outliers. Of a screenful or fewer it keeps all, in the order of their keys.
type worstTable struct {
	rows  []*pipeline.Update
	total int
}

const screenful = 20

func newWorstTable() *worstTable { return &worstTable{} }

// worse models come first.
func worse(a, b *pipeline.Update) int {
	alarmed := func(u *pipeline.Update) int {
		if u.Drift.Alarm {
			return 1
		}
		return 0
	}
	drift := func(u *pipeline.Update) float64 {
		if s := float64(u.Drift.Statistic); !math.IsNaN(s) {
			return s
		}
		return -1
	}
	return cmp.Or(
		cmp.Compare(alarmed(b), alarmed(a)), cmp.Compare(skippedRows(b), skippedRows(a)), cmp.Compare(drift(b), drift(a)),
		cmp.Compare(outlierShare(b), outlierShare(a)), cmp.Compare(*a.Key, *b.Key),
	)
}

func skippedRows(u *pipeline.Update) uint64 {
	return u.Rows.Skipped.Null + u.Rows.Skipped.NonFinite + u.Rows.Skipped.Weight
}

func outlierShare(u *pipeline.Update) float64 {
	if u.Rows.Learned == 0 {
		return 0
	}
	return float64(u.Rows.Outliers) / float64(u.Rows.Learned)
}

// add a model; of more than two screenfuls the better half is let go.
func (t *worstTable) add(u *pipeline.Update) {
	t.total++
	if t.rows = append(t.rows, u); len(t.rows) >= 2*screenful {
		slices.SortFunc(t.rows, worse)
		t.rows = t.rows[:screenful]
	}
}

// write the table below a sentence about all of them.
func (t *worstTable) write(out io.Writer, m pipeline.Model, sum pipeline.KeySummary) error {
	fmt.Fprintf(out, "model %s: %s of %s, %s rows learned, %s of them outliers\n", m.Name, plural(t.total, "key"), m.Key, grouped(sum.Rows.Learned), grouped(sum.Rows.Outliers))
	if refused := refusedSentence(sum.Refused); refused != "" {
		fmt.Fprintf(out, "not learned: %s\n", refused)
	}
	if t.total > screenful {
		slices.SortFunc(t.rows, worse)
		t.rows = t.rows[:screenful]
		fmt.Fprintf(out, "the %d to look at first, by alarm, rows skipped, drift and share of outliers:\n", screenful)
	}
	fmt.Fprintln(out)
	w := tabwriter.NewWriter(out, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "key\trows\tstatus\tskipped\toutliers\tdrift\tmean loss\tintercept\t")
	if len(t.rows) > 0 {
		for _, c := range t.rows[0].Coefficients {
			fmt.Fprintf(w, "%s\t", c.Name)
		}
	}
	fmt.Fprintln(w)
	for _, u := range t.rows {
		writeKeyRow(w, u)
	}
	return w.Flush()
}

func writeKeyRow(w io.Writer, u *pipeline.Update) {
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t", *u.Key, grouped(u.Rows.Learned), u.Status, grouped(skippedRows(u)), percent(pipeline.Number(outlierShare(u))),
		digits(u.Drift.Statistic, 3), digits(u.Loss.Mean, 5), withError(u.Intercept))
	for _, c := range u.Coefficients {
		fmt.Fprintf(w, "%s\t", withError(c.Interval))
	}
	fmt.Fprintln(w)
}
