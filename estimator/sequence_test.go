package estimator

import (
	"math"
	"testing"
)

// The truth lies within all bounds at once in 95 % of the streams, while the intervals for one look miss it sooner or later in most of a long stream's looks.
// LONG=1 has the replications of docs/intervals.md.
func TestSequencesCoverAtAllTimesAtOnce(t *testing.T) {
	const d = 3
	for _, s := range []struct {
		phi  float64
		rows int
	}{{0, 30_000}, {0.6, 30_000}, {0, 300_000}} {
		n := replications(20, 300)
		if s.rows > 100_000 {
			n = replications(0, 100)
		}
		held, fixed, total, width := 0, 0, 0, 0.0
		for seed := range n {
			inSequence, inFixed := [d]bool{true, true, true}, [d]bool{true, true, true}
			m, c, at := newModel(t, newtonConfig(d)), autocorrelated(uint64(seed), d, s.rows, s.phi), 0
			for to := sequenceFrom; at < c.Rows; to = min(c.Rows, to+to/30+1) {
				m.Learn(nil, part(c, at, to))
				at = to
				for j, b := range m.Report().Coefficients {
					low, high := Sequence(b, uint64(at))
					inSequence[j] = inSequence[j] && low <= 1 && 1 <= high
					inFixed[j] = inFixed[j] && b.Low <= 1 && 1 <= b.High
				}
			}
			for j := range d {
				total++
				if inSequence[j] {
					held++
				}
				if inFixed[j] {
					fixed++
				}
			}
			width += sequenceWidth(float64(at)) / normal95
		}
		if total == 0 {
			continue
		}
		share := float64(held) / float64(total)
		t.Logf("φ = %v, looks from row %d to %d: all within the sequence %.3f, all within the intervals %.3f of %d; in the end %.2f times as long",
			s.phi, sequenceFrom, s.rows, share, float64(fixed)/float64(total), total, width/float64(n))
		if bound := 4 * math.Sqrt(0.05*0.95/float64(total)); share < 0.95-bound {
			t.Errorf("φ = %v: all within the sequence in %.3f of %d", s.phi, share, total)
		}
	}
}

func TestSequenceIsTightestWhereItIsSaid(t *testing.T) {
	length := func(t float64) float64 { return sequenceWidth(t) } // in standard errors at t
	if w := length(sequenceTight); w < 2.7 || w > 3.1 {
		t.Errorf("%v standard errors after %v rows", w, float64(sequenceTight))
	}
	for _, rows := range []float64{1000, 5000, 20_000, 1e6} {
		if length(rows) < length(sequenceTight) {
			t.Errorf("%v standard errors after %v rows, less than after %v", length(rows), rows, float64(sequenceTight))
		}
	}
	if low, high := Sequence(Coefficient{Value: 1, SE: 1}, sequenceFrom-1); !math.IsNaN(low) || !math.IsNaN(high) {
		t.Errorf("%v, %v before the row from which on it holds", low, high)
	}
}
