package fitplot

import (
	"math"
	"time"

	"gonum.org/v1/plot"
)

// timeSteps between labelled ticks, and how the labels are written: as short as tells them apart.
var timeSteps = []struct {
	step   time.Duration
	layout string
}{
	{time.Second, "15:04:05"}, {5 * time.Second, "15:04:05"}, {15 * time.Second, "15:04:05"}, {time.Minute, "15:04"}, {5 * time.Minute, "15:04"},
	{15 * time.Minute, "15:04"}, {time.Hour, "15:04"}, {3 * time.Hour, "2 Jan 15:04"}, {12 * time.Hour, "2 Jan 15:04"}, {24 * time.Hour, "2 Jan"},
	{7 * 24 * time.Hour, "2 Jan"},
}

const mostTicks = 9

// timeTicks marks round times, in seconds since 1970, in UTC.
func timeTicks(low, high float64) (ticks []plot.Tick) {
	const year = 366 * 86400
	if !(math.Abs(low) < 1e11 && math.Abs(high) < 1e11) {
		return plot.DefaultTicks{}.Ticks(low, high)
	}
	if high-low < mostTicks*7*86400 {
		for _, s := range timeSteps {
			if step := s.step.Seconds(); (high-low)/step <= mostTicks {
				for at := math.Ceil(low/step) * step; at <= high; at += step {
					ticks = append(ticks, plot.Tick{Value: at, Label: time.Unix(int64(at), 0).UTC().Format(s.layout)})
				}
				return ticks
			}
		}
	}
	for _, months := range []int{1, 2, 3, 6} {
		if (high-low)/year*12 <= float64(mostTicks*months) {
			return calendarTicks(low, high, months, "Jan 2006")
		}
	}
	for _, years := range []int{1, 2, 5, 10, 20, 50, 100, 200, 500} {
		if (high-low)/year <= float64(mostTicks*years) {
			return calendarTicks(low, high, 12*years, "2006")
		}
	}
	return plot.DefaultTicks{}.Ticks(low, high)
}

// calendarTicks at the first of every so many-th month, counted from the year 0.
func calendarTicks(low, high float64, months int, layout string) (ticks []plot.Tick) {
	begin := time.Unix(int64(low), 0).UTC()
	month := (begin.Year()*12 + int(begin.Month()) - 1) / months * months
	for ; ; month += months {
		at := time.Date(month/12, time.Month(month%12+1), 1, 0, 0, 0, 0, time.UTC)
		switch seconds := float64(at.Unix()); {
		case seconds > high:
			return ticks
		case seconds >= low:
			ticks = append(ticks, plot.Tick{Value: seconds, Label: at.Format(layout)})
		}
	}
}
