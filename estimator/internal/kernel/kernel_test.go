package kernel

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// values of a length, often with numbers at the ends of the scale.
func values(length int) *rapid.Generator[[]float64] {
	number := rapid.OneOf(rapid.Float64Range(-3, 3), rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1e300, -1e300, 5e-324, 1e-200, math.MaxFloat64}))
	return rapid.SliceOfN(number, length, length)
}

func drawLength(t *rapid.T) int { return Lanes * rapid.IntRange(0, 21).Draw(t, "vectors") }

// checkBits of the two slices, any NaN being as good as another.
func checkBits(t *rapid.T, what string, got, want []float64) {
	for i := range want {
		if math.Float64bits(got[i]) != math.Float64bits(want[i]) && !(math.IsNaN(got[i]) && math.IsNaN(want[i])) {
			t.Fatalf("%s: element %d of %d is %v, the portable loop has %v", what, i, len(want), got[i], want[i])
		}
	}
}

func clone(x []float64) []float64 { return append([]float64(nil), x...) }

// An instruction of SSE among those of AVX, while the upper halves of the registers are in use, costs tens of cycles on many processors, as does the next one of AVX.
func TestKernelsDoNotMixSSEWithAVX(t *testing.T) {
	source, err := os.ReadFile("kernels_amd64.s")
	if err != nil {
		t.Fatal(err)
	}
	name := ""
	for line := range strings.Lines(string(source)) {
		if rest, is := strings.CutPrefix(line, "// func "); is {
			name, _, _ = strings.Cut(rest, "(")
		}
		if strings.HasPrefix(line, "// Requires:") && strings.Contains(line, "SSE") {
			t.Errorf("%s: %s", name, strings.TrimSpace(line))
		}
	}
}

func TestVectorKernelsEqualPortableLoops(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := drawLength(t)
		a, b, c := values(n).Draw(t, "a"), values(n).Draw(t, "b"), values(n).Draw(t, "c")
		u := values(1).Draw(t, "u")[0]
		checkBits(t, "dot", []float64{Dot(a, b)}, []float64{dotPortable(a, b)})
		checkBits(t, "largest", []float64{MaxAbs(a)}, []float64{maxAbsPortable(a)})
		got, want := clone(a), clone(a)
		Sqrt(got)
		squareRootsPortable(want)
		checkBits(t, "square roots", got, want)
		got, want = clone(a), clone(a)
		AddScaled(got, u, b)
		addScaledPortable(want, u, b)
		checkBits(t, "add scaled", got, want)
		Standardise(got, a, b, c)
		standardisePortable(want, a, b, c)
		checkBits(t, "standardise", got, want)
	})
}

// The order of a dot product's sum is what its comment says, whichever loop runs.
func TestDotAddsInTheOrderItSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := drawLength(t)
		a, b := values(n).Draw(t, "a"), values(n).Draw(t, "b")
		var s [16]float64
		for i := range a {
			s[i%16] += float64(a[i] * b[i])
		}
		var l [4]float64
		for i := range l {
			l[i] = (s[i] + s[4+i]) + (s[8+i] + s[12+i])
		}
		checkBits(t, "dot", []float64{Dot(a, b)}, []float64{(l[0] + l[2]) + (l[1] + l[3])})
	})
}

