package main

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/streamfit/streamfit/pipeline"
)

// trendOf the final update of a replay.
func trendOf(t *testing.T, arguments ...string) *pipeline.Update {
	t.Helper()
	arguments = append([]string{"replay", "-o", "json"}, arguments...)
	var out, log strings.Builder
	if code := run(arguments, &console{Out: &out, Err: &log}); code != exitDone {
		t.Fatalf("streamfit %s: exit code %d: %s", strings.Join(arguments, " "), code, log.String())
	}
	u := new(pipeline.Update)
	if err := json.Unmarshal([]byte(out.String()), u); err != nil {
		t.Fatal(err)
	}
	return u
}

type goldenTrends struct {
	Fits []struct {
		File, Arguments, Call string
		Within                float64 // of statsmodels' standard errors
		Coefficients, SE      []float64
	}
	STL struct {
		Amplitude, Growth float64
		Highest           int
	}
}

func readGoldenTrends(t *testing.T) (golden goldenTrends) {
	t.Helper()
	text, err := os.ReadFile("../../golden/trend.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	return golden
}

// The trends of CO2 and of the weather are those of statsmodels.
func TestTrendsEqualStatsmodels(t *testing.T) {
	golden := readGoldenTrends(t)
	if len(golden.Fits) != 3 {
		t.Fatalf("%d fits, want all 3", len(golden.Fits))
	}
	for _, fit := range golden.Fits {
		u := trendOf(t, append(strings.Fields(fit.Arguments), "../../examples/data/"+fit.File)...)
		got := []pipeline.Interval{u.Intercept}
		for _, c := range u.Coefficients {
			got = append(got, c.Interval)
		}
		if len(got) != len(fit.Coefficients) {
			t.Fatalf("%s: %d coefficients, want %d", fit.Arguments, len(got), len(fit.Coefficients))
		}
		worst := 0.0
		for i, want := range fit.Coefficients {
			worst = max(worst, math.Abs(float64(got[i].Value)-want)/fit.SE[i])
		}
		t.Logf("%s: the farthest is %.2g standard errors from %s", fit.Arguments, worst, fit.Call)
		if !(worst <= fit.Within) {
			t.Errorf("%s: %.2g standard errors from %s, want %g", fit.Arguments, worst, fit.Call, fit.Within)
		}
	}
}

// With a half-life of two years, CO2's growth and season are those of the textbook: STL's of the last years.
func TestCO2IsThatOfTheTextbook(t *testing.T) {
	stl := readGoldenTrends(t).STL
	u := trendOf(t, strings.Fields("--target CO2 --trend Date --unit 8766h --season 8766h --half-life 24 ../../examples/data/co2-concentration.csv")...)
	season := u.Trend.Season[0]
	if z := math.Abs(float64(u.Trend.Slope.Value)-stl.Growth) / float64(u.Trend.Slope.SE); z > 2 {
		t.Errorf("it grows by %v ± %v ppm a year, STL says %v", u.Trend.Slope.Value, u.Trend.Slope.SE, stl.Growth)
	}
	if z := math.Abs(float64(season.Amplitude)-stl.Amplitude) / float64(season.SE); z > 2 {
		t.Errorf("the season's amplitude is %v ± %v ppm, STL says %v", season.Amplitude, season.SE, stl.Amplitude)
	}
	if peak := *season.Peak; !strings.HasPrefix(peak, "2019-05-") || stl.Highest != 5 {
		t.Errorf("the season is highest at %s, STL says in month %d", peak, stl.Highest)
	}
}

// The figures of docs/trend.md are what the program draws.
func TestTheTrendsPageShowsTheFigures(t *testing.T) {
	for figure, command := range map[string]string{
		"docs/trend-co2.svg":     "--name co2 --target CO2 --trend Date --unit 8766h --season 8766h --half-life 24 examples/data/co2-concentration.csv",
		"docs/trend-weather.svg": "--name temperature --target temperature --trend date --unit 24h --season 24h,8760h examples/data/seattle-weather-hourly-normals.csv",
	} {
		path := t.TempDir() + "/figure.svg"
		trendOf(t, append(strings.Fields(strings.Replace(command, "examples/", "../../examples/", 1)), "--plot", path)...)
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if want, err := os.ReadFile("../../" + figure); err != nil || string(got) != string(want) {
			t.Errorf("%s is out of date: go run ./cmd/streamfit replay --plot %s %s", figure, figure, command)
		}
	}
}
