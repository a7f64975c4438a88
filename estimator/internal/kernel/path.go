package kernel

// Path of sums: the parts of a random scaling that change with every iterate. Their width is a multiple of Lanes.
type Path struct{ Sum, Squares, Moments, Mean []float64 }

// Add iterate n about the reference, after it was moved; perN is 1/n:
//
//	iterate ← iterate + scale·step
//	D ← D + (iterate − reference);  Squares += D²;  Moments += n·D;  Mean = reference + D·perN
//
// It returns Σⱼ shiftⱼ(iterateⱼ − referenceⱼ), summed in four lanes, j mod 4, which are added as (l₀ + l₂) + (l₁ + l₃).
func (p *Path) Add(iterate, step []float64, scale float64, reference, shift []float64, n, perN float64) float64 {
	width := len(p.Sum)
	q := Path{p.Sum, p.Squares[:width], p.Moments[:width], p.Mean[:width]}
	return joinPath(&q, iterate[:width], step[:width], scale, reference[:width], shift[:width], n, perN)
}

func joinPathPortable(p *Path, iterate, step []float64, scale float64, reference, shift []float64, n, perN float64) float64 {
	var sums [Lanes]float64
	for j, from := range reference {
		iterate[j] += float64(scale * step[j])
		off := iterate[j] - from
		sums[j%Lanes] += float64(shift[j] * off)
		p.AddElement(j, off, from, n, perN)
	}
	return Total(sums)
}

// AddElement j of iterate n, which is so far off the reference.
func (p *Path) AddElement(j int, off, reference, n, perN float64) {
	d := p.Sum[j] + off
	p.Sum[j] = d
	p.Squares[j] += float64(d * d)
	p.Moments[j] += float64(n * d)
	p.Mean[j] = reference + float64(d*perN)
}
