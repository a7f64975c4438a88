package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"text/tabwriter"
	"time"

	"github.com/streamfit/streamfit/internal/devbroker"
	"github.com/streamfit/streamfit/internal/sensors"
	"github.com/streamfit/streamfit/pipeline"
	"github.com/streamfit/streamfit/pipeline/arrowipc"
	"github.com/streamfit/streamfit/pipeline/kafka"
)

// The sensors of the demo: one in twenty jumps half-way by 20 σ, one reading in twenty is a spike.
const (
	demoSensors   = 100
	demoReadings  = 1000
	demoSpikes    = 0.05
	demoJumpEvery = 20
	demoJump      = 20
	demoHalfLife  = 32 // readings
)

// runTrend is the demo of trends: simulated sensors, mixed in every message, and level and slope of each.
func (d *demoCmd) runTrend(ctx context.Context, c *console) error {
	broker, err := devbroker.Start(devbroker.Options{Topics: []devbroker.Topic{{Name: demoInput}, {Name: demoOutput}}})
	if err != nil {
		return err
	}
	defer broker.Close()
	all := drawSensors()
	fmt.Fprintf(c.Err, "%d simulated sensors, a reading a minute each, mixed in record batches of %d rows, to topic %s; level and slope of each, updates from topic %s:\n\n",
		demoSensors, demoBatchRows, demoInput, demoOutput)
	produce := func(ctx context.Context, cluster *kafka.Cluster) error { return d.produceSensors(ctx, cluster, all) }
	models, err := d.streamKeys(ctx, demoTrendConfig(broker.Brokers()), c, demoSensors*demoReadings, produce)
	if err != nil {
		return err
	}
	return reportSensors(c.Out, all, models)
}

func drawSensors() []sensors.Sensor {
	all := make([]sensors.Sensor, demoSensors)
	for i := range all {
		jump := 0.0
		if i%demoJumpEvery == demoJumpEvery/2 {
			jump = demoJump
		}
		all[i] = sensors.Draw(uint64(i), demoReadings, demoSpikes, jump)
	}
	return all
}

func sensorName(i int) string { return fmt.Sprintf("sensor-%02d", i) }

func demoTrendConfig(brokers []string) pipeline.Config {
	cfg := demoConfig(brokers)
	m := &cfg.Model
	m.Name, m.Target, m.Features, m.Scope, m.Key, m.HalfLife = "sensors", "value", nil, "key", "sensor", pipeline.HalfLife{Rows: demoHalfLife}
	m.Trend.Time, m.Trend.Unit = "ts", 60
	cfg.Output.EveryRows, cfg.Output.Every = demoReadings, 200*time.Millisecond
	return cfg
}

// produceSensors sends ten minutes of all sensors in each message.
func (d *demoCmd) produceSensors(ctx context.Context, cluster *kafka.Cluster, all []sensors.Sensor) error {
	const minutes = demoBatchRows / demoSensors
	sink, begin := cluster.OpenSink(demoInput), time.Now()
	for from := 0; from < demoReadings; from += minutes {
		var names []string
		var times, values []float64
		for minute := from; minute < from+minutes; minute++ {
			for i, s := range all {
				names, times, values = append(names, sensorName(i)), append(times, s.Time[minute]), append(values, s.Value[minute])
			}
		}
		message, err := arrowipc.EncodeKeyed(nil, "sensor", names, []string{"ts", "value"}, [][]float64{times, values})
		if err != nil {
			return err
		}
		if err := sink.Write(ctx, pipeline.Record{Value: message}); err != nil {
			return err
		}
		if d.Rate > 0 {
			sent := (from + minutes) * demoSensors
			if err := wait(ctx, time.Until(begin.Add(time.Duration(float64(sent)/float64(d.Rate)*float64(time.Second))))); err != nil {
				return err
			}
		}
	}
	return nil
}

// reportSensors puts the levels of the first sensors beside the true ones, and says how good all of them are.
func reportSensors(out io.Writer, all []sensors.Sensor, models map[string]*pipeline.Update) error {
	const shown = 12
	fmt.Fprintf(out, "%d sensors have a model each; the first, at their last reading, in σ of their noise:\n\n", len(models))
	t := tabwriter.NewWriter(out, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "sensor\treadings\toutliers\tlevel\ttrue level\tslope per minute\tlast residual\t\n")
	square, covered := 0.0, 0
	for i, s := range all {
		u := models[sensorName(i)]
		truth := s.Level[demoReadings-1]
		off := float64(u.Trend.Level.Value) - truth
		square += off * off
		if float64(u.Trend.Level.Low) <= truth && truth <= float64(u.Trend.Level.High) {
			covered++
		}
		if i >= shown {
			continue
		}
		name := sensorName(i)
		if s.Jump > 0 {
			name += " (jumped)"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%.2f\t%s\t%s\t\n", name, grouped(u.Rows.Learned), percent(pipeline.Number(float64(u.Rows.Outliers)/float64(u.Rows.Learned))),
			withError(u.Trend.Level), truth, withError(u.Trend.Slope.Interval), digits(u.Trend.LastResidual, 2))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, `
rms error of all %d levels: %.2f σ of one reading's noise; %d of their 95 %% intervals hold the true level
%s`, len(all), math.Sqrt(square/float64(len(all))), covered, demoTrendNext)
	return err
}

const demoTrendNext = `
next:
  streamfit replay --target CO2 --trend Date --unit 8766h --season 8766h --half-life 24 --plot co2.svg examples/data/co2-concentration.csv
  streamfit replay --target x --trend t --unit 1s docs/data/trajectory.csv
`
