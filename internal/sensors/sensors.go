// Package sensors draws simulated sensors whose true level is known: readings with noise, spikes and jumps, at irregular times.
package sensors

import (
	"math"
	"math/rand/v2"

	"github.com/streamfit/streamfit/estimator"
)

// Start is the time of the readings' beginning in seconds: 2026-11-25T00:00Z.
const Start = 1_795_564_800.0

// Sensor is a stream of readings with its true level. The level goes up and down with a slope that is a random walk; the noise has a standard deviation of 1.
type Sensor struct {
	Time, Value, Level []float64 // seconds; reading; what it would be without noise
	Jump               int       // reading at which the level jumps; 0: it does not
}

// Draw a sensor of so many readings: one about every minute, a share of them spikes of 5 to 50 σ to either side, and a jump of so many σ in the middle.
func Draw(seed uint64, readings int, spikes, jump float64) Sensor {
	random := rand.New(rand.NewPCG(seed, 2026))
	s := Sensor{}
	t, level, slope := Start, 20*random.NormFloat64(), 0.02*random.NormFloat64()
	for i := range readings {
		step := 0.2 + 1.6*random.Float64()
		t += 60 * step
		slope += 0.001 * random.NormFloat64()
		level += slope * step
		if jump > 0 && i == readings/2 {
			level += math.Copysign(jump, random.Float64()-0.5)
			s.Jump = i
		}
		value := level + random.NormFloat64()
		if random.Float64() < spikes {
			value += math.Copysign(5+45*random.Float64(), random.Float64()-0.5)
		}
		s.Time, s.Value, s.Level = append(s.Time, t), append(s.Value, value), append(s.Level, level)
	}
	return s
}

// Columns of the readings, for a model of a trend.
func (s Sensor) Columns() estimator.Columns {
	return estimator.Columns{Rows: len(s.Time), Time: s.Time, Target: s.Value}
}
