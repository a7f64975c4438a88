package simulation

import (
	"math"

	"github.com/streamfit/streamfit/estimator"
)

// Score of a candidate's slopes over replications, in units in which the features and the noise have a scale of 1.
type Score struct {
	Slopes  int     // that were scored
	Missing int     // of them without an interval: they count as not covered
	squares float64 // Σ (β̂ⱼ − βⱼ)²
	covered int
	length  float64 // of the intervals, summed
}

// RMSE of the slopes.
func (s Score) RMSE() float64 { return math.Sqrt(s.squares / float64(s.Slopes)) }

// Coverage is the share of slopes that their intervals hold.
func (s Score) Coverage() float64 { return float64(s.covered) / float64(s.Slopes) }

// Width is the mean length of the intervals.
func (s Score) Width() float64 { return s.length / float64(s.Slopes-s.Missing) }

// Beside another score of the same streams: the ratio of the RMSEs, and of the lengths of the intervals.
func (s Score) Beside(other Score) (error1, width float64) {
	return s.RMSE() / other.RMSE(), s.Width() / other.Width()
}

// add the slopes that were found in a sample.
func (s *Score) add(sample Sample, slopes []estimator.Coefficient) {
	for j, c := range slopes {
		apart := (c.Value - sample.Truth[j]) / sample.Unit[j]
		s.squares += apart * apart
		s.Slopes++
		if math.IsNaN(c.Low) || math.IsNaN(c.High) {
			s.Missing++
			continue
		}
		s.length += (c.High - c.Low) / sample.Unit[j]
		if c.Low <= sample.Truth[j] && sample.Truth[j] <= c.High {
			s.covered++
		}
	}
}

func (s *Score) merge(other Score) {
	s.Slopes += other.Slopes
	s.Missing += other.Missing
	s.squares += other.squares
	s.covered += other.covered
	s.length += other.length
}
