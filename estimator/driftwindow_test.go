package estimator

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// What the windows carry along is what their scores add up to, from the definition.
func TestWindowsAreTheSumsOfTheirScores(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		scores := rapid.SliceOfN(rapid.Float64Range(-10, 10), 1, 3*historyBlocks).Draw(t, "scores")
		w, h := newWindows(), history{}
		for _, score := range scores {
			w.slide(score, &h)
			h.endBlock(score)
		}
		for j, k := range w.all {
			sum, first, squares := 0.0, 0.0, 0.0
			for back := range int(k.blocks) {
				i := float64(k.blocks) - float64(back) - 0.5
				squares += i * i
				if back < len(scores) {
					score := scores[len(scores)-1-back]
					sum += score
					first += i * score
				}
			}
			if math.Abs(w.sum[j]-sum) > 1e-9 || math.Abs(w.first[j]-first) > 1e-7 {
				t.Fatalf("%d blocks: sums of %v and %v, want %v and %v", k.blocks, w.sum[j], w.first[j], sum, first)
			}
			less := thresholdOctave * math.Log2(float64(k.blocks))
			want := sum * sum / (2 * driftBlock * float64(k.blocks)) / (jumpThreshold - less)
			if k.blocks >= shortestRamp {
				want = max(want, first*first/(2*driftBlock*squares)/(rampThreshold-less))
			}
			if got := w.share(j); math.Abs(got-want) > 1e-9*(1+want) {
				t.Fatalf("%d blocks: evidence %v, want %v", k.blocks, got, want)
			}
		}
	})
}

func TestWindowsAreNoLongerThanTheRowsTheyMayReachBack(t *testing.T) {
	w := newWindows()
	for _, c := range []struct{ rows, longest float64 }{{math.Inf(1), 1024}, {40, 0}, {320, 320}, {319, 256}, {64, 64}} {
		w.within(c.rows)
		longest := 0.0
		if w.used > 0 {
			longest = float64(driftBlock * w.all[w.used-1].blocks)
		}
		if longest != c.longest {
			t.Errorf("within %v rows the longest window is of %v", c.rows, longest)
		}
	}
}
