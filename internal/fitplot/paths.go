// Package fitplot draws a fit: each coefficient with its 95 % interval over the rows, the distribution of the residuals, and of a trend
// the readings over time.
package fitplot

import (
	"math"
	"math/bits"

	"github.com/streamfit/streamfit/pipeline"
)

const (
	firstRow  = 16
	perDouble = 32 // points while the rows double
)

// NextRow is the next row after row at which a path has a point: 32 of them while the rows double, so that both the first thousand rows and the last
// half of any number of them are seen, with at most 32·60 points.
func NextRow(row int64) int64 {
	if row < firstRow {
		return firstRow
	}
	step := max(1, int64(1)<<(bits.Len64(uint64(row))-1)/perDouble)
	return row - row%step + step
}

// Paths are the coefficients as the rows went by.
type Paths struct {
	points []*pipeline.Update
	next   uint64
}

// Wants tells whether a point is due after so many rows.
func (p *Paths) Wants(rows uint64) bool { return rows >= max(firstRow, p.next) }

// Add a point, if one is due.
func (p *Paths) Add(u *pipeline.Update) {
	rows := u.Rows.Learned
	if !p.Wants(rows) {
		return
	}
	p.points = append(p.points, u)
	p.next = uint64(NextRow(int64(min(rows, math.MaxInt64))))
}

// curve is one coefficient's path.
type curve struct {
	name  string
	rows  []float64
	value []pipeline.Interval
	final pipeline.Interval
}

// curves of the intercept and of all coefficients.
func (p *Paths) curves(final *pipeline.Update) []curve {
	curves := []curve{{name: "(intercept)", final: final.Intercept}}
	for _, c := range final.Coefficients {
		curves = append(curves, curve{name: c.Name, final: c.Interval})
	}
	points := p.points
	if n := len(points); n == 0 || points[n-1].Rows.Learned < final.Rows.Learned {
		points = append(points[:n:n], final)
	}
	for _, u := range points {
		for i := range curves {
			value := u.Intercept
			if i > 0 {
				value = u.Coefficients[i-1].Interval
			}
			if finite(value.Value) {
				curves[i].rows = append(curves[i].rows, float64(u.Rows.Learned))
				curves[i].value = append(curves[i].value, value)
			}
		}
	}
	return curves
}

func finite(n pipeline.Number) bool { return !math.IsNaN(float64(n)) && !math.IsInf(float64(n), 0) }
