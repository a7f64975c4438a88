package estimator

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The detector on the residuals that golden/driftpeers.py tries River's detectors on, by the same rules: all its thresholds are multiplied by the least
// factor at which it raises at most 4 alarms per million rows, of level and spread together. It runs where DRIFT_RESIDUALS names the directory of `go run ./internal/driftstudy -dump`.
func TestDetectorBesideItsPeers(t *testing.T) {
	dir := os.Getenv("DRIFT_RESIDUALS")
	if dir == "" {
		t.Skip("set DRIFT_RESIDUALS to the directory of residuals")
	}
	for noise, name := range []string{"normal", "20 % spikes", "autocorrelated"} {
		quiet := residuals(t, filepath.Join(dir, fmt.Sprintf("quiet-%d.f64", noise)))
		most := int(4e-6 * float64(len(quiet)))
		low, high := 0.3, 1.5
		for high-low > 0.01 {
			if factor := (low + high) / 2; falseAlarms(quiet, factor, most) <= most {
				high = factor
			} else {
				low = factor
			}
		}
		for _, factor := range []float64{1, high} {
			row := []string{name, fmt.Sprintf("%.2f", factor), fmt.Sprint(falseAlarms(quiet, factor, math.MaxInt)) + " in " + fmt.Sprint(len(quiet))}
			for change := range 6 {
				files, _ := filepath.Glob(filepath.Join(dir, fmt.Sprintf("change-%d-%d-*.f64", noise, change)))
				sum := 0.0
				for _, file := range files {
					sum += float64(delayOf(residuals(t, file), factor))
				}
				row = append(row, fmt.Sprintf("%.1f", sum/float64(len(files))))
			}
			t.Log("| " + strings.Join(row, " | ") + " |")
		}
	}
}

const (
	peersBefore   = 5000 - warmUpRows
	peersPatience = 3000
)

func residuals(t *testing.T, file string) []float64 {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]float64, len(b)/8)
	for i := range out {
		out[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
	}
	return out
}

// eager is a detector of residuals alone, with its thresholds multiplied by a factor.
type eager struct {
	*detector
	windows [windowCount]window
}

func newEager(factor float64) *eager {
	e := &eager{detector: newDetector(), windows: *levelWindows}
	e.monitor = newMonitor(1, 0)
	for _, c := range []*channel{&e.level, &e.spread} {
		c.chains = slices.Clone(c.chains)
		for i := range c.chains {
			c.chains[i].h *= factor
		}
	}
	for j := range e.windows {
		e.windows[j].jumpShare /= factor
		e.windows[j].rampShare /= factor
	}
	e.monitor.windows.all, e.monitor.windows.used = &e.windows, windowCount
	return e
}

// add a residual, and tell whether that raised an alarm.
func (e *eager) add(r float64) bool {
	before := e.counts
	e.raised = false
	e.watch(&tile{watched: &watchedRows{}, n: 1, prediction: []float64{0}, y: []float64{r}})
	return e.counts != before
}

func falseAlarms(quiet []float64, factor float64, most int) (n int) {
	var e *eager
	for i, r := range quiet {
		if i%(peersBefore+peersPatience) == 0 || e.monitor == nil {
			e = newEager(factor)
		}
		if e.add(r) {
			if n++; n > most {
				return n
			}
			e = newEager(factor)
		}
	}
	return n
}

func delayOf(values []float64, factor float64) int {
	e := newEager(factor)
	for i, r := range values {
		if e.add(r) {
			if i >= peersBefore {
				return i - peersBefore + 1
			}
			e = newEager(factor)
		}
	}
	return peersPatience
}
