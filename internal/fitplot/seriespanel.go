package fitplot

import (
	"cmp"
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/streamfit/streamfit/internal/figure"
)

const seriesHeight = 3.4 * vg.Inch

// panel of the readings over time, with the predictions, the band about them, what lies outside it, and alarms.
func (s *Series) panel() (*plot.Plot, error) {
	p := figure.Panel(s.title(), "", "", 11)
	p.Title.Padding = 5
	p.X.Tick.Label.Font, p.Y.Tick.Label.Font = figure.Sans(9), figure.Sans(9)
	p.Y.Tick.Marker = signed{plot.DefaultTicks{}}
	p.X.Tick.Marker = plot.TickerFunc(timeTicks)
	readings := slices.Clone(s.kept)
	slices.SortStableFunc(readings, func(a, b reading) int { return cmp.Compare(a.time, b.time) })
	low, high := span(readings)
	p.Y.Min, p.Y.Max = low, high
	if err := s.draw(p, readings); err != nil {
		return nil, err
	}
	first, last := timeSpan(readings)
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = first, max(last, first+1), low, high
	return p, nil
}

func (s *Series) title() string {
	text := fmt.Sprintf("readings, each predicted before it was learned; band: ±%d σ; %s outside", bandSigmas, grouped(s.far))
	switch n := len(s.alarms); n {
	case 0:
	case 1:
		text += "; 1 drift alarm"
	default:
		text += fmt.Sprintf("; %d drift alarms", n)
	}
	return text
}

// span of the values: the middle 99.8 % of readings and half as much again. What lies beyond is marked at the edge.
func span(readings []reading) (low, high float64) {
	values := make([]float64, 0, len(readings))
	for _, r := range readings {
		values = append(values, r.value)
	}
	if len(values) == 0 {
		return -1, 1
	}
	slices.Sort(values)
	at := func(share float64) float64 { return values[int(share*float64(len(values)-1))] }
	middle := max(at(0.95)-at(0.05), 1e-9*math.Abs(at(0.5)), 1e-12)
	low, high = max(at(0.001), at(0.05)-2*middle), min(at(0.999), at(0.95)+2*middle)
	return low - 0.1*middle, high + 0.1*middle
}

// timeSpan of the readings, without the thousandth at each end, whose clocks may be wrong.
func timeSpan(readings []reading) (first, last float64) {
	if len(readings) == 0 {
		return 0, 1
	}
	n := len(readings) - 1
	return readings[n/1000].time, readings[n-n/1000].time
}

func (s *Series) draw(p *plot.Plot, readings []reading) error {
	inside := func(v float64) float64 { return max(p.Y.Min, min(p.Y.Max, v)) }
	first, last := timeSpan(readings)
	var upper, lower, fitted, values plotter.XYs
	for _, r := range readings {
		if r.time < first || r.time > last {
			continue
		}
		if !r.outside() {
			values = append(values, plotter.XY{X: r.time, Y: inside(r.value)})
		}
		fitted = append(fitted, plotter.XY{X: r.time, Y: inside(r.prediction)})
		if !math.IsInf(r.band, 0) {
			upper = append(upper, plotter.XY{X: r.time, Y: inside(r.prediction + r.band)})
			lower = append(lower, plotter.XY{X: r.time, Y: inside(r.prediction - r.band)})
		}
	}
	if err := addArea(p, upper, lower); err != nil {
		return err
	}
	if err := addDots(p, values, figure.Frame, 1); err != nil {
		return err
	}
	if len(fitted) > 1 {
		line, err := plotter.NewLine(fitted)
		if err != nil {
			return err
		}
		line.LineStyle = draw.LineStyle{Color: figure.Blue, Width: 0.8}
		p.Add(line)
	}
	var outside plotter.XYs
	for _, r := range s.outside {
		if r.time >= first && r.time <= last {
			outside = append(outside, plotter.XY{X: r.time, Y: inside(r.value)})
		}
	}
	if err := addDots(p, outside, figure.Vermilion, 1.6); err != nil {
		return err
	}
	for _, row := range s.alarms {
		if at, ok := s.timeOf(row); ok {
			if err := addLine(p, []float64{at, at}, []float64{p.Y.Min, p.Y.Max}, draw.LineStyle{Color: figure.Green, Width: 1.2}); err != nil {
				return err
			}
		}
	}
	return nil
}

// addArea between two lines over the same times.
func addArea(p *plot.Plot, upper, lower plotter.XYs) error {
	if len(upper) < 2 {
		return nil
	}
	slices.Reverse(lower)
	area, err := plotter.NewPolygon(append(upper, lower...))
	if err != nil {
		return err
	}
	area.Color = color.NRGBA{figure.Blue.R, figure.Blue.G, figure.Blue.B, 0x28}
	area.Width = 0
	p.Add(area)
	return nil
}

func addDots(p *plot.Plot, points plotter.XYs, c color.Color, radius vg.Length) error {
	if len(points) == 0 {
		return nil
	}
	dots, err := plotter.NewScatter(points)
	if err != nil {
		return err
	}
	dots.GlyphStyle = draw.GlyphStyle{Color: c, Radius: radius, Shape: draw.CircleGlyph{}}
	p.Add(dots)
	return nil
}
