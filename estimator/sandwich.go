package estimator

import (
	"math"

	"github.com/streamfit/streamfit/estimator/internal/kernel"
)

// The rows are cut into blocks of the stream, and M, the covariance of the scores, is the sum of the squares of the blocks' sums: what is autocorrelated
// within a block is in the standard errors (batch means; Liu & Singh 1992). Blocks have 64 rows from 1,024 rows on. L doubles when the rows that are remembered are
// more than (L/2)³: for the mean square of the estimate, n^(1/3) is the right growth, and a quarter of that many blocks remain enough.
const (
	shortestBlock = 64
	longestBlock  = 1 << 20
)

// shortBlock is the length of a block of so many rows that count, as long as it is shorter than 64: a sixteenth of them in powers of two. Few long blocks
// would tell little. With a half-life it is 64: what tracks a change errs alike in neighbouring rows, and blocks as long as the memory make the standard errors
// too large rather than too small.
func shortBlock(rows, lambda float64) int {
	length := 1
	for length < shortestBlock && (float64(2*length*16) <= rows || lambda < 1) {
		length *= 2
	}
	return length
}

// nextBlock is the length of the block that begins after t rows. The rows that are remembered do not grow beyond 1/(1 − λ).
func nextBlock(length int, t, lambda float64) int {
	switch {
	case length < shortestBlock && lambda < 1: // after a pause
		return 2 * length
	case length < shortestBlock:
		return shortBlock(t, lambda)
	}
	if lambda < 1 {
		t = min(t, 1/(1-lambda))
	}
	for half := float64(length) / 2; half*half*half < t && length < longestBlock; half *= 2 {
		length *= 2
	}
	return length
}

// scoreRow counts a row whose score has been added to the running block, and adds the block to M when it is full. A score i rows ago counts λⁱ in β, so its square counts λ²ⁱ in M.
func (s *newton) scoreRow() {
	if s.lambda < shortMemory {
		s.keepRidge(-math.Log(s.lambda))
	}
	if s.inBlock++; s.inBlock == s.block {
		s.endScores()
	}
}

// endScores of a full block, and begin the next one.
func (s *newton) endScores() {
	s.endBlock()
	s.block = nextBlock(s.block, s.t, s.fading())
}

// endBlock adds the block to M, as of now.
func (s *newton) endBlock() {
	if s.forgets() {
		faded := s.fadedInBlock()
		keep := math.Exp(-2 * faded)
		for i := range s.meat {
			s.meat[i] *= keep
		}
		if s.lambda >= shortMemory {
			s.keepRidge(faded)
		}
		s.age.nextBlock()
	}
	rows := float64(s.inBlock)
	s.square()
	if uint64(s.t)/mendedRows != uint64(s.t-rows)/mendedRows {
		s.mend()
	}
}

func (s *newton) addScore(score float64) { kernel.AddScaled(s.score[:s.stride], score, s.z[:s.stride]) }

// square the block's score into M, and begin the next one.
func (s *newton) square() {
	addOuter(s.meat, 1, s.score)
	for i, v := range s.meat {
		s.meat[i] = saturate(v)
	}
	clear(s.score)
	s.inBlock = 0
}
