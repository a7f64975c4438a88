package main

import (
	"fmt"
	"math"
	"slices"

	"github.com/streamfit/streamfit/estimator"
	"github.com/streamfit/streamfit/internal/sensors"
)

// tracker of a level: one way of following readings, with its window in readings.
type tracker struct {
	name    string
	windows []int // to choose from; half-lives, for those that forget
	// follow the sensor with a window; the levels at the readings asked for.
	follow func(s sensors.Sensor, window int, at []int) []float64
}

var trackers = []tracker{
	{"streamfit, trend with a half-life", []int{16, 32, 64, 128}, followTrend},
	{"least squares in a window", []int{32, 64, 128, 256}, windowed(leastSquares)},
	{"repeated median in a window", []int{32, 64, 128, 256}, windowed(repeatedMedian)},
	{"exponential smoothing", []int{4, 8, 16, 32, 64}, smoothed(1)},
	{"double exponential smoothing", []int{8, 16, 32, 64, 128}, smoothed(2)},
}

// followTrend with this project's model.
func followTrend(s sensors.Sensor, halfLife int, at []int) []float64 {
	m, err := estimator.New(trendConfig(halfLife))
	if err != nil {
		panic(fmt.Sprintf("trendstudy: %v", err))
	}
	c, from, levels := s.Columns(), 0, make([]float64, len(at))
	for k, i := range at {
		m.Learn(nil, piece(c, from, i+1))
		m.Predict(levels[k:k+1], piece(c, i, i+1))
		from = i + 1
	}
	return levels
}

func trendConfig(halfLife int) estimator.Config {
	cfg := estimator.DefaultConfig()
	cfg.Solver, cfg.HalfLife, cfg.WarmUp = "newton", float64(halfLife), max(16, halfLife)
	cfg.Trend = estimator.Trend{Time: "t", Unit: 60}
	return cfg
}

func piece(c estimator.Columns, from, to int) estimator.Columns {
	return estimator.Columns{Rows: to - from, Time: c.Time[from:to], Target: c.Target[from:to]}
}

// windowed fits a line to the newest readings, and takes its end.
func windowed(line func(t, y []float64) float64) func(sensors.Sensor, int, []int) []float64 {
	return func(s sensors.Sensor, window int, at []int) []float64 {
		levels := make([]float64, len(at))
		for k, i := range at {
			from := max(0, i+1-window)
			t := make([]float64, 0, window)
			for _, seconds := range s.Time[from : i+1] {
				t = append(t, (seconds-s.Time[i])/60)
			}
			levels[k] = line(t, s.Value[from:i+1])
		}
		return levels
	}
}

// leastSquares gives the line's value at 0, as Prometheus' predict_linear does.
func leastSquares(t, y []float64) float64 {
	n, meanT, meanY, tt, ty := float64(len(t)), 0.0, 0.0, 0.0, 0.0
	for i := range t {
		meanT, meanY = meanT+t[i]/n, meanY+y[i]/n
	}
	for i := range t {
		tt += (t[i] - meanT) * (t[i] - meanT)
		ty += (t[i] - meanT) * (y[i] - meanY)
	}
	return meanY - ty/tt*meanT
}

// repeatedMedian gives the line's value at 0: slope med_i med_j≠i (y_i − y_j)/(t_i − t_j), level med_i (y_i − slope·t_i). Siegel, Biometrika 69 (1982);
// in a moving window: Davies, Fried & Gather, J. Statist. Plann. Inference 122 (2004).
func repeatedMedian(t, y []float64) float64 {
	slopes, inner := make([]float64, len(t)), make([]float64, 0, len(t))
	for i := range t {
		inner = inner[:0]
		for j := range t {
			if j != i {
				inner = append(inner, (y[i]-y[j])/(t[i]-t[j]))
			}
		}
		slopes[i] = median(inner)
	}
	slope := median(slopes)
	for i := range t {
		slopes[i] = y[i] - slope*t[i]
	}
	return median(slopes)
}

func median(values []float64) float64 {
	slices.Sort(values)
	n := len(values)
	if n == 0 {
		return 0
	}
	return (values[(n-1)/2] + values[n/2]) / 2
}

// smoothed is Brown's exponential smoothing, single or double, whose weights halve in so many readings.
func smoothed(order int) func(sensors.Sensor, int, []int) []float64 {
	return func(s sensors.Sensor, halfLife int, at []int) []float64 {
		keep := math.Exp2(-1 / float64(halfLife))
		once, twice := s.Value[0], s.Value[0]
		levels, k := make([]float64, len(at)), 0
		for i, y := range s.Value {
			once = keep*once + (1-keep)*y
			twice = keep*twice + (1-keep)*once
			if k < len(at) && at[k] == i {
				levels[k] = once
				if order == 2 {
					levels[k] = 2*once - twice
				}
				k++
			}
		}
		return levels
	}
}