func TestSurveyEqualsPortableLoop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, rows := drawLength(t), rapid.IntRange(0, 17).Draw(t, "rows")
		stride := d + Lanes*rapid.IntRange(0, 2).Draw(t, "padding")
		draw := func(what string, n int) []float64 { return values(n).Draw(t, what) }
		c := draw("constants", 12)
		got := newSurvey(d, rows)
		got.Centre, got.PerScale, got.Mean = draw("centre", d), draw("per scale", d), draw("mean", d)
		got.Location, got.PerUnit, got.Unit, got.Intercept, got.Median, got.Knee, got.KneeSquare = c[0], c[1], c[2], c[3], c[4], c[5], c[6]
		got.PerRow, got.Rounding, got.Largest, got.LargestSquare, got.Nearest, got.Gamma = c[7], c[8], c[9], c[10], math.Abs(c[11]), 0.3
		got.StepKnee, got.Most = rapid.SampledFrom([]float64{1.3, math.Inf(1), 1e-200}).Draw(t, "knee"), 1e60
		want := got
		other := newSurvey(d, rows)
		want.Z, want.Y, want.Square, want.Far, want.Gain, want.Limit = other.Z, other.Y, other.Square, other.Far, other.Gain, other.Limit
		room := rows + Lanes - 1
		x, raw, weight := draw("x", stride*rows), draw("raw", room), draw("weight", room)
		for i := range weight {
			weight[i] = math.Abs(weight[i])
		}
		prediction, wantPrediction := make([]float64, room)[:rows], make([]float64, rows)
		sides := got.Of(x, stride, raw, weight, prediction)
		wantSides := surveyPortable(&want, x, stride, raw, weight, wantPrediction)
		checkBits(t, "predictions", prediction, wantPrediction)
		checkBits(t, "rows", got.Z, want.Z)
		for what, both := range map[string][2][]float64{"y": {got.Y, want.Y}, "square": {got.Square, want.Square}} {
			checkBits(t, what, both[0][:rows], both[1][:rows])
		}
		for i := range rows {
			if wantSides.Outside>>i&1 == 0 {
				checkBits(t, "gain", got.Gain[i:i+1], want.Gain[i:i+1])
				checkBits(t, "limit", got.Limit[i:i+1], want.Limit[i:i+1])
			}
		}
		finite := uint64(0) // rows whose far is of use
		for i := range rows {
			if z := want.Z[i*d : (i+1)*d]; Finite(z) {
				finite |= 1 << i
				checkBits(t, "far", got.Far[i:i+1], want.Far[i:i+1])
			}
		}
		sides.Distant, wantSides.Distant = sides.Distant&finite, wantSides.Distant&finite
		sides.Infinite, wantSides.Infinite = sides.Infinite&^sides.Outside, wantSides.Infinite&^sides.Outside
		if sides != wantSides {
			t.Fatalf("sides %b, the portable loop says %b", sides, wantSides)
		}
	})
}

func newSurvey(d, rows int) Survey {
	room := func() []float64 { return make([]float64, rows+Lanes-1) }
	return Survey{Z: make([]float64, d*rows), Y: room(), Square: room(), Far: room(), Gain: room(), Limit: room()}
}

func TestPathEqualsPortableLoop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := drawLength(t)
		draw := func(what string) []float64 { return values(width).Draw(t, what) }
		want, iterate := Path{draw("sum"), draw("squares"), draw("moments"), draw("mean")}, draw("iterate")
		step, reference, shift := draw("step"), draw("reference"), draw("shift")
		got, gotIterate := Path{clone(want.Sum), clone(want.Squares), clone(want.Moments), clone(want.Mean)}, clone(iterate)
		offset := got.Add(gotIterate, step, 0.7, reference, shift, 7, 1.0/7)
		checkBits(t, "offset", []float64{offset}, []float64{joinPathPortable(&want, iterate, step, 0.7, reference, shift, 7, 1.0/7)})
		checkBits(t, "iterate", gotIterate, iterate)
		checkBits(t, "sum", got.Sum, want.Sum)
		checkBits(t, "squares", got.Squares, want.Squares)
		checkBits(t, "moments", got.Moments, want.Moments)
		checkBits(t, "mean", got.Mean, want.Mean)
	})
}

func TestStepsEqualPortableLoop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, rows := Lanes*rapid.IntRange(0, 4).Draw(t, "vectors"), rapid.IntRange(0, 9).Draw(t, "rows")
		z, y, gain := values(d*rows).Draw(t, "z"), values(rows).Draw(t, "y"), values(rows).Draw(t, "gain")
		limit := rapid.SliceOfN(rapid.SampledFrom([]float64{0.1, 1, 1e12}), rows, rows).Draw(t, "limit")
		got := Steps{Kept: values(d).Draw(t, "kept"), Step: values(d).Draw(t, "step"), Scale: values(1).Draw(t, "scale")[0], KeptIntercept: 1, StepIntercept: 0.3}
		want := got
		want.Kept, want.Step = clone(got.Kept), clone(got.Step)
		got.Take(z, y, gain, limit)
		takePortable(&want, z, y, gain, limit)
		checkBits(t, "kept", got.Kept, want.Kept)
		checkBits(t, "step", got.Step, want.Step)
		checkBits(t, "scale and intercept", []float64{got.Scale, got.KeptIntercept, got.StepIntercept}, []float64{want.Scale, want.KeptIntercept, want.StepIntercept})
	})
}

