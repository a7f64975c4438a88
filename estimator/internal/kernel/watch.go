package kernel

import "math"

// WatchedRows are watched at a time at most.
const WatchedRows = 16

// Watch takes rows into the sums and the CUSUMs of the drift detector: two scores of a residual u, of which the first one's CUSUMs go from row to row.
type Watch struct {
	U, Weight     [WatchedRows]float64 // of each row: its residual in σ̂, and how much it counts
	Level, Spread Scores
	Weights       float64        // Σ weight
	Cusum         [Lanes]float64 // two of Σe, and two of −Σe
	Drag          [Lanes]float64 // k of each
	Most          [Lanes]float64 // the largest value that each has had
}

// Scores of rows: x is u within ±Most, or of the spread (u − Center − Rho(x₋ − Center))² up to Most, with Center, Rho and x₋ of the level; e = (x − Center − Rho(x₋ − Center))·PerScale·weight.
type Scores struct {
	Sum, Squares, Products, Whitened float64 // Σ weight·x, Σ weight·x², Σ weight·x·x₋, Σe
	Center, Rho, PerScale, Most      float64
	X                                [Lanes + WatchedRows]float64 // from Lanes on; before that the x of the row before
	_                                [3][WatchedRows]float64      // room for weight·x, weight·x², weight·x·x₋
	E                                [WatchedRows]float64
}

// Add the first n of the rows, one after the other: it makes no difference how they are cut.
func (w *Watch) Add(n int) {
	watch(w, n)
	w.Level.X[Lanes-1], w.Spread.X[Lanes-1] = w.Level.X[Lanes-1+n], w.Spread.X[Lanes-1+n]
}

func watchPortable(w *Watch, n int) {
	for i := range n {
		u, weight := w.U[i], w.Weight[i]
		e := w.Level.add(i, u, weight)
		w.Spread.add(i, w.Level.surprise(i, u), weight)
		w.Weights += weight
		for lane, s := range w.Cusum {
			step := e
			if lane >= Lanes/2 {
				step = -e
			}
			s = positive(s + step - w.Drag[lane])
			w.Cusum[lane], w.Most[lane] = s, max(w.Most[lane], s)
		}
	}
}

func (s *Scores) add(i int, x, weight float64) float64 {
	x = max(-s.Most, min(s.Most, x))
	before := s.X[Lanes+i-1]
	s.X[Lanes+i] = x
	s.Sum += float64(weight * x)
	s.Squares += float64(weight * (x * x))
	s.Products += float64(weight * (x * before))
	e := float64((x-s.Center-float64(s.Rho*(before-s.Center)))*s.PerScale) * weight
	s.E[i] = e
	s.Whitened += e
	return e
}

// surprise is the square of what u is beyond that which the row before lets expect.
func (s *Scores) surprise(i int, u float64) float64 {
	beyond := u - s.Center - float64(s.Rho*(s.X[Lanes+i-1]-s.Center))
	return float64(beyond * beyond)
}

// positive part, without a branch that cannot be foreseen.
func positive(v float64) float64 {
	bits := math.Float64bits(v)
	return math.Float64frombits(bits &^ uint64(int64(bits)>>63))
}

// AddScoresOf rows: with z = (xᵢ − centreᵢ)·perScaleᵢ within ±clip, sumᵢ += e·z and squaresᵢ += (e·z)² of each row in turn.
func AddScoresOf(sum, squares, x []float64, stride int, centre, perScale, e []float64, clip float64) {
	if n := len(sum); n > 0 && len(e) > 0 {
		_ = x[(len(e)-1)*stride+n-1]
		addScoresOf(sum, squares[:n], x, stride, centre[:n], perScale[:n], e, clip)
	}
}

func addScoresOfPortable(sum, squares, x []float64, stride int, centre, perScale, e []float64, bound float64) {
	for i, e := range e {
		for j, v := range x[i*stride:][:len(sum)] {
			g := e * clip((v-centre[j])*perScale[j], bound)
			sum[j] += g
			squares[j] += float64(g * g)
		}
	}
}

// Evidence of blocks about each coefficient: the mean of its statistics Sum/√Squares, the CUSUMs over what they are beyond it, and the mean of the newest ones.
type Evidence struct{ Sum, Squares, Mean, Recent, Up, Down, Up2, Down2 []float64 }

// EndBlock takes the sums of a block, which begin anew, into all the rest; drag is k of either pair of CUSUMs, n the number of blocks of the mean. It returns the
// largest CUSUM of either pair.
func (s *Evidence) EndBlock(drag, drag2, n float64) (most, most2 float64) {
	return endBlock(s, drag, drag2, n)
}

func endBlockPortable(s *Evidence, drag, drag2, n float64) (most, most2 float64) {
	for j, squares := range s.Squares {
		statistic := 0.0
		if squares > 0 {
			statistic = s.Sum[j] / math.Sqrt(squares)
		}
		more := statistic - s.Mean[j]
		s.Up[j], s.Down[j] = positive(s.Up[j]+more-drag), positive(s.Down[j]-more-drag)
		s.Up2[j], s.Down2[j] = positive(s.Up2[j]+more-drag2), positive(s.Down2[j]-more-drag2)
		s.Recent[j] += (more - s.Recent[j]) * (1.0 / 4)
		s.Mean[j] += more / n
		s.Sum[j], s.Squares[j] = 0, 0
		most, most2 = max(most, s.Up[j], s.Down[j]), max(most2, s.Up2[j], s.Down2[j])
	}
	return most, most2
}
