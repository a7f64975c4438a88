package estimator

import "github.com/streamfit/streamfit/estimator/internal/kernel"

// randomScaling averages the iterates of a stochastic approximation, and measures the average's error by the path that it took, without estimating any
// derivative: with Dₛ the sum of the first s iterates about a reference, after n of them
//
//	β̄ = reference + Dₙ/n
//	V̂ = n⁻² Σₛ (Dₛ − (s/n)Dₙ)² = n⁻² (Σ Dₛ² − 2(Dₙ/n) Σ sDₛ + (Dₙ/n)² Σ s²)
//	(β̄ⱼ − βⱼ)/√(V̂ⱼ/n) → W(1) / (∫₀¹ (W(r) − rW(1))² dr)^½
//
// whose quantiles are known (Abadir & Paruolo 1997): 95 % lie within ±6.747. The path is blind to a common shift, so it is taken about the reference, which
// keeps the digits that sums of large numbers would lose.
//
// A start that is as good as the average of the first n₀ iterates counts as n₀ of them. Its own path is not known and enters as a straight line, which
// leaves out (n₀/n)² of V̂'s expectation; V̂ is divided by what remains.
//
// References: Lee, Liao, Seo & Shin, "Fast and robust online inference with stochastic gradient descent via random scaling", AAAI 36 (2022), arXiv 2106.03156;
// Kiefer, Vogelsang & Bunzel, Econometrica 68 (2000); Abadir & Paruolo, Econometrica 65 (1997), table 1.
type randomScaling struct {
	reference []float64
	before, n float64   // n₀; iterates so far, n₀ included
	sum       []float64 // Dₙ
	squares   []float64 // Σ Dₛ²
	moments   []float64 // Σ sDₛ
	mean      []float64 // β̄
}

const (
	crit95 = 6.747 // two-sided, 5 %

	fewestIterates = 16 // that an interval is made of
)

func newRandomScaling(width int) randomScaling {
	return randomScaling{
		reference: make([]float64, width), sum: make([]float64, width), squares: make([]float64, width), moments: make([]float64, width), mean: make([]float64, width),
	}
}

// start anew from a reference that stands for a number of iterates.
func (a *randomScaling) start(reference []float64, before float64) {
	copy(a.reference, reference)
	copy(a.mean, reference)
	a.before, a.n = before, before
	clear(a.sum)
	clear(a.squares)
	clear(a.moments)
}

// addHead adds the features of an iterate, after iterate ← iterate + scale·step. It returns Σⱼ shiftⱼ(iterateⱼ − referenceⱼ) over them; [randomScaling.addRest] adds
// the others.
func (a *randomScaling) addHead(iterate, step []float64, scale float64, shift []float64) float64 {
	a.n++
	head := kernel.Path{Sum: a.sum[:len(step)], Squares: a.squares, Moments: a.moments, Mean: a.mean}
	return head.Add(iterate, step, scale, a.reference, shift, a.n, 1/a.n)
}

// addRest of the iterate, which no step is joined with.
func (a *randomScaling) addRest(iterate []float64, from int) {
	rest, perN := kernel.Path{Sum: a.sum, Squares: a.squares, Moments: a.moments, Mean: a.mean}, 1/a.n
	for j := from; j < len(a.sum); j++ {
		rest.AddElement(j, iterate[j]-a.reference[j], a.reference[j], a.n, perN)
	}
}

// after tells whether the path is long enough for an interval: at least as long as the start that it follows, as a number of iterates, and as 16.
func (a *randomScaling) after(least float64) bool {
	return a.n-a.before >= max(a.before, least, fewestIterates)
}

// variance V̂ⱼ/n of β̄ⱼ.
func (a *randomScaling) variance(j int) float64 {
	n, last := a.n, a.sum[j]/a.n
	whole := n * (n + 1) * (2*n + 1) / 6 // Σ s²
	v := a.squares[j] - 2*last*a.moments[j] + last*last*whole
	seen := 1 - (a.before/n)*(a.before/n)
	return max(0, v) / (n * n * n * seen)
}

func (a *randomScaling) append(e *encoder) {
	e.floats(a.before, a.n)
	for _, part := range [...][]float64{a.reference, a.sum, a.squares, a.moments} {
		e.floats(part...)
	}
}

// restore what was appended, within bounds in which all that follows stays finite.
func (a *randomScaling) restore(d *decoder) {
	const most = 0x1p60
	a.before, a.n = d.float(), d.float()
	if !(a.before >= 0 && a.before <= a.n && a.n <= most) {
		d.fail("%v of %v iterates", a.before, a.n)
	}
	d.bounded(a.reference, asgdLargest)
	d.bounded(a.sum, 1e95)
	d.bounded(a.squares, 1e210)
	d.bounded(a.moments, 1e210)
	for j, sum := range a.sum {
		a.mean[j] = a.reference[j]
		if a.n > 0 {
			a.mean[j] += float64(sum * (1 / a.n))
		}
	}
}
