package pipeline_test

import (
	"math"
	"slices"
	"testing"

	"github.com/streamfit/streamfit/pipeline"
)

func trend(c *pipeline.Config) { c.Model.Trend.Time = "ts" }

func TestValidateNamesTheFaultOfATrend(t *testing.T) {
	for want, spoil := range map[string]func(*pipeline.Config){
		`model.trend.time: "delay" has another role already: it is the target, the weight or the key`: func(c *pipeline.Config) { c.Model.Trend.Time = "delay" },
		`model.trend.time: "time" is a feature too; the trend makes its own columns of it`:            func(c *pipeline.Config) { c.Model.Trend.Time = "time" },
		`model.time: "at" is not the trend's time column "ts"; leave it out`:                          func(c *pipeline.Config) { c.Model.Time = "at" },
		"model.trend.time: missing: a season or a horizon is given; name the time column that the trend is over": func(c *pipeline.Config) {
			c.Model.Trend.Time, c.Model.Trend.Season = "", []string{"24h"}
		},
		`model.trend.season: "1y" is no length of time; want a number and one of ns, us, ms, s, m, h, d, w, as 90s, 24h or 365.25d`: func(c *pipeline.Config) {
			c.Model.Trend.Season = []string{"1y"}
		},
		"model.trend.season: harmonic 2 of 24h is harmonic 1 of 12h; leave one period out, or take fewer harmonics": func(c *pipeline.Config) {
			c.Model.Trend.Season = []string{"24h", "12h"}
		},
		"model.trend.unit: 0s is no length of time above 0": func(c *pipeline.Config) { c.Model.Trend.Unit = 0 },
		"model.trend.harmonics: 0 is none of 1 to 50": func(c *pipeline.Config) {
			c.Model.Trend.Season, c.Model.Trend.Harmonics = []string{"24h"}, 0
		},
		"model.trend.horizon: -1m is before the newest reading; want a length of time, or 0s for no forecast": func(c *pipeline.Config) {
			c.Model.Trend.Horizon = -60
		},
		"model.solver: solver asgd fits no trend; want newton":     func(c *pipeline.Config) { c.Model.Solver = "asgd" },
		"model.solver: solver tracking fits no trend; want newton": func(c *pipeline.Config) { c.Model.Solver = "tracking" },
	} {
		c := minimal()
		trend(&c)
		spoil(&c)
		if got := settingErrors(t, c.Validate()); !slices.Equal(got, []string{want}) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// A trend alone is a model. Its warm-up is no longer than its half-life.
func TestATrendNeedsNoFeature(t *testing.T) {
	c := minimal()
	c.Model.Features = nil
	trend(&c)
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
	for halfLife, want := range map[float64]int{math.Inf(1): 1024, 300: 256, 20: 16} {
		if c.Model.HalfLife.Rows = halfLife; c.Estimator(nil).WarmUp != want {
			t.Errorf("half-life %v: a warm-up of %d rows, want %d", halfLife, c.Estimator(nil).WarmUp, want)
		}
	}
}
