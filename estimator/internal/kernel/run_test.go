package kernel

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// drawRuns of several models of the same rows.
func drawRuns(t *rapid.T) (models []Run) {
	d := rapid.IntRange(1, FewCoefficients-1).Draw(t, "features")
	for range rapid.IntRange(1, 4).Draw(t, "models") {
		models = append(models, drawRun(t, d))
	}
	return models
}

// drawRun is newton's state in the middle of a stream.
func drawRun(t *rapid.T, d int) Run {
	m, width := d+1, Padded(d+1)
	s := Run{
		Centre: Pad(rapid.SliceOfN(rapid.Float64Range(-1, 1), d, d).Draw(t, "centre")), PerScale: Pad(rapid.SliceOfN(rapid.Float64Range(0.5, 2), d, d).Draw(t, "per scale")),
		Z: make([]float64, width+Lanes), Beta: Pad(rapid.SliceOfN(rapid.Float64Range(-1, 1), m, m).Draw(t, "β")), Score: make([]float64, width),
		P: make([]float64, m*width), PZ: make([]float64, width), Coefficients: m,
		Location: rapid.Float64Range(-2, 2).Draw(t, "location"), Unit: rapid.Float64Range(0.5, 2).Draw(t, "unit"),
		Nearest: rapid.SampledFrom([]float64{3, 4, 1e60}).Draw(t, "nearest"), Reach: 1e60, Sharp: 0x1p40, Lambda: 1, PerLambda: 1,
		Sigma: rapid.Float64Range(0.1, 2).Draw(t, "σ"), Median: 0.67, Down: 0.98, Up: 1.02, Smallest: 1e-150, Most: 1e75, InsideKnee: 1.345, Rounding: 1e-8, Keep: [Lanes]float64{0.999, 0.999, 0.99, 0},
		Sums: [Lanes]float64{3, 4, 5, 0},
	}
	if rapid.Bool().Draw(t, "forgets") {
		s.Lambda, s.PerLambda, s.Fading = 0.99, 1/0.99, m
	}
	if rapid.Bool().Draw(t, "fixed knee") {
		s.Knee, s.RawKnee = 0.7, 0.7*s.Unit
	} else {
		s.KneePerSigma = 1.345
	}
	for j := range m {
		s.P[j*width+j] = rapid.SampledFrom([]float64{1e-3, 0.1, 1, 100}).Draw(t, "variance")
	}
	return s
}

// drawRows for it, some far, some beyond the numbers, some as good as without weight.
func drawRows(t *rapid.T, s *Run) (x []float64, stride int, y, weight []float64) {
	n, d := rapid.IntRange(0, 40).Draw(t, "rows"), s.Coefficients-1
	stride = len(s.Centre)
	rare := rapid.Float64Range(-1, 1)
	if rapid.Bool().Draw(t, "wild rows") {
		rare = rapid.OneOf(rare, rare, rare, rare, rapid.SampledFrom([]float64{5, -1e30, 1e61, math.NaN(), math.Inf(1)}))
	}
	for range n {
		x = append(x, Pad(rapid.SliceOfN(rapid.Float64Range(-2, 2), d, d).Draw(t, "x"))...)
		x[len(x)-stride] += rare.Draw(t, "far")
		y = append(y, rapid.Float64Range(-3, 3).Draw(t, "y")+rare.Draw(t, "outlier"))
		weight = append(weight, rapid.SampledFrom([]float64{1, 1, 0.5, 1e-300, 1e45, 1e60}).Draw(t, "weight"))
	}
	return x, stride, y, weight
}

func (s *Run) numbers() []float64 { return append([]float64{s.Sigma}, s.Sums[:]...) }

func clones(models []Run) []Run {
	out := slices.Clone(models)
	for i := range out {
		for _, slice := range []*[]float64{&out[i].Z, &out[i].Beta, &out[i].Score, &out[i].P, &out[i].PZ} {
			*slice = clone(*slice)
		}
	}
	return out
}

func checkRuns(t *rapid.T, got, want []Run) {
	for i := range want {
		checkBits(t, "β", got[i].Beta, want[i].Beta)
		checkBits(t, "score", got[i].Score, want[i].Score)
		checkBits(t, "P", got[i].P, want[i].P)
		checkBits(t, "σ and the tally", got[i].numbers(), want[i].numbers())
	}
}

func TestRunEqualsThePortableLoop(t *testing.T) {
	whole, parts := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		got := drawRuns(t)
		x, stride, y, weight := drawRows(t, &got[0])
		want, room := clones(got), len(y)*len(got)
		prediction, knee, prediction2, knee2 := make([]float64, room), make([]float64, room), make([]float64, room), make([]float64, room)
		done := LearnRun(got, x, stride, y, weight, prediction, knee)
		done2 := runPortable(want, x, stride, y, weight, prediction2, knee2)
		if done != done2 {
			t.Fatalf("%d steps, the portable loop made %d", done, done2)
		}
		if whole++; done < room {
			parts++
		}
		checkBits(t, "prediction", prediction[:done], prediction2[:done])
		checkBits(t, "knee", knee[:done], knee2[:done])
		checkRuns(t, got, want)
	})
	if parts == 0 || parts == whole {
		t.Errorf("%d of %d runs ended early", parts, whole)
	}
}

// How a run is cut changes nothing, nor whether models learn side by side.
func TestRunMayBeCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		together := drawRuns(t)
		x, stride, y, weight := drawRows(t, &together[0])
		apart, room := clones(together), len(y)*len(together)
		prediction, knee := make([]float64, room), make([]float64, room)
		rows := LearnRun(together, x, stride, y, weight, prediction, knee) / len(together)
		if rows < len(y) {
			return
		}
		cut := rapid.IntRange(0, rows).Draw(t, "cut")
		for i := range apart {
			for _, part := range [][2]int{{0, cut}, {cut, rows}} {
				from, to := part[0], part[1]
				if n := LearnRun(apart[i:i+1], x[from*stride:], stride, y[from:to], weight[from:], prediction, knee); n != to-from {
					t.Fatalf("%d rows, not %d", n, to-from)
				}
			}
		}
		checkRuns(t, apart, together)
	})
}
