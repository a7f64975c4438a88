package estimator

import (
	"bytes"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// inPieces of at most so many rows the model learns them; between two of them it may have to report, and may be taken up from its snapshot.
func inPieces(t *rapid.T, m *Linear, c Columns, longest int) *Linear {
	for at := 0; at < c.Rows; {
		next := min(c.Rows, at+rapid.IntRange(1, longest).Draw(t, "piece"))
		m.Learn(nil, part(c, at, next))
		at = next
		if rapid.Bool().Draw(t, "report") {
			m.Report()
		}
		if rapid.Bool().Draw(t, "restart") {
			restored, err := Restore(snapshotOf(t, m))
			if err != nil {
				t.Fatal(err)
			}
			restored.SetInterval(m.metrics.interval) // no part of what is learned
			m = restored
		}
	}
	return m
}

// sameModel holds two models to the same bits and the same report.
func sameModel(t *rapid.T, a, b *Linear) {
	if !bytes.Equal(snapshotOf(t, a), snapshotOf(t, b)) {
		t.Fatal("the snapshots differ")
	}
	if diff := cmp.Diff(a.Report(), b.Report(), cmpopts.EquateNaNs()); diff != "" {
		t.Fatal(diff)
	}
}

// part of the rows, views of them.
func part(c Columns, from, to int) Columns {
	out := Columns{Rows: to - from, Target: c.Target[from:to]}
	for _, x := range c.Features {
		out.Features = append(out.Features, x[from:to])
	}
	if c.Weights != nil {
		out.Weights = c.Weights[from:to]
	}
	if c.Time != nil {
		out.Time = c.Time[from:to]
	}
	if c.Valid != nil {
		out.Valid = make([]byte, (to-from+7)/8)
		for i := range out.Rows {
			out.Valid[i/8] |= c.Valid[(from+i)/8] >> ((from + i) % 8) & 1 << (i % 8)
		}
	}
	return out
}
