// Package figure is what the program's figures have in common: the file they go to, and how their axes look. The same figure gives the same bytes.
package figure

import (
	"bytes"
	"fmt"
	"image/color"
	"os"
	"path/filepath"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

const pixelsPerInch = 160

// Colours of Okabe and Ito, which people who see colours differently can tell apart (jfly.uni-koeln.de/color).
var (
	Vermilion = color.RGBA{0xD5, 0x5E, 0x00, 0xFF}
	Blue      = color.RGBA{0x00, 0x72, 0xB2, 0xFF}
	Green     = color.RGBA{0x00, 0x9E, 0x73, 0xFF}
)

// Ink of titles, and greys of frames and of the grid.
var (
	Ink   = color.Gray{0x20}
	Frame = color.Gray{0x80}
	Grid  = color.Gray{0xE4}
)

// CheckName says whether a file can be written: its name must end in .svg or .png.
func CheckName(path string) error {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".svg", ".png":
		return nil
	}
	return fmt.Errorf("%s: a figure is an .svg or a .png file, by the ending of its name", path)
}

// Write what paint draws on a white canvas to a file, in the format that its ending says.
func Write(path string, width, height vg.Length, paint func(draw.Canvas) error) error {
	if err := CheckName(path); err != nil {
		return err
	}
	var canvas interface {
		vg.CanvasWriterTo
		vg.CanvasSizer
	}
	if strings.EqualFold(filepath.Ext(path), ".svg") {
		canvas = vgsvg.New(width, height)
	} else {
		canvas = vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(pixelsPerInch))}
	}
	page := draw.New(canvas)
	page.SetColor(color.White)
	page.Fill(page.Path())
	if err := paint(page); err != nil {
		return err
	}
	var file bytes.Buffer
	if _, err := canvas.WriteTo(&file); err != nil {
		return err
	}
	return os.WriteFile(path, file.Bytes(), 0o644)
}

// Sans is the font of all text.
func Sans(size vg.Length) font.Font {
	return font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
}

// Panel is a plot with a grid, grey axes and so large a title.
func Panel(title, x, y string, size vg.Length) *plot.Plot {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.Title.TextStyle.Font = Sans(size)
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Label.TextStyle.Font, axis.Tick.Label.Font = Sans(11), Sans(10)
		axis.Label.Padding, axis.Padding = 4, 0
		axis.Color, axis.Tick.Color = Frame, Frame
	}
	p.Legend.TextStyle.Font = Sans(10)
	grid := plotter.NewGrid()
	grid.Horizontal.Color, grid.Vertical.Color = Grid, Grid
	p.Add(grid)
	return p
}
