package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"time"

	"github.com/streamfit/streamfit/estimator"
)

// segments of River's WaterFlow that its description calls anomalous, by their first and last reading: three of low values, and a peak.
var segments = []struct {
	what        string
	first, last int
}{
	{"low values, 24 to 25 March", 94, 110}, {"low values, 29 March", 211, 223}, {"the peak of 3 April", 329, 329}, {"low values, 27 to 28 April", 872, 887},
}

// readWaterFlow from River's file: Time, Water flow [l/s].
func readWaterFlow(path string) (estimator.Columns, error) {
	f, err := os.Open(path)
	if err != nil {
		return estimator.Columns{}, err
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return estimator.Columns{}, err
	}
	c := estimator.Columns{}
	for _, row := range rows[1:] {
		at, err := time.Parse("2006-01-02T15:04:05-07:00", row[0])
		value, bad := strconv.ParseFloat(row[1], 64)
		if err = errors.Join(err, bad); err != nil {
			return c, err
		}
		c.Time, c.Target = append(c.Time, float64(at.Unix())), append(c.Target, value)
		c.Rows++
	}
	return c, nil
}

// waterFlow is what a trend with a daily season makes of it.
type waterFlow struct {
	outside []bool // of 3 σ̂ about the prediction
	trend   *estimator.TrendReport
	rows    int
}

func fitWaterFlow(c estimator.Columns) (waterFlow, error) {
	cfg := estimator.DefaultConfig()
	cfg.Trend = estimator.Trend{Time: "Time", Unit: 86400, Season: []estimator.Span{86400}, Harmonics: 2}
	m, err := estimator.New(cfg)
	if err != nil {
		return waterFlow{}, err
	}
	w := waterFlow{rows: c.Rows}
	m.Watch(func(p estimator.Predicted) {
		for i, y := range p.Target {
			w.outside = append(w.outside, math.Abs(y-p.Prediction[i]) > 3/1.345*p.Knee[i])
		}
	})
	m.Learn(nil, c)
	w.trend = m.Report().Trend
	return w, nil
}

// without the anomalous segments.
func without(c estimator.Columns) (out estimator.Columns) {
	for i := range c.Rows {
		inside := false
		for _, s := range segments {
			inside = inside || i >= s.first && i <= s.last
		}
		if !inside {
			out.Time, out.Target = append(out.Time, c.Time[i]), append(out.Target, c.Target[i])
			out.Rows++
		}
	}
	return out
}

// writeWaterFlow says which segments were found, and how far they bend the trend.
func writeWaterFlow(w io.Writer, path string) error {
	c, err := readWaterFlow(path)
	if err != nil {
		return err
	}
	all, errAll := fitWaterFlow(c)
	clean, errClean := fitWaterFlow(without(c))
	if err := errors.Join(errAll, errClean); err != nil {
		return err
	}
	fmt.Fprint(w, "| segment | readings | of them outside 3 σ̂ |\n|---|---|---|\n")
	elsewhere := 0
	for i, outside := range all.outside {
		if outside && i >= 24 {
			elsewhere++
		}
	}
	for _, s := range segments {
		found := 0
		for i := s.first; i <= s.last; i++ {
			if all.outside[i] {
				found++
			}
		}
		elsewhere -= found
		fmt.Fprintf(w, "| %s | %d | %d |\n", s.what, s.last-s.first+1, found)
	}
	fmt.Fprintf(w, "\nElsewhere, after the first day, %d of the other readings are outside. With the segments the trend ends at %.2f l/s and %+.4f a day, without them at %.2f and %+.4f:\nthey bend it by %.2f and %.2f of the standard errors.\n",
		elsewhere, all.trend.Level.Value, all.trend.Slope.Value, clean.trend.Level.Value, clean.trend.Slope.Value,
		math.Abs(all.trend.Level.Value-clean.trend.Level.Value)/clean.trend.Level.SE, math.Abs(all.trend.Slope.Value-clean.trend.Slope.Value)/clean.trend.Slope.SE)
	return nil
}
