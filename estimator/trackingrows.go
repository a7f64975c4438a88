package estimator

import (
	"math"

	"github.com/streamfit/streamfit/estimator/internal/kernel"
)

// trackedRows are those of a part of a block, in which the weights stand still: what the solvers say of each row, one after another.
type trackedRows struct {
	runs             [experts]kernel.Run
	prediction, knee [trackingRows * experts]float64
	guarded          [trackingRows]bool // by one of them
}

func (s *tracking) learn(t *tile) {
	for from := 0; from < t.n; {
		to := min(t.n, from+trackingRows-s.inBlock)
		s.learnRows(t, from, to)
		for i := from; i < to; i++ {
			t.prediction[i], t.knee[i] = s.foreseen(i - from)
			if s.rows.guarded[i-from] {
				t.guarded++
			}
		}
		s.judge(t.y[from:to])
		from = to
	}
}

// learnRows from, …, to−1 of the tile: side by side in runs, and by themselves where a run stops.
func (s *tracking) learnRows(t *tile, from, to int) {
	s.rows.guarded = [trackingRows]bool{}
	for i := from; i < to; {
		steps, whole := s.learnRun(t, from, i, to)
		if i += steps / experts; !whole {
			s.learnAlone(t, from, i, steps%experts)
			i++
		}
	}
}

// learnRun of rows i, …, to−1, as far as they are like most and nothing is due: it returns in how many steps, of a solver by a row, and whether all that were asked.
func (s *tracking) learnRun(t *tile, from, i, to int) (steps int, whole bool) {
	rows := to - i
	for _, n := range s.bank {
		if !n.runs() {
			return 0, false
		}
		rows = min(rows, n.untilDue())
	}
	for k, n := range s.bank {
		n.begin(&s.rows.runs[k])
	}
	at := (i - from) * experts
	steps = kernel.LearnRun(s.rows.runs[:], t.x[i*t.stride:], t.stride, t.y[i:i+rows], t.w[i:], s.rows.prediction[at:], s.rows.knee[at:])
	for k, n := range s.bank {
		n.end(&s.rows.runs[k], (steps+experts-1-k)/experts)
	}
	return steps, steps == rows*experts
}

// learnAlone row i by the solvers from the first on.
func (s *tracking) learnAlone(t *tile, from, i, first int) {
	for k := first; k < experts; k++ {
		at := (i-from)*experts + k
		var guarded bool
		if s.rows.prediction[at], s.rows.knee[at], guarded = s.bank[k].learnAlone(t, i); guarded {
			s.rows.guarded[i-from] = true
		}
	}
}

// foreseen is what the solvers together said of a row.
func (s *tracking) foreseen(row int) (prediction, knee float64) {
	for k, weight := range s.mix.weight {
		prediction += float64(weight * s.rows.prediction[row*experts+k])
		knee += float64(weight * s.rows.knee[row*experts+k])
	}
	return saturate(prediction), knee
}

// judge the solvers by how they predicted the rows.
func (s *tracking) judge(targets []float64) {
	if s.perScale > 0 {
		loss := s.loss
		for i, y := range targets {
			for k, p := range s.rows.prediction[i*experts : (i+1)*experts] {
				loss[k] += clippedHuber(math.Abs(y-p) * s.perScale)
			}
		}
		s.loss = loss
	}
	if s.inBlock += len(targets); s.inBlock == trackingRows {
		s.endBlock()
	}
}

// clippedHuber loss of a residual in scales, which may be infinite.
func clippedHuber(r float64) float64 {
	r = min(r, lossClip)
	c := min(r, huberK)
	return c * (r - c/2)
}
