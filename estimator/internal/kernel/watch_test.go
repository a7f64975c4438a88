package kernel

import (
	"testing"

	"pgregory.net/rapid"
)

func TestWatchEqualsPortableLoop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, WatchedRows).Draw(t, "rows")
		small := rapid.Float64Range(-3, 3)
		draw := func(what string, dst ...*float64) {
			for _, v := range dst {
				*v = small.Draw(t, what)
			}
		}
		var got Watch
		for i := range WatchedRows {
			draw("row", &got.U[i], &got.Weight[i])
		}
		for _, s := range []*Scores{&got.Level, &got.Spread} {
			draw("scores", &s.Sum, &s.Squares, &s.Products, &s.Whitened, &s.Center, &s.Rho, &s.PerScale, &s.X[Lanes-1])
			s.Most = rapid.Float64Range(0.5, 9).Draw(t, "most")
		}
		for lane := range Lanes {
			got.Cusum[lane], got.Drag[lane] = rapid.Float64Range(0, 9).Draw(t, "CUSUM"), rapid.Float64Range(0.1, 2).Draw(t, "k")
		}
		want := got
		got.Add(n)
		watchPortable(&want, n)
		want.Level.X[Lanes-1], want.Spread.X[Lanes-1] = want.Level.X[Lanes-1+n], want.Spread.X[Lanes-1+n]
		checkBits(t, "rows", watched(&got, n), watched(&want, n))

		cut := rapid.IntRange(0, n).Draw(t, "cut")
		pieces := got
		pieces.Add(cut)
		pieces.shift(cut)
		pieces.Add(n - cut)
		got.Add(n)
		checkBits(t, "pieces", watched(&pieces, 0), watched(&got, 0))
	})
}

// watched is all that n rows came to.
func watched(w *Watch, n int) []float64 {
	all := append(clone(w.Cusum[:]), w.Most[:]...)
	all = append(all, w.Weights)
	for _, s := range []*Scores{&w.Level, &w.Spread} {
		all = append(all, s.Sum, s.Squares, s.Products, s.Whitened, s.X[Lanes-1])
		all = append(all, s.E[:n]...)
	}
	return all
}

// shift the rows, of which so many are done.
func (w *Watch) shift(done int) {
	copy(w.U[:], w.U[done:])
	copy(w.Weight[:], w.Weight[done:])
}

func TestAddScoresOfRowsEqualsPortableLoop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, rows := drawLength(t), rapid.IntRange(0, WatchedRows).Draw(t, "rows")
		stride := d + Lanes*rapid.IntRange(0, 2).Draw(t, "padding")
		draw := func(what string, n int) []float64 { return values(n).Draw(t, what) }
		sum, squares, centre, perScale := draw("sum", d), draw("squares", d), draw("centre", d), draw("per scale", d)
		x, e := draw("x", stride*rows), draw("e", rows)
		gotSum, gotSquares := clone(sum), clone(squares)
		AddScoresOf(gotSum, gotSquares, x, stride, centre, perScale, e, 2.5)
		addScoresOfPortable(sum, squares, x, stride, centre, perScale, e, 2.5)
		checkBits(t, "sum of scores", gotSum, sum)
		checkBits(t, "their squares", gotSquares, squares)
	})
}

func TestEndBlockEqualsPortableLoop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawLength(t)
		draw := func(low, high float64) []float64 {
			return rapid.SliceOfN(rapid.Float64Range(low, high), d, d).Draw(t, "column")
		}
		got := Evidence{
			Sum: draw(-9, 9), Squares: draw(0.1, 9), Mean: draw(-1, 1), Recent: draw(-1, 1), Up: draw(0, 9), Down: draw(0, 9), Up2: draw(0, 9), Down2: draw(0, 9),
		}
		for j := range d {
			if rapid.IntRange(0, 3).Draw(t, "none") == 0 {
				got.Sum[j], got.Squares[j] = 0, 0
			}
		}
		want := Evidence{
			clone(got.Sum), clone(got.Squares), clone(got.Mean), clone(got.Recent), clone(got.Up), clone(got.Down), clone(got.Up2), clone(got.Down2),
		}
		most, most2 := got.EndBlock(0.9, 1.8, 3)
		wantMost, wantMost2 := endBlockPortable(&want, 0.9, 1.8, 3)
		checkBits(t, "largest", []float64{most, most2}, []float64{wantMost, wantMost2})
		all := func(e *Evidence) (all []float64) {
			for _, column := range [][]float64{e.Sum, e.Squares, e.Mean, e.Recent, e.Up, e.Down, e.Up2, e.Down2} {
				all = append(all, column...)
			}
			return all
		}
		checkBits(t, "columns", all(&got), all(&want))
	})
}
