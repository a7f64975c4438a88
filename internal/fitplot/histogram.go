package fitplot

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/streamfit/streamfit/internal/figure"
)

const (
	reach = 6 // of the histogram, in scales of the residuals
	bars  = 60
)

// histogram of the residuals in units of their scale σ̂, with the knee marked, before the normal density.
func (f Figure) histogram() (*plot.Plot, error) {
	scale, unit := f.scale()
	p := figure.Panel("residuals, target − prediction", "", "", 11)
	p.Title.Padding = 5
	p.X.Tick.Label.Font, p.Y.Tick.Label.Font = figure.Sans(9), figure.Sans(9)
	p.X.Label.Text, p.X.Label.TextStyle.Font = fmt.Sprintf("in units of %s = %.4g", unit, scale), figure.Sans(9)
	p.X.Tick.Marker = plot.ConstantTicks(unitTicks())

	edges := make([]float64, bars+1)
	for i := range edges {
		edges[i] = scale * reach * (2*float64(i)/bars - 1)
	}
	density := f.Residuals.Histogram(edges)
	highest := 0.0
	for i := range density {
		density[i] /= max(1, float64(f.Residuals.Rows())) * 2 * reach / bars
		highest = max(highest, density[i])
	}
	if err := addBars(p, density); err != nil {
		return nil, err
	}
	top := 1.12 * max(highest, 1/math.Sqrt(2*math.Pi))
	if err := f.addKnee(p, scale, top); err != nil {
		return nil, err
	}
	if err := addNormal(p); err != nil {
		return nil, err
	}
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = -reach, reach, 0, top
	p.Title.Text += f.beyond(density)
	return p, nil
}

// scale of the residuals: the model's, or where it has none, that of a normal law with the same quartiles.
func (f Figure) scale() (scale float64, unit string) {
	if s := float64(f.Final.Scale); s > 0 && !math.IsInf(s, 0) {
		return s, "the scale"
	}
	if s := (f.Residuals.Quantile(0.75) - f.Residuals.Quantile(0.25)) / 1.349; s > 0 && !math.IsInf(s, 0) {
		return s, "the interquartile range/1.349"
	}
	return 1, "the target"
}

func unitTicks() (ticks []plot.Tick) {
	for k := -reach; k <= reach; k++ {
		tick := plot.Tick{Value: float64(k)}
		if k%2 == 0 {
			tick.Label = minus(fmt.Sprint(k))
		}
		ticks = append(ticks, tick)
	}
	return ticks
}

// beyond says which share of the rows the panel does not show.
func (f Figure) beyond(density []float64) string {
	if f.Residuals.Rows() == 0 {
		return ""
	}
	shown := 0.0
	for _, d := range density {
		shown += d * 2 * reach / bars
	}
	if out := 100 * (1 - shown); out >= 0.05 {
		return fmt.Sprintf(" (%.1f %% lie farther out)", out)
	}
	return ""
}

func addBars(p *plot.Plot, density []float64) error {
	outline := plotter.XYs{{X: -reach}}
	for i, d := range density {
		left, right := reach*(2*float64(i)/bars-1), reach*(2*float64(i+1)/bars-1)
		outline = append(outline, plotter.XY{X: left, Y: d}, plotter.XY{X: right, Y: d})
	}
	area, err := plotter.NewPolygon(append(outline, plotter.XY{X: reach}))
	if err != nil {
		return err
	}
	area.Color = color.NRGBA{figure.Blue.R, figure.Blue.G, figure.Blue.B, 0x60}
	area.LineStyle = draw.LineStyle{Color: figure.Blue, Width: 0.6}
	p.Add(area)
	return nil
}

// addNormal density, to compare with.
func addNormal(p *plot.Plot) error {
	var x, y []float64
	for i := range 121 {
		at := reach * (float64(i)/60 - 1)
		x, y = append(x, at), append(y, math.Exp(-at*at/2)/math.Sqrt(2*math.Pi))
	}
	return addLine(p, x, y, draw.LineStyle{Color: figure.Frame, Width: 1, Dashes: []vg.Length{3, 2}})
}

// addKnee marks ±δ, beyond which a row pulls no harder.
func (f Figure) addKnee(p *plot.Plot, scale, top float64) error {
	knee := float64(f.Final.Delta) / scale
	if !(knee > 0 && knee < reach) {
		return nil
	}
	for _, at := range []float64{-knee, knee} {
		if err := addLine(p, []float64{at, at}, []float64{0, top}, draw.LineStyle{Color: figure.Vermilion, Width: 1}); err != nil {
			return err
		}
	}
	label, err := plotter.NewLabels(plotter.XYLabels{XYs: plotter.XYs{{X: knee, Y: 0.93 * top}}, Labels: []string{"knee"}})
	if err != nil {
		return err
	}
	label.TextStyle[0].Font, label.TextStyle[0].Color = figure.Sans(9), figure.Vermilion
	label.Offset = vg.Point{X: 4}
	p.Add(label)
	return nil
}