// More rows than are gathered at once, and an infinity in each of the parts.
func TestGatherOfManyRowsEqualsPortableLoop(t *testing.T) {
	const rows, d = 2*rowsAtOnce + 7, 4*Lanes + 2*Lanes + 1
	columns := make([][]float64, d)
	for j := range columns {
		for i := range rows {
			columns[j] = append(columns[j], float64(j*rows+i))
		}
	}
	stride := Padded(d)
	got, want := make([]float64, rows*stride), make([]float64, rows*stride)
	gatherPortable(want, stride, columns, 0, rows)
	if !Gather(got, stride, columns, 0, rows) || !slices.Equal(got, want) {
		t.Error("not what the portable loop gathers")
	}
	for _, i := range []int{0, rowsAtOnce, 2*rowsAtOnce + 6} {
		kept := columns[3][i]
		columns[3][i] = math.Inf(1)
		if Gather(got, stride, columns, 0, rows) {
			t.Errorf("an infinity in row %d is not seen", i)
		}
		columns[3][i] = kept
	}
}

func TestGatherEqualsPortableLoop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, rows := rapid.IntRange(0, 19).Draw(t, "d"), rapid.IntRange(0, 40).Draw(t, "rows")
		from := rapid.IntRange(0, rows).Draw(t, "from")
		n := rapid.IntRange(0, rows-from).Draw(t, "n")
		columns := make([][]float64, d)
		for j := range columns {
			columns[j] = values(rows).Draw(t, "column")
			if rows > 0 && rapid.IntRange(0, 30).Draw(t, "spoil") == 0 {
				columns[j][rapid.IntRange(0, rows-1).Draw(t, "where")] = rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), math.Inf(-1), Largest, -Largest, math.Nextafter(Largest, 2*Largest), -2 * Largest}).Draw(t, "what")
			}
		}
		stride := Padded(d)
		got, want := make([]float64, rows*stride), make([]float64, rows*stride)
		if got, want := Gather(got, stride, columns, from, n), gatherPortable(want, stride, columns, from, n); got != want {
			t.Fatalf("within range is %v, the portable loop says %v", got, want)
		}
		checkBits(t, "gather", got, want)
	})
}

func TestSymmetricKernelsEqualPortableLoops(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.IntRange(0, 40).Draw(t, "m")
		stride := Padded(m)
		p := values(m*stride).Draw(t, "p")
		z := values(m).Draw(t, "z")
		got, want := make([]float64, stride), make([]float64, stride)
		SymmetricTimes(got, p, z)
		symmetricTimesPortable(want, p, z)
		checkBits(t, "times", got, want)
		q, factor := values(stride).Draw(t, "q"), rapid.Float64Range(0.5, 2).Draw(t, "factor")
		gotP, wantP := clone(p), clone(p)
		SymmetricDowndate(gotP, q, m, factor)
		symmetricDowndatePortable(wantP, q, m, factor)
		checkBits(t, "downdate", gotP, wantP)
	})
}

