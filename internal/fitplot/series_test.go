package fitplot

import (
	"math"
	"strings"
	"testing"

	"github.com/streamfit/streamfit/estimator"
	"github.com/streamfit/streamfit/pipeline"
)

// readings an hour apart, of which every hundredth is an echo.
func readings(n int) *Series {
	s := NewSeries(2)
	rows := estimator.Predicted{}
	for i := range n {
		value := math.Sin(float64(i))
		if i%100 == 99 {
			value += 50
		}
		rows.Time, rows.Target = append(rows.Time, 1.7e9+3600*float64(i)), append(rows.Target, value)
		rows.Prediction, rows.Knee = append(rows.Prediction, 0), append(rows.Knee, 1)
	}
	s.Add(rows)
	return s
}

func TestTheFigureOfATrendShowsTheReadings(t *testing.T) {
	f := example(1)
	f.Series = readings(300)
	alarm := uint64(150)
	f.Series.Alarm(&pipeline.Update{Drift: pipeline.Drift{LastAlarmRow: &alarm}})
	drawn := svg(t, f)
	for _, want := range []string{"readings, each predicted before it was learned; band: ±3 σ; 3 outside; 1 drift alarm", "16 Nov", "23 Nov"} {
		if !strings.Contains(drawn, want) {
			t.Errorf("the figure does not say %q", want)
		}
	}
	if without := svg(t, example(1)); strings.Contains(without, "readings") {
		t.Error("a model without a trend shows readings")
	}
}

// Of any number of readings, as many are kept as can be drawn, from all of the time, and no more of those at one hour of the day than at the others.
func TestReadingsAreThinnedEvenly(t *testing.T) {
	s := readings(300_000)
	if n := len(s.kept); n <= mostReadings/3 || n > mostReadings {
		t.Errorf("%d readings kept", n)
	}
	if n := len(s.outside); n <= mostOutside/3 || n > mostOutside || s.far != 3000 {
		t.Errorf("%d of %d readings outside kept", n, s.far)
	}
	hours, halves := map[uint64]int{}, [2]int{}
	for _, r := range s.kept {
		hours[r.row%24]++
		halves[r.row/150_000]++
	}
	for hour := range uint64(24) {
		if share := float64(hours[hour]) / float64(len(s.kept)); share < 0.5/24 || share > 2.0/24 {
			t.Errorf("%.3f of the readings are of hour %d", share, hour)
		}
	}
	if float64(min(halves[0], halves[1])) < 0.45*float64(len(s.kept)) {
		t.Errorf("readings kept of the two halves: %v", halves)
	}
}

func TestTimeTicksAreRound(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		want      string
	}{
		{0, 40, "00:00:00 00:00:05"},
		{1.7e9, 1.7e9 + 6*3600, "23:00 00:00"},
		{1.7e9, 1.7e9 + 5*86400, "15 Nov 16 Nov"},
		{1.7e9, 1.7e9 + 30*86400, "16 Nov 23 Nov"},
		{1.7e9, 1.7e9 + 200*86400, "Dec 2023 Jan 2024"},
		{-372e6, 1585e6, "1960 1970"},
	} {
		var labels []string
		for _, tick := range timeTicks(c.low, c.high) {
			if tick.Value < c.low || tick.Value > c.high {
				t.Errorf("a tick at %v, outside of %v to %v", tick.Value, c.low, c.high)
			}
			labels = append(labels, tick.Label)
		}
		if got := strings.Join(labels, " "); !strings.HasPrefix(got, c.want) || len(labels) > mostTicks+1 {
			t.Errorf("%v to %v: %s, want %s, …", c.low, c.high, got, c.want)
		}
	}
}
