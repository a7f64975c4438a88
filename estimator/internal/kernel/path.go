package kernel

// Path of sums, of any width: the parts of a random scaling that change with every iterate.
type Path struct{ Sum, Squares, Moments, Mean []float64 }

// Add iterate n about the reference; perN is 1/n:
//
//	D ← D + (iterate − reference);  Squares += D²;  Moments += n·D;  Mean = reference + D·perN
func (p *Path) Add(iterate, reference []float64, n, perN float64) {
	width := len(p.Sum)
	whole := width / Lanes * Lanes
	q := Path{p.Sum, p.Squares[:width], p.Moments[:width], p.Mean[:width]}
	iterate, reference = iterate[:width], reference[:width]
	addToPath(q.Sum[:whole], q.Squares[:whole], q.Moments[:whole], q.Mean[:whole], iterate[:whole], reference[:whole], n, perN)
	addToPathPortable(q.Sum[whole:], q.Squares[whole:], q.Moments[whole:], q.Mean[whole:], iterate[whole:], reference[whole:], n, perN)
}

// AddJoined adds iterate n, of a multiple of Lanes, after iterate ← iterate + scale·step. It returns Σⱼ shiftⱼ(iterateⱼ − referenceⱼ), summed in four lanes, j mod 4,
// which are added as (l₀ + l₂) + (l₁ + l₃).
func (p *Path) AddJoined(iterate, step []float64, scale float64, reference, shift []float64, n, perN float64) float64 {
	width := len(p.Sum)
	q := Path{p.Sum, p.Squares[:width], p.Moments[:width], p.Mean[:width]}
	return joinPath(&q, iterate[:width], step[:width], scale, reference[:width], shift[:width], n, perN)
}

func joinPathPortable(p *Path, iterate, step []float64, scale float64, reference, shift []float64, n, perN float64) float64 {
	var sums [Lanes]float64
	for j, from := range reference {
		iterate[j] += float64(scale * step[j])
		sums[j%Lanes] += float64(shift[j] * (iterate[j] - from))
	}
	addToPathPortable(p.Sum, p.Squares, p.Moments, p.Mean, iterate, reference, n, perN)
	return Total(sums)
}

func addToPathPortable(sum, squares, moments, mean, iterate, reference []float64, n, perN float64) {
	for j, d := range sum {
		d += iterate[j] - reference[j]
		sum[j] = d
		squares[j] += float64(d * d)
		moments[j] += float64(n * d)
		mean[j] = reference[j] + float64(d*perN)
	}
}
