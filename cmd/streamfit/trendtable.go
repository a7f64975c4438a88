package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/streamfit/streamfit/pipeline"
)

// writeTrend writes what an update says of its trend, one sentence a line; nothing for a model without one.
func writeTrend(out io.Writer, t *pipeline.TrendUpdate) error {
	if t == nil {
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "trend at %s: level %s, slope %s per %s, last residual %s σ̂\n",
		moment(t.Time), withError(t.Level), withError(t.Slope.Interval), t.Slope.Unit, digits(t.LastResidual, 2))
	for _, s := range t.Season {
		fmt.Fprintf(&b, "season of %s: amplitude %s, last highest at %s\n",
			s.Period, withError(pipeline.Interval{Value: s.Amplitude, SE: s.SE}), moment(s.Peak))
	}
	if f := t.Forecast; f != nil {
		fmt.Fprintf(&b, "forecast for %s: %s, 95 %% of readings between %s and %s\n", moment(f.Time), digits(f.Value, 5), digits(f.Low, 5), digits(f.High, 5))
	}
	_, err := fmt.Fprintln(out, b.String())
	return err
}

// moment in time, to the second; a dash for none.
func moment(t *string) string {
	if t == nil {
		return "–"
	}
	at, zone := *t, ""
	if cut, found := strings.CutSuffix(at, "Z"); found {
		at, zone = cut, "Z"
	}
	whole, _, _ := strings.Cut(at, ".")
	return whole + zone
}
