package main

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/streamfit/streamfit/internal/sensors"
)

// scenario of the comparison.
type scenario struct {
	name   string
	spikes float64
}

var scenarios = []scenario{{"no spikes", 0}, {"5 % spikes", 0.05}, {"20 % spikes", 0.2}}

const (
	readings = 1000 // of a sensor
	settled  = 300  // readings before the errors are counted
	every    = 10   // readings between those whose level is compared
)

// rmse of a tracker's level over sensors without a jump.
func rmse(t tracker, window, count int, spikes float64) float64 {
	var at []int
	for i := settled; i < readings; i += every {
		at = append(at, i)
	}
	sum, n := 0.0, 0
	for seed := range uint64(count) {
		s := sensors.Draw(seed, readings, spikes, 0)
		for k, level := range t.follow(s, window, at) {
			d := level - s.Level[at[k]]
			sum += d * d
			n++
		}
	}
	return math.Sqrt(sum / float64(n))
}

// best window of a tracker in hindsight, and its error there.
func best(t tracker, count int, spikes float64) (window int, least float64) {
	least = math.Inf(1)
	for _, w := range t.windows {
		if e := rmse(t, w, count, spikes); e < least {
			window, least = w, e
		}
	}
	return window, least
}

// writeComparison of all trackers in all scenarios.
func writeComparison(w io.Writer, count int) {
	var names, rule strings.Builder
	for _, s := range scenarios {
		fmt.Fprintf(&names, " %s |", s.name)
		rule.WriteString("---|")
	}
	fmt.Fprintf(w, "| level RMSE, in σ of the noise (best window) |%s\n|---|%s\n", names.String(), rule.String())
	for _, t := range trackers {
		fmt.Fprintf(w, "| %s |", t.name)
		for _, s := range scenarios {
			window, e := best(t, count, s.spikes)
			fmt.Fprintf(w, " %.3f (%d) |", e, window)
		}
		fmt.Fprintln(w)
	}
}