func TestNewtonKernelsEqualPortableLoops(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.IntRange(0, FewCoefficients-1).Draw(t, "features")
		stride, width := Padded(d+1), Padded(d)
		draw := func(what string, n int) []float64 { return values(n).Draw(t, what) }
		x, centre, perScale, beta, p := draw("x", width), draw("centre", width), draw("per scale", width), draw("beta", stride), draw("p", (d+1)*stride)
		clear(x[d:])
		clear(centre[d:])
		z := append([]float64{1}, make([]float64, stride+Lanes)...)
		gotZ, wantZ, gotPz, wantPz := clone(z), clone(z), make([]float64, stride), make([]float64, stride)
		far, product, h := Regard(gotZ, x, centre, perScale, beta, p, gotPz, d+1)
		wantFar, wantProduct, wantH := regardPortable(wantZ[:max(stride, 1+width)], x, centre, perScale, beta, p, wantPz, d+1)
		checkBits(t, "z", gotZ[:d+1], wantZ[:d+1])
		checkBits(t, "Pz", gotPz, wantPz)
		checkBits(t, "products", []float64{product, h}, []float64{wantProduct, wantH})
		if Finite(wantZ) {
			checkBits(t, "far", []float64{far}, []float64{wantFar})
		}
		rows := rapid.SampledFrom([]int{0, d + 1}).Draw(t, "rows")
		score, c := draw("score", stride), draw("gains", 4)
		if rapid.Bool().Draw(t, "no factor") {
			c[3] = 1
		}
		gotBeta, gotScore, gotP := clone(beta), clone(score), clone(p)
		Advance(gotBeta, gotScore, gotP, gotPz, gotZ, rows, c[0], c[1], c[2], c[3])
		advancePortable(beta, score, p[:rows*stride], wantPz, wantZ[:stride], rows, c[0], c[1], c[2], c[3])
		checkBits(t, "beta", gotBeta, beta)
		checkBits(t, "score", gotScore, score)
		checkBits(t, "Pz", gotPz, wantPz)
		checkBits(t, "P", gotP, p)
	})
}

func TestHuberEqualsPortableLoop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, rows := drawLength(t), rapid.IntRange(0, 9).Draw(t, "rows")
		stride := d + Lanes*rapid.IntRange(0, 2).Draw(t, "padding")
		w, x, y := values(d).Draw(t, "w"), values(stride*rows).Draw(t, "x"), values(rows).Draw(t, "y")
		gain, shrink := values(rows).Draw(t, "gain"), values(rows).Draw(t, "shrink")
		b, learn := rapid.Float64Range(0, 3).Draw(t, "b"), rapid.SampledFrom([]float64{0, 1}).Draw(t, "intercept")
		bound := rapid.SliceOfN(rapid.SampledFrom([]float64{0.1, 1, 1e12}), rows, rows).Draw(t, "bound")
		gotW, wantW, gotP, wantP := clone(w), clone(w), make([]float64, rows), make([]float64, rows)
		gotB := Huber(gotW, x, stride, y, gain, shrink, bound, gotP, b, learn)
		wantB := huberPortable(wantW, x, stride, y, gain, shrink, bound, wantP, b, learn)
		checkBits(t, "intercept", []float64{gotB}, []float64{wantB})
		checkBits(t, "weights", gotW, wantW)
		checkBits(t, "predictions", gotP, wantP)
	})
}

func TestDescentEqualsPortableLoop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, rows := Lanes*rapid.IntRange(0, 4).Draw(t, "vectors"), rapid.IntRange(0, 9).Draw(t, "rows")
		stride := d + Lanes*rapid.IntRange(0, 2).Draw(t, "padding")
		x, y := values(stride*rows).Draw(t, "x"), values(rows).Draw(t, "y")
		gain, shrink := values(rows).Draw(t, "gain"), values(rows).Draw(t, "shrink")
		bound := rapid.SliceOfN(rapid.SampledFrom([]float64{0.1, 1, 1e12}), rows, rows).Draw(t, "bound")
		got := Descent{Kept: values(d).Draw(t, "kept"), Step: values(d).Draw(t, "step"), Scale: values(1).Draw(t, "scale")[0], Intercept: 1}
		want := Descent{Kept: clone(got.Kept), Step: clone(got.Step), Scale: got.Scale, Intercept: got.Intercept}
		learn := rapid.SampledFrom([]float64{0, 1}).Draw(t, "intercept")
		gotP, wantP := make([]float64, rows), make([]float64, rows)
		got.Learn(x, stride, y, gain, shrink, bound, gotP, learn)
		descendPortable(&want, x, stride, y, gain, shrink, bound, wantP, learn)
		checkBits(t, "kept", got.Kept, want.Kept)
		checkBits(t, "step", got.Step, want.Step)
		checkBits(t, "scale and intercept", []float64{got.Scale, got.Intercept}, []float64{want.Scale, want.Intercept})
		checkBits(t, "predictions", gotP, wantP)
	})
}

