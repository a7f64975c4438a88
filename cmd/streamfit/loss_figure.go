package main

import (
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

const (
	figureWidth  = 10.5 * vg.Inch
	figureHeight = 4.6 * vg.Inch
)

// familiar losses are drawn when none is named: ten curves in one figure cannot be told apart.
var familiar = []string{"mse", "mae", "huber", "smooth-l1", "pseudo-huber", "log-cosh"}

// palette of Okabe and Ito, which people who see colours differently can tell apart (jfly.uni-koeln.de/color), black and grey last.
var palette = []color.RGBA{
	{0xD5, 0x5E, 0x00, 0xFF}, {0x00, 0x72, 0xB2, 0xFF}, {0x00, 0x9E, 0x73, 0xFF}, {0x00, 0x00, 0x00, 0xFF}, {0xCC, 0x79, 0xA7, 0xFF},
	{0xE6, 0x9F, 0x00, 0xFF}, {0x56, 0xB4, 0xE9, 0xFF}, {0x70, 0x70, 0x70, 0xFF}, {0x33, 0x22, 0x88, 0xFF}, {0xAA, 0x44, 0x99, 0xFF},
}

// dashes beside the colours, so that curves can be told apart in black and white, and where one lies on another.
var dashes = [][]vg.Length{
	nil, {7, 3}, nil, {4, 4}, {10, 3, 2, 3}, {1.5, 3}, {12, 4}, {6, 2, 1.5, 2, 1.5, 2}, {2, 2}, {14, 3, 4, 3},
}

// drawFigure of value and derivative, side by side, as the ending of the file says. The same losses give the same bytes.
func drawFigure(path string, chosen []chosenLoss) error {
	if err := figure.CheckName(path); err != nil {
		return &usageError{err}
	}
	if len(chosen) == len(propertiesOf) {
		chosen = slices.DeleteFunc(slices.Clone(chosen), func(l chosenLoss) bool { return !slices.Contains(familiar, l.name) })
	}
	return figure.Write(path, figureWidth, figureHeight, func(page draw.Canvas) error { return drawPanels(page, chosen) })
}

func drawPanels(canvas draw.Canvas, chosen []chosenLoss) error {
	reach := 3.0
	for _, l := range chosen {
		if l.parameter != "tau" {
			reach = max(reach, 3*l.value)
		}
	}
	value := newPanel("Loss: the price of a residual", "value  ℓ(r)", reach)
	derivative := newPanel("Derivative: how hard a row pulls", "derivative  ℓ′(r)", reach)
	for i, l := range chosen {
		style := draw.LineStyle{Color: palette[i%len(palette)], Dashes: dashes[i%len(dashes)], Width: 1.8}
		if l.name == "smooth-l1" {
			style.Width = 4 // with β = δ, huber lies on it: both are to be seen
		}
		curve, err := addCurve(value, style, reach, func(r float64) float64 { return l.Value(r, 0) })
		if err != nil {
			return err
		}
		if _, err := addCurve(derivative, style, reach, func(r float64) float64 { return l.Derivative(r, 0) }); err != nil {
			return err
		}
		derivative.Legend.Add(l.label(), curve)
	}
	top, slope := heights(chosen, reach)
	value.Y.Min, value.Y.Max = 0, top
	derivative.Y.Min, derivative.Y.Max = -slope, slope
	tiles := draw.Tiles{
		Rows: 1, Cols: 2, PadX: 24, PadTop: 10, PadBottom: 8, PadLeft: 10, PadRight: 14,
	}
	panels := plot.Align([][]*plot.Plot{{value, derivative}}, tiles, canvas)
	value.Draw(panels[0][0])
	derivative.Draw(panels[0][1])
	return nil
}

// heights of the two panels, such that curves with a bounded derivative are seen whole. The others run out at the top.
func heights(chosen []chosenLoss, reach float64) (top, slope float64) {
	var highest, steepest float64
	for _, l := range chosen {
		v, d := max(l.Value(reach, 0), l.Value(-reach, 0)), max(math.Abs(l.Derivative(reach, 0)), math.Abs(l.Derivative(-reach, 0)))
		highest, steepest = max(highest, v), max(steepest, d)
		if far := math.Abs(l.Derivative(2*reach, 0)); far < 1.5*d {
			top, slope = max(top, v), max(slope, d)
		}
	}
	if top == 0 {
		return highest, steepest
	}
	return 1.5 * top, 1.6 * slope
}

func newPanel(title, y string, reach float64) *plot.Plot {
	p := figure.Panel(title, "residual  r = prediction − target", y, 14)
	p.Title.Padding = 10
	p.X.Min, p.X.Max = -reach, reach
	var ticks plot.ConstantTicks
	for k := -3; k <= 3; k++ {
		at := reach * float64(k) / 3
		ticks = append(ticks, plot.Tick{Value: at, Label: fmt.Sprintf("%.3g", at)})
	}
	p.X.Tick.Marker = ticks
	p.Legend.Top, p.Legend.Left, p.Legend.ThumbnailWidth, p.Legend.Padding = true, true, 30, 2.5
	p.Legend.XOffs, p.Legend.YOffs = 6, -4
	return p
}

func addCurve(p *plot.Plot, style draw.LineStyle, reach float64, f func(float64) float64) (*plotter.Line, error) {
	const steps = 600
	points := make(plotter.XYs, steps+1)
	for k := range points {
		r := reach * float64(2*k-steps) / steps
		points[k] = plotter.XY{X: r, Y: f(r)}
	}
	line, err := plotter.NewLine(points)
	if err != nil {
		return nil, err
	}
	line.LineStyle = style
	p.Add(line)
	return line, nil
}
