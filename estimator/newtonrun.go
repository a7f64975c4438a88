package estimator

import (
	"math"

	"github.com/streamfit/streamfit/estimator/internal/kernel"
)

// Most rows are near, and nothing is remarkable about them: they are learned in runs by one kernel, to the bits of [newton.follow].

// learn the rows of the tile: in runs, and by themselves where a run stops. What follows a far row is often far too.
func (s *newton) learn(t *tile) {
	var run [1]kernel.Run
	far := false
	for i := 0; i < t.n; i++ {
		if !far && s.runs() {
			rows := min(t.n-i, s.untilDue())
			s.begin(&run[0])
			n := kernel.LearnRun(run[:], t.x[i*t.stride:], t.stride, t.y[i:i+rows], t.w[i:], t.prediction[i:], t.knee[i:])
			s.end(&run[0], n)
			if n == rows {
				i += n - 1
				continue
			}
			i += n
		}
		var guarded bool
		if t.prediction[i], t.knee[i], guarded = s.learnAlone(t, i); guarded {
			t.guarded++
		}
		far = s.wasFar()
	}
}

// wasFar tells whether the row that was predicted last was so far that a run would have stopped before it.
func (s *newton) wasFar() bool { return !(s.far <= s.nearest()) }

// nearest are the rows of a run.
func (s *newton) nearest() float64 { return min(s.guard.nearest(), belowReach) }

// runs tells whether rows may be learned in runs. While λ < 1, P grows as λ⁻ⁿ at most: in a run of 64 rows by less than a thousand.
func (s *newton) runs() bool {
	return s.regards() && s.age == nil && (s.squared || s.knee() < mostKnee) && (s.lambda == 1 || s.lambda >= shortMemory && s.largest() < farthest/1000)
}

// mostKnee is so far within the numbers that a run does not lead out of them.
const mostKnee = 1e300

// untilDue is the number of rows until a block of scores ends or the gain is to be renewed.
func (s *newton) untilDue() int {
	return min(shortestBlock, s.block-s.inBlock, int(s.renewal()-uint64(s.t)%s.renewal()))
}

// begin a run.
func (s *newton) begin(r *kernel.Run) {
	r.Centre, r.PerScale, r.Z, r.Beta, r.Score, r.P, r.PZ = s.center, s.perScale, s.z[:cap(s.z)], s.beta[:s.stride], s.score[:s.stride], s.p, s.pz[:s.stride]
	r.Coefficients, r.Fading, r.Location, r.Unit = len(s.beta), 0, s.fit.targetC, s.fit.targetS
	r.Nearest, r.Reach, r.Sharp = s.nearest(), reach, sharpens
	r.Lambda, r.PerLambda = s.lambda, 1/s.lambda
	if s.lambda < 1 {
		r.Fading = len(s.beta)
	}
	r.Knee, r.RawKnee, r.KneePerSigma = 0, 0, huberK
	if s.squared || !s.delta.Auto {
		r.Knee, r.RawKnee, r.KneePerSigma = s.kneeIn(), s.knee(), 0
	}
	r.Sigma, r.Median, r.Down, r.Up, r.Smallest, r.Most = s.sigma, madToSigma, s.move[0], s.move[1], smallestSigma, farthest
	r.InsideKnee, r.Rounding, r.Keep = huberK, noResidual, [kernel.Lanes]float64{recentKeep, recentKeep, s.lambda}
	r.Sums = [kernel.Lanes]float64{s.guard.recent.inside, s.guard.recent.expected, s.guard.away.rows}
}

var belowReach = math.Nextafter(reach, 0)

// end the run, after so many rows.
func (s *newton) end(r *kernel.Run, rows int) {
	if rows == 0 {
		return
	}
	s.sigma = r.Sigma
	if s.guard.Auto {
		s.guard.recent = tally{r.Sums[0], r.Sums[1]}
		s.guard.away.passRun(rows, s.lambda, r.Sums[2])
	}
	s.t += float64(rows - 1)
	if s.inBlock += rows; s.inBlock == s.block {
		s.endScores()
	}
	s.endRow()
}
