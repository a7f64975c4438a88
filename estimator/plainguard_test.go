package estimator

import "math"

// plainGuard is an oracle for the guard of asgd, written from docs/leverage.md: it begins with the tallies of the warm-up and shares no code with the guard.
type plainGuard struct {
	leverage             Leverage
	inside, expected     []float64 // by bin
	lately, latelyInside float64   // Σ v of the last rows, and of those that were inside
	rows                 float64
	away                 []float64
}

var plainEdges = []float64{3, 4, 5, 6.5, 8, 10, 13, 17, 22, 30, 45, 70, 120, 300, 900, 9e3, 9e4, 9e5, 9e6, 9e7, 9e8, 9e9, 9e10, 9e11, 9e12, 9e13, 9e14, 9e15}

func newPlainGuard(g *guard) *plainGuard {
	p := &plainGuard{leverage: g.Leverage, lately: g.recent.expected, latelyInside: g.recent.inside, rows: g.away.rows, away: append([]float64(nil), g.away.sum...)}
	for _, t := range g.bins {
		p.inside, p.expected = append(p.inside, t.inside), append(p.expected, t.expected)
	}
	return p
}

func (p *plainGuard) bin(far float64) int {
	for b := len(plainEdges) - 1; b >= 0; b-- {
		if far > plainEdges[b] {
			return b
		}
	}
	return -1
}

func (p *plainGuard) weight(z []float64) float64 {
	far, stays := 0.0, 0.0
	for j, v := range z {
		far = math.Max(far, math.Abs(v))
		if p.leverage.Auto && p.away[j] <= p.rows/2 {
			stays = math.Max(stays, math.Abs(v))
		}
	}
	switch {
	case p.leverage.Off:
		return 1
	case !p.leverage.Auto:
		return math.Pow(math.Min(1, p.leverage.Cap/far), 2)
	case stays <= 3:
		return 1
	}
	ratio, below := 1.0, 3.0
	for b := 0; b <= p.bin(stays); b++ {
		prior := 4.1 * math.Min(1, ratio) * below / binMiddles[b]
		ratio, below = (p.inside[b]+prior)/(p.expected[b]+4.1), binMiddles[b]
	}
	q := math.Min(1, ratio/0.7)
	s := math.Max(0, 2*q-1)
	return math.Pow(q, 4) * (s + (1-s)*9/stays/stays)
}

// count a row with the residual r, of which the prediction has the variance h σ², and the lever zᵀβ̄; it returns whether the row was inside.
func (p *plainGuard) count(z []float64, v, r, y, lever, sigma, h float64) bool {
	in := math.Abs(r) <= 1.345*sigma*math.Sqrt(1+h) || math.Abs(r) <= 1e-8*math.Abs(y)
	if !p.leverage.Auto {
		return in
	}
	far := 0.0
	for j, x := range z {
		far = math.Max(far, math.Abs(x))
		if math.Abs(x) > 3 {
			p.away[j] += 1 - v
		}
	}
	mute := in && h > 1 && math.Abs(lever) <= 4*sigma*math.Sqrt(1+h)
	if b := p.bin(far); b >= 0 && !mute {
		if in {
			p.inside[b]++
		}
		p.expected[b] += (p.latelyInside + 0.82) / (p.lately + 1)
		if p.expected[b] > 1000 {
			p.inside[b], p.expected[b] = p.inside[b]/2, p.expected[b]/2
		}
	}
	return in
}

// pass of a block of 32 rows.
func (p *plainGuard) pass(inside, weight float64) {
	keep := math.Pow(0.999, 32)
	p.latelyInside, p.lately, p.rows = p.latelyInside*keep+inside, p.lately*keep+weight, p.rows+32
}
