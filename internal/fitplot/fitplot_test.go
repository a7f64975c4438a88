package fitplot

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/streamfit/streamfit/internal/goodness"
	"github.com/streamfit/streamfit/pipeline"
)

func TestNextRow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		row := rapid.Int64Range(0, math.MaxInt64/2).Draw(t, "row")
		next := NextRow(row)
		if next <= row || next > max(firstRow, row+max(1, row/perDouble)) {
			t.Fatalf("after row %d comes %d", row, next)
		}
		if again := NextRow(next - 1); row >= firstRow && again != next {
			t.Fatalf("after row %d comes %d, and after %d, which is between them, %d", row, next, next-1, again)
		}
	})
	points := 0
	for row := int64(0); row < 1e9; row = NextRow(row) {
		points++
	}
	if points < 500 || points > 1000 {
		t.Errorf("%d points in a billion rows", points)
	}
}

// update after so many rows of a model whose coefficients settle at 1, −2, 3, −4, …
func update(rows uint64, coefficients int) *pipeline.Update {
	random := rand.New(rand.NewPCG(rows, 1))
	at := func(value float64) pipeline.Interval {
		se := 10 / math.Sqrt(float64(rows))
		value += se * random.NormFloat64()
		return pipeline.Interval{Value: pipeline.Number(value), SE: pipeline.Number(se), Low: pipeline.Number(value - 2*se), High: pipeline.Number(value + 2*se)}
	}
	u := &pipeline.Update{Model: "m", Solver: "newton", Rows: pipeline.RowCounts{Learned: rows}, Intercept: at(100), Scale: 2, Delta: 2.69}
	u.Loss.Name = "huber"
	for j := range coefficients {
		value := float64(j+1) * float64(1-2*(j%2))
		u.Coefficients = append(u.Coefficients, pipeline.NamedInterval{Name: fmt.Sprintf("x%d", j), Interval: at(value)})
	}
	return u
}

// example of a fit of 20,000 rows.
func example(coefficients int) Figure {
	f := Figure{Paths: new(Paths), Passes: 1, Residuals: goodness.NewResiduals()}
	random := rand.New(rand.NewPCG(1, 1))
	for row := uint64(1); row <= 20_000; row++ {
		if f.Paths.Wants(row) {
			f.Paths.Add(update(row, coefficients))
		}
		f.Residuals.Add(2 * random.NormFloat64())
	}
	f.Final = update(20_000, coefficients)
	return f
}

func svg(t *testing.T, f Figure) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fit.svg")
	if err := f.Write(path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for d := xml.NewDecoder(bytes.NewReader(text)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("no well-formed SVG: %v", err)
		}
	}
	if strings.Contains(string(text), "NaN") || strings.Contains(string(text), "Inf") {
		t.Error("the figure draws what is no number")
	}
	return string(text)
}

func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("the figure lacks %q", part)
		}
	}
}

func TestFigure(t *testing.T) {
	f := example(3)
	first := svg(t, f)
	contains(t, first, "m: 20,000 rows, huber loss, solver newton", "(intercept)  ", "x0  ", "x1  −", "x2  ", "knee", "10k", "in units of the scale = 2")
	if again := svg(t, f); again != first {
		t.Error("the same fit gives other bytes")
	}
	path := filepath.Join(t.TempDir(), "fit.png")
	if err := f.Write(path); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if image, err := png.Decode(file); err != nil || image.Bounds().Dx() < 1000 {
		t.Errorf("png: %v", err)
	}
}

func TestFigureAfterSeveralPassesAndDrift(t *testing.T) {
	f := example(2)
	f.Passes = 3
	contains(t, svg(t, f), "first of 3 passes; dashed: after the last")
	row := uint64(15_000)
	f.Final.Drift.LastAlarmRow = &row
	text := svg(t, f)
	contains(t, text, "drift alarm, last at row 15,000", ">10k<", ">20k<")
}

// What is not there is not drawn, and nothing fails.
func TestFigureOfLittle(t *testing.T) {
	none := pipeline.Number(math.NaN())
	for name, change := range map[string]func(*Figure){
		"no intervals": func(f *Figure) {
			for _, u := range append(f.Paths.points, f.Final) {
				u.Scale, u.Delta = none, none
				u.Intercept.SE, u.Intercept.Low, u.Intercept.High = none, none, none
				for i := range u.Coefficients {
					c := &u.Coefficients[i]
					c.SE, c.Low, c.High = none, none, none
				}
			}
		},
		"a degenerate column": func(f *Figure) {
			for _, u := range append(f.Paths.points, f.Final) {
				u.Coefficients[1].Interval = pipeline.Interval{Value: none, SE: none, Low: none, High: none}
			}
		},
		"no path":       func(f *Figure) { f.Paths = new(Paths) },
		"one row":       func(f *Figure) { f.Paths, f.Final = new(Paths), update(1, 2) },
		"no residual":   func(f *Figure) { f.Residuals = goodness.NewResiduals() },
		"all the same":  func(f *Figure) { f.Residuals = goodness.NewResiduals(); f.Residuals.Add(0) },
		"a settled one": func(f *Figure) { f.Final.Intercept = pipeline.Interval{Value: 1, Low: 1, High: 1} },
	} {
		t.Run(name, func(t *testing.T) {
			f := example(2)
			change(&f)
			contains(t, svg(t, f), "x0", "x1")
		})
	}
}

func TestMostSignificantCurvesAreDrawn(t *testing.T) {
	text := svg(t, example(20)) // |value|/se grows with the index
	contains(t, text, "10 less significant ones left out", "(intercept)  ", "x19  ", "x10  ")
	for _, absent := range []string{">x0  ", ">x9  "} {
		if strings.Contains(text, absent) {
			t.Errorf("the figure has %q, which is less significant than others", absent)
		}
	}
}

func TestTicks(t *testing.T) {
	var labels []string
	for _, tick := range decades(20, 2_000_000) {
		if tick.Value < 20 || tick.Value > 2_000_000 {
			t.Errorf("a tick at %v", tick.Value)
		}
		if tick.Label != "" {
			labels = append(labels, tick.Label)
		}
	}
	if diff := cmp.Diff([]string{"100", "1k", "10k", "100k", "1M"}, labels); diff != "" {
		t.Error(diff)
	}
	if got := short(1_250_000); got != "1.25M" {
		t.Errorf("1,250,000 rows are %s", got)
	}
}

func TestWriteRefusesOtherFormats(t *testing.T) {
	if err := example(1).Write("fit.jpg"); err == nil || !strings.Contains(err.Error(), "fit.jpg: a figure is an .svg or a .png file") {
		t.Errorf("got %v", err)
	}
}
