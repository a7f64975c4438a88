package fitplot

import (
	"fmt"
	"image/color"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/streamfit/streamfit/internal/figure"
	"github.com/streamfit/streamfit/pipeline"
)

// rowsAxis is the horizontal axis of all coefficients: logarithmic, which shows how they settle, or linear after a drift alarm, which shows where they
// moved.
type rowsAxis struct {
	first, last float64
	alarm       float64 // row of the last drift alarm; 0: none
	passes      int
}

func (f Figure) rowsAxis() rowsAxis {
	a := rowsAxis{first: firstRow, last: max(firstRow+1, float64(f.Final.Rows.Learned)), passes: f.Passes}
	if len(f.Paths.points) > 0 {
		// Before there are a few rows for each coefficient, the paths say nothing but how little is known.
		a.first = min(a.last/2, max(firstRow, 4*float64(len(f.Final.Coefficients)+1)))
	}
	if row := f.Final.Drift.LastAlarmRow; row != nil {
		a.first, a.alarm = 0, float64(*row)
	}
	return a
}

func (a rowsAxis) linear() bool { return a.alarm > 0 }

// settled is the row from which on the intervals are seen whole: the middle of the axis, or the end of its first tenth.
func (a rowsAxis) settled() float64 {
	if a.linear() {
		return a.last / 10
	}
	return math.Sqrt(a.first * a.last)
}

// panel of a coefficient.
func (a rowsAxis) panel(c curve) (*plot.Plot, error) {
	p := figure.Panel(c.title(), "", "", 11)
	p.Title.Padding = 5
	p.X.Tick.Label.Font, p.Y.Tick.Label.Font = figure.Sans(9), figure.Sans(9)
	p.X.Label.Text, p.X.Label.TextStyle.Font = "rows", figure.Sans(9)
	a.mark(p)
	p.Y.Tick.Marker = signed{plot.DefaultTicks{}}
	low, high := a.span(c)
	p.Y.Min, p.Y.Max = low, high
	if err := a.draw(p, c); err != nil {
		return nil, err
	}
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = a.first, a.last, low, high
	return p, nil
}

// mark the rows on the axis.
func (a rowsAxis) mark(p *plot.Plot) {
	if a.linear() {
		p.X.Tick.Marker = rowTicks{plot.DefaultTicks{}}
		return
	}
	p.X.Scale = plot.LogScale{}
	p.X.Tick.Marker = plot.TickerFunc(decades)
}

// title names the coefficient and says what it came to, to the second digit of its standard error.
func (c curve) title() string {
	if !finite(c.final.Value) {
		return c.name + ": no value"
	}
	value, se := float64(c.final.Value), float64(c.final.SE)
	if !(se > 0) || math.IsInf(se, 0) {
		return fmt.Sprintf("%s  %s", c.name, minus(strconv.FormatFloat(value, 'g', 5, 64)))
	}
	decimals := min(max(1-int(math.Floor(math.Log10(se))), 0), 12)
	return fmt.Sprintf("%s  %s ± %.2g", c.name, minus(strconv.FormatFloat(value, 'f', decimals, 64)), se)
}

// span of the vertical axis: the settled intervals, and the coefficient's end. What lies beyond, at the beginning, runs out of the panel.
func (a rowsAxis) span(c curve) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for i, v := range c.value {
		if c.rows[i] < a.settled() && i < len(c.value)-1 {
			continue
		}
		for _, n := range []pipeline.Number{v.Value, v.Low, v.High} {
			if finite(n) {
				low, high = min(low, float64(n)), max(high, float64(n))
			}
		}
	}
	if low > high {
		return -1, 1
	}
	room := 0.12 * (high - low)
	if room == 0 {
		room = max(math.Abs(low)*1e-3, 1e-12)
	}
	return low - room, high + room
}

// draw band, path, and what they are to be seen against, in the range of the panel's vertical axis.
func (a rowsAxis) draw(p *plot.Plot, c curve) error {
	if p.Y.Min < 0 && p.Y.Max > 0 {
		if err := addLine(p, []float64{a.first, a.last}, []float64{0, 0}, draw.LineStyle{Color: figure.Frame, Width: 0.7}); err != nil {
			return err
		}
	}
	if err := addBand(p, c, a.first); err != nil {
		return err
	}
	var rows, values []float64
	for i, v := range c.value {
		if c.rows[i] >= a.first {
			rows, values = append(rows, c.rows[i]), append(values, float64(v.Value))
		}
	}
	if err := addLine(p, rows, values, draw.LineStyle{Color: figure.Blue, Width: 1.4}); err != nil {
		return err
	}
	if a.passes > 1 && finite(c.final.Value) {
		end := float64(c.final.Value)
		if err := addLine(p, []float64{a.first, a.last}, []float64{end, end}, draw.LineStyle{Color: figure.Vermilion, Width: 1, Dashes: []vg.Length{4, 3}}); err != nil {
			return err
		}
	}
	if a.linear() {
		return addLine(p, []float64{a.alarm, a.alarm}, []float64{p.Y.Min, p.Y.Max}, draw.LineStyle{Color: figure.Vermilion, Width: 1})
	}
	return nil
}

func addLine(p *plot.Plot, x, y []float64, style draw.LineStyle) error {
	points := make(plotter.XYs, len(x))
	for i := range x {
		points[i] = plotter.XY{X: x[i], Y: y[i]}
	}
	if len(points) == 0 {
		return nil
	}
	line, err := plotter.NewLine(points)
	if err != nil {
		return err
	}
	line.LineStyle = style
	p.Add(line)
	return nil
}

// addBand of the intervals, cut at the panel's edges. Where there is no interval there is no band.
func addBand(p *plot.Plot, c curve, first float64) error {
	var upper, lower plotter.XYs
	inside := func(n pipeline.Number) float64 { return max(p.Y.Min, min(p.Y.Max, float64(n))) }
	for i, v := range c.value {
		if c.rows[i] >= first && finite(v.Low) && finite(v.High) {
			upper = append(upper, plotter.XY{X: c.rows[i], Y: inside(v.High)})
			lower = append(lower, plotter.XY{X: c.rows[i], Y: inside(v.Low)})
		}
	}
	if len(upper) < 2 {
		return nil
	}
	for i := len(lower) - 1; i >= 0; i-- {
		upper = append(upper, lower[i])
	}
	band, err := plotter.NewPolygon(upper)
	if err != nil {
		return err
	}
	band.Color = color.NRGBA{figure.Blue.R, figure.Blue.G, figure.Blue.B, 0x38}
	band.Width = 0
	p.Add(band)
	return nil
}
