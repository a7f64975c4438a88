package estimator_test

import (
	"testing"

	"github.com/streamfit/streamfit/estimator"
	"github.com/streamfit/streamfit/internal/sensors"
)

// A level that wanders, and a model with a half-life that lags behind it, are no drift; a jump is.
func TestASensorThatWandersRaisesNoAlarm(t *testing.T) {
	const count = 300
	for jump, want := range map[float64]int{0: 0, 20: count} {
		alarms := 0
		for seed := range uint64(count) {
			cfg := estimator.DefaultConfig()
			cfg.Solver, cfg.HalfLife, cfg.WarmUp, cfg.Trend = "newton", 32, 32, estimator.Trend{Time: "ts", Unit: 60}
			m, err := estimator.New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			m.Learn(nil, sensors.Draw(seed, 1000, 0.05, jump).Columns())
			if m.Alarms() != [3]uint64{} {
				alarms++
			}
		}
		if alarms != want {
			t.Errorf("jump of %v σ: alarms of %d sensors of %d", jump, alarms, count)
		}
	}
}
