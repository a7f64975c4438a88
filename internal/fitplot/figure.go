package fitplot

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/streamfit/streamfit/internal/figure"
	"github.com/streamfit/streamfit/internal/goodness"
	"github.com/streamfit/streamfit/pipeline"
)

// Figure is what is drawn.
type Figure struct {
	Paths     *Paths           // of the first pass
	Final     *pipeline.Update // the model after all passes
	Passes    int
	Residuals *goodness.Residuals
	Series    *Series // of a trend, over time; nil or empty: there is none
}

const (
	mostCurves   = 11 // with the residuals, three rows of four panels
	panelWidth   = 3.9 * vg.Inch
	panelHeight  = 2.5 * vg.Inch
	headerHeight = 44
)

// CheckName says whether a figure can be written to a file of this name.
func CheckName(path string) error { return figure.CheckName(path) }

// Write the figure to an .svg or .png file. The same fit gives the same bytes.
func (f Figure) Write(path string) error {
	curves := f.Paths.curves(f.Final)
	left := len(curves)
	curves = chosen(curves)
	left -= len(curves)

	columns := columnsFor(len(curves) + 1)
	rows := (len(curves) + columns) / columns
	panels := make([][]*plot.Plot, rows)
	for i := range panels {
		panels[i] = make([]*plot.Plot, columns)
	}
	axis := f.rowsAxis()
	for i, c := range curves {
		panel, err := axis.panel(c)
		if err != nil {
			return err
		}
		panels[i/columns][i%columns] = panel
	}
	last, err := f.histogram()
	if err != nil {
		return err
	}
	panels[len(curves)/columns][len(curves)%columns] = last
	width, height, top := vg.Length(columns)*panelWidth, vg.Length(rows)*panelHeight+headerHeight, vg.Length(headerHeight)
	var series *plot.Plot
	if f.Series != nil && len(f.Series.kept) > 0 {
		if series, err = f.Series.panel(); err != nil {
			return err
		}
		height, top = height+seriesHeight, top+seriesHeight
	}
	return figure.Write(path, width, height, func(page draw.Canvas) error {
		f.header(page, axis, left)
		if series != nil {
			series.Draw(draw.Crop(page, 8, -14, height-top+10, -headerHeight))
		}
		tiles := draw.Tiles{Rows: rows, Cols: columns, PadX: 16, PadY: 14, PadTop: top, PadBottom: 8, PadLeft: 8, PadRight: 14}
		for i, row := range plot.Align(panels, tiles, page) {
			for j, area := range row {
				if panels[i][j] != nil {
					panels[i][j].Draw(area)
				}
			}
		}
		return nil
	})
}

func columnsFor(panels int) int {
	switch {
	case panels <= 4:
		return 2
	case panels <= 9:
		return 3
	default:
		return 4
	}
}

// chosen curves: all, or the most significant ones in their order, where there are too many to be told apart.
func chosen(curves []curve) []curve {
	if len(curves) <= mostCurves {
		return curves
	}
	byWeight := slices.Clone(curves)
	slices.SortStableFunc(byWeight, func(a, b curve) int { return cmp.Compare(significance(b), significance(a)) })
	least := significance(byWeight[mostCurves-1])
	var kept []curve
	for _, c := range curves {
		if significance(c) >= least && len(kept) < mostCurves {
			kept = append(kept, c)
		}
	}
	return kept
}

// significance |value|/se; below all others where there is no standard error.
func significance(c curve) float64 {
	z := math.Abs(float64(c.final.Value) / float64(c.final.SE))
	if math.IsNaN(z) {
		return -1
	}
	return z
}

// header says what the panels are of, in one line and a smaller one.
func (f Figure) header(page draw.Canvas, axis rowsAxis, left int) {
	u := f.Final
	title := draw.TextStyle{Color: figure.Ink, Font: figure.Sans(14), Handler: plot.DefaultTextHandler}
	small := draw.TextStyle{Color: figure.Frame, Font: figure.Sans(10), Handler: plot.DefaultTextHandler}
	page.FillText(title, vg.Point{X: 10, Y: page.Max.Y - 18}, fmt.Sprintf("%s: %s rows, %s loss, solver %s", u.Model, grouped(u.Rows.Learned), u.Loss.Name, u.Solver))
	notes := []string{"coefficients in raw units, with 95 % intervals"}
	if f.Passes > 1 {
		notes = append(notes, fmt.Sprintf("first of %d passes; dashed: after the last", f.Passes))
	}
	if left > 0 {
		notes = append(notes, fmt.Sprintf("%d less significant ones left out", left))
	}
	if axis.alarm > 0 {
		notes = append(notes, "drift alarm, last at row "+grouped(uint64(axis.alarm)))
	}
	page.FillText(small, vg.Point{X: 10, Y: page.Max.Y - 32}, strings.Join(notes, " · "))
}

// grouped writes 1234567 as 1,234,567.
func grouped(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
