package main

import (
	"math"
	"math/rand/v2"

	"github.com/streamfit/streamfit/estimator"
)

const (
	start    = 1_795_564_800.0 // 2026-11-25
	readings = 1000            // of a sensor
	settled  = 300             // readings before the errors are counted
)

// sensor is a stream of readings with its true level. The level goes up and down with a slope that is a random walk; the noise has a standard deviation of 1.
type sensor struct {
	time, value, level []float64
	jump               int // reading at which the level jumps; 0: it does not
}

// draw a sensor: a reading about every minute, a share of them spikes of 5 to 50 σ to either side, and a jump of so many σ in the middle.
func draw(seed uint64, spikes, jump float64) sensor {
	random := rand.New(rand.NewPCG(seed, 2026))
	s := sensor{}
	t, level, slope := start, 20*random.NormFloat64(), 0.02*random.NormFloat64()
	for i := range readings {
		step := 0.2 + 1.6*random.Float64()
		t += 60 * step
		slope += 0.001 * random.NormFloat64()
		level += slope * step
		if jump > 0 && i == readings/2 {
			level += math.Copysign(jump, random.Float64()-0.5)
			s.jump = i
		}
		value := level + random.NormFloat64()
		if random.Float64() < spikes {
			value += math.Copysign(5+45*random.Float64(), random.Float64()-0.5)
		}
		s.time, s.value, s.level = append(s.time, t), append(s.value, value), append(s.level, level)
	}
	return s
}

func (s sensor) columns() estimator.Columns {
	return estimator.Columns{Rows: len(s.time), Time: s.time, Target: s.value}
}