func TestGainsEqualPortableLoop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 30).Draw(t, "rows")
		divisor := rapid.SliceOfN(rapid.Float64Range(0.5, 1e9), n, n).Draw(t, "divisor")
		weight := rapid.SliceOfN(rapid.Float64Range(1e-3, 1e3), n, n).Draw(t, "weight")
		numerator, alpha := rapid.Float64Range(1e-9, 100).Draw(t, "numerator"), rapid.Float64Range(0, 10).Draw(t, "alpha")
		gain, shrink, wantGain, wantShrink := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
		Gains(gain, shrink, divisor, weight, numerator, alpha)
		gainsPortable(wantGain, wantShrink, divisor, weight, numerator, alpha)
		checkBits(t, "gain", gain, wantGain)
		checkBits(t, "shrink", shrink, wantShrink)
	})
}

func TestProgressEqualsPortableLoop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 30).Draw(t, "rows")
		prediction, y := values(n).Draw(t, "prediction"), values(n).Draw(t, "y")
		knee := rapid.SliceOfN(rapid.SampledFrom([]float64{0.5, 1, 1e300, math.Inf(1)}), n, n).Draw(t, "knee")
		var got, want Progress
		got.Add([]float64{0, 0, 0, 0, 0, 0, 0, 0}, []float64{1, 2, 3, 1, 1, 2, 2, 9}, []float64{1, 1, 1, 1, 1, 1, 1, 1}, 0.996)
		want = got
		cut := rapid.IntRange(0, n).Draw(t, "cut")
		a := got.Add(prediction[:cut], y[:cut], knee[:cut], 0.996) + got.Add(prediction[cut:], y[cut:], knee[cut:], 0.996)
		if b := progressPortable(&want, prediction, y, knee, 0.996); a != b {
			t.Fatalf("%d outliers, the portable loop counts %d", a, b)
		}
		bits := func(s Progress) (all []float64) {
			for _, lanes := range [][Lanes]float64{s.Loss, s.Absolute, s.Square, s.Window, s.Baseline, s.Inside, s.Pull} {
				all = append(all, lanes[:]...)
			}
			return append(all, s.Constant, s.Gain, float64(s.Rows))
		}
		checkBits(t, "progress", bits(got), bits(want))
	})
}

// The constant is the location M-estimate, however far from 0 it lies, and its losses are those of a model without features.
func TestProgressFindsTheConstant(t *testing.T) {
	const rows, far = 40_000, 5000.0
	prediction, y, knee := make([]float64, rows), make([]float64, rows), make([]float64, rows)
	state := uint64(1)
	for i := range y {
		state = state*6364136223846793005 + 1442695040888963407
		y[i], knee[i] = far+float64(state>>40)/(1<<22)-2, 1 // uniform on ±2 about far
		if i%5 == 0 {
			y[i] = far + 300 - float64(i%2)*600
		}
		prediction[i] = far
	}
	var s Progress
	if outliers := s.Add(prediction, y, knee, 0.996); outliers < rows/5 {
		t.Errorf("%d outliers", outliers)
	}
	if math.Abs(s.Constant-far) > 0.05 {
		t.Errorf("constant %v, want %v", s.Constant, far)
	}
	if got, want := Total(s.Baseline), Total(s.Loss); math.Abs(got-want) > 0.01*want {
		t.Errorf("loss %v of the constant, %v of the best one", got, want)
	}
}

func TestFiniteFindsEveryOtherValue(t *testing.T) {
	for n := range 20 {
		x := make([]float64, n)
		if !Finite(x) {
			t.Fatalf("%d zeros are not finite", n)
		}
		for i := range x {
			for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
				x[i] = v
				if Finite(x) {
					t.Errorf("%v at %d of %d is not found", v, i, n)
				}
			}
			x[i] = math.MaxFloat64
		}
	}
}

var lengths = []int{4, 16, 64, 256}

