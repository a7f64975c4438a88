package pipeline_test

import (
	"math"
	"testing"

	"github.com/streamfit/streamfit/pipeline"
)

var (
	nine     = pipeline.HalfLife{Rows: 9}
	twoHours = pipeline.HalfLife{Rows: math.Inf(1), Time: 7200}
)

func TestHalfLifeIsRowsOrTime(t *testing.T) {
	for text, want := range map[string]pipeline.HalfLife{
		"9": nine, "2h": twoHours, "120m": twoHours, ".inf": {Rows: math.Inf(1)}, "1e3": {Rows: 1000}, "0": {}, "1.5s": {Rows: math.Inf(1), Time: 1.5},
	} {
		var got pipeline.HalfLife
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%s is %+v, %v; want %+v", text, got, err, want)
		}
		var again pipeline.HalfLife
		if written, _ := got.MarshalText(); again.UnmarshalText(written) != nil || again != want {
			t.Errorf("%s is written as %s, which is %+v", text, written, again)
		}
	}
	for _, text := range []string{"", "x", "0s", "2 fortnights", ".nan", "1h30m"} {
		if err := new(pipeline.HalfLife).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is a half-life", text)
		}
	}
}
