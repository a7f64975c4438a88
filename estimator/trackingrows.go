package estimator

import (
	"math"

	"github.com/streamfit/streamfit/estimator/internal/kernel"
)

// trackedRows are those of a part of a block, in which the weights stand still: what the solvers say of each row, one after another. They outlive no call of learn.
type trackedRows struct {
	runs             [experts]kernel.Run
	prediction, knee [trackingRows * experts]float64
	guarded          [trackingRows]bool // by one of them
	far              bool               // the last of them that was learned alone was, to one of them
}

func (s *tracking) learn(t *tile) {
	r := t.tracked
	r.far = false
	for from := 0; from < t.n; {
		to := min(t.n, from+trackingRows-s.inBlock)
		s.learnRows(t, from, to)
		for i := from; i < to; i++ {
			t.prediction[i], t.knee[i] = s.foreseen(r, i-from)
			if r.guarded[i-from] {
				t.guarded++
			}
		}
		s.judge(r, t.y[from:to])
		from = to
	}
}

// learnRows from, …, to−1 of the tile: side by side in runs, and by themselves where a run stops.
func (s *tracking) learnRows(t *tile, from, to int) {
	r := t.tracked
	r.guarded = [trackingRows]bool{}
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
	r, rows := t.tracked, to-i
	if r.far {
		return 0, false
	}
	for _, n := range s.bank {
		if !n.runs() {
			return 0, false
		}
		rows = min(rows, n.untilDue())
	}
	for k, n := range s.bank {
		n.begin(&r.runs[k])
	}
	at := (i - from) * experts
	steps = kernel.LearnRun(r.runs[:], t.x[i*t.stride:], t.stride, t.y[i:i+rows], t.w[i:], r.prediction[at:], r.knee[at:])
	for k, n := range s.bank {
		n.end(&r.runs[k], (steps+experts-1-k)/experts)
	}
	return steps, steps == rows*experts
}

// learnAlone row i by the solvers from the first on.
func (s *tracking) learnAlone(t *tile, from, i, first int) {
	r := t.tracked
	r.far = false
	for k, n := range s.bank[first:] {
		at := (i-from)*experts + first + k
		var guarded bool
		r.prediction[at], r.knee[at], guarded = n.learnAlone(t, i)
		r.guarded[i-from] = r.guarded[i-from] || guarded
		r.far = r.far || n.wasFar()
	}
}

// foreseen is what the solvers together said of a row.
func (s *tracking) foreseen(r *trackedRows, row int) (prediction, knee float64) {
	for k, weight := range s.mix.weight {
		prediction += float64(weight * r.prediction[row*experts+k])
		knee += float64(weight * r.knee[row*experts+k])
	}
	return saturate(prediction), knee
}

// judge the solvers by how they predicted the rows.
func (s *tracking) judge(r *trackedRows, targets []float64) {
	if s.perScale > 0 {
		loss := s.loss
		for i, y := range targets {
			for k, p := range r.prediction[i*experts : (i+1)*experts] {
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
	return float64(c * (r - float64(c/2)))
}
