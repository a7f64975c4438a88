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

func addToPathPortable(sum, squares, moments, mean, iterate, reference []float64, n, perN float64) {
	for j, d := range sum {
		d += iterate[j] - reference[j]
		sum[j] = d
		squares[j] += float64(d * d)
		moments[j] += float64(n * d)
		mean[j] = reference[j] + float64(d*perN)
	}
}
