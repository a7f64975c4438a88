package main

import (
	"math"
	"math/rand/v2"

	"github.com/streamfit/streamfit/estimator"
)

// noise of a stream, in which a row's error is drawn after the other.
type noise struct {
	name   string
	spikes float64 // share of rows that are 10 to 30 σ off
	upward bool    // all spikes are on one side
	from   int     // row at which the spikes begin
	phi    float64 // autocorrelation at lag 1
	heavy  bool    // Student's t with 3 degrees of freedom, in units of its robust standard deviation
	skewed bool    // exponential, centred, standard deviation 1
}

// change of a stream at one row.
type change struct {
	name   string
	jump   float64 // of the level, in σ
	slope  float64 // of the first coefficient, in σ per standard deviation of its feature
	ramp   float64 // of the level, in σ per row
	spread float64 // new standard deviation/old, less 1
}

// stream of simulated rows of a linear model: y = 1200 + 3x₁ − 2x₂ + … + error, its features at the raw scales 10^(j−2).
type stream struct {
	random   *rand.Rand
	noise    noise
	change   change
	at, row  int
	features int
	last     float64
}

func newStream(seed uint64, n noise, c change, at, features int) *stream {
	return &stream{random: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15)), noise: n, change: c, at: at, features: features}
}

// error of the next row.
func (s *stream) error() float64 {
	var e float64
	switch n := s.noise; {
	case n.heavy:
		z := s.random.NormFloat64()
		chi := 0.0
		for range 3 {
			v := s.random.NormFloat64()
			chi += v * v
		}
		e = z / math.Sqrt(chi/3) / 1.134
	case n.skewed:
		e = s.random.ExpFloat64() - 1
	default:
		e = s.random.NormFloat64()
	}
	s.last = s.noise.phi*s.last + math.Sqrt(1-s.noise.phi*s.noise.phi)*e
	e = s.last
	after := s.row - s.at
	if after >= 0 {
		e = e*(1+s.change.spread) + s.change.jump + s.change.ramp*float64(after)
	}
	if s.noise.spikes > 0 && s.row >= s.noise.from && s.random.Float64() < s.noise.spikes {
		spike := 10 + 20*s.random.Float64()
		if !s.noise.upward && s.random.IntN(2) == 0 {
			spike = -spike
		}
		e += spike
	}
	return e
}

// next rows.
func (s *stream) next(rows int) estimator.Columns {
	c := estimator.Columns{Rows: rows, Target: make([]float64, rows)}
	for range s.features {
		c.Features = append(c.Features, make([]float64, rows))
	}
	for i := range rows {
		y := 1200.0
		for j := range s.features {
			z := s.random.NormFloat64()
			unit := math.Pow(10, float64(j-2))
			c.Features[j][i] = 5*unit + unit*z
			slope := float64(3 - 5*(j%2))
			if j == 0 && s.row >= s.at {
				slope += s.change.slope
			}
			y += slope * z
		}
		c.Target[i] = y + s.error()
		s.row++
	}
	return c
}