func BenchmarkHuber(b *testing.B) {
	for _, d := range lengths {
		for name, loop := range map[string]func(w, x []float64, stride int, y, gain, shrink, bound, prediction []float64, b, learnIntercept float64) float64{"portable": huberPortable, "chosen": Huber} {
			b.Run(fmt.Sprintf("d=%d/%s", d, name), func(b *testing.B) {
				const rows = 16
				w, x, y := make([]float64, d), make([]float64, d*rows), make([]float64, rows)
				gain, shrink, bound, prediction := make([]float64, rows), make([]float64, rows), make([]float64, rows), make([]float64, rows)
				for i := range x {
					x[i] = float64(i%7) - 3
				}
				for i := range y {
					y[i], gain[i], shrink[i], bound[i] = float64(i%5), 1e-3, 1, 1
				}
				for b.Loop() {
					loop(w, x, d, y, gain, shrink, bound, prediction, 0, 1)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
			})
		}
	}
}

func BenchmarkGather(b *testing.B) {
	for _, d := range lengths {
		for name, loop := range map[string]func(dst []float64, stride int, columns [][]float64, from, n int) bool{"portable": gatherPortable, "chosen": Gather} {
			b.Run(fmt.Sprintf("d=%d/%s", d, name), func(b *testing.B) {
				const rows = 10_000
				run := min(256, 32768/d)
				columns := make([][]float64, d)
				for j := range columns {
					columns[j] = make([]float64, rows)
				}
				dst := make([]float64, run*d)
				for b.Loop() {
					for at := 0; at+run <= rows; at += run {
						loop(dst, d, columns, at, run)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
			})
		}
	}
}

func BenchmarkSymmetric(b *testing.B) {
	for _, m := range []int{5, 17, 65} {
		stride := Padded(m)
		p, z, q := make([]float64, m*stride), make([]float64, m), make([]float64, stride)
		b.Run(fmt.Sprintf("times/m=%d", m), func(b *testing.B) {
			for b.Loop() {
				SymmetricTimes(q, p, z)
			}
		})
		b.Run(fmt.Sprintf("downdate/m=%d", m), func(b *testing.B) {
			for b.Loop() {
				SymmetricDowndate(p, q, m, 1)
			}
		})
	}
}

func BenchmarkProgress(b *testing.B) {
	const rows = 256
	prediction, y, knee := make([]float64, rows), make([]float64, rows), make([]float64, rows)
	for i := range y {
		y[i], prediction[i], knee[i] = float64(i%7)-3, float64(i%5)/2, 1.345
	}
	for name, loop := range map[string]func(s *Progress, prediction, y, knee []float64, keep4 float64) uint64{"portable": progressPortable, "chosen": progress} {
		b.Run(name, func(b *testing.B) {
			s := Progress{Rows: Lanes}
			for b.Loop() {
				loop(&s, prediction, y, knee, 0.999)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
		})
	}
}

func BenchmarkSurvey(b *testing.B) {
	for _, d := range lengths {
		b.Run(fmt.Sprintf("d=%d", d), func(b *testing.B) {
			const rows = 16
			s, x := newSurvey(d, rows), make([]float64, d*rows)
			s.Centre, s.PerScale, s.Mean = make([]float64, d), make([]float64, d), make([]float64, d)
			raw, weight, prediction := make([]float64, rows+Lanes), make([]float64, rows+Lanes), make([]float64, rows+Lanes)[:rows]
			for b.Loop() {
				s.Of(x, d, raw, weight, prediction)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
		})
	}
}

func BenchmarkDescent(b *testing.B) {
	for _, d := range []int{4, 8, 12, 16} {
		b.Run(fmt.Sprintf("d=%d", d), func(b *testing.B) {
			const rows = 256
			s, x, y := Descent{Kept: make([]float64, d), Step: make([]float64, d)}, make([]float64, d*rows), make([]float64, rows)
			gain, shrink, bound, prediction := make([]float64, rows), make([]float64, rows), make([]float64, rows), make([]float64, rows)
			for i := range x {
				x[i] = float64(i%7) - 3
			}
			for i := range y {
				y[i], gain[i], shrink[i], bound[i] = float64(i%5), 1e-3, 1, 1
			}
			for b.Loop() {
				s.Learn(x, d, y, gain, shrink, bound, prediction, 1)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
		})
	}
}

func TestWithinFindsEveryOtherValue(t *testing.T) {
	for n := range 70 {
		x := make([]float64, n)
		for i := range x {
			x[i] = Largest
		}
		if !Within(x) {
			t.Fatalf("%d values in range are not", n)
		}
		for i := range x {
			for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.Nextafter(Largest, 2*Largest), -math.MaxFloat64} {
				if x[i] = bad; Within(x) {
					t.Fatalf("%v at %d of %d is not seen", bad, i, n)
				}
			}
			x[i] = -Largest
		}
	}
}
