package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"

	"github.com/rs/zerolog"

	"github.com/streamfit/streamfit/internal/sensors"
	"github.com/streamfit/streamfit/pipeline"
	"github.com/streamfit/streamfit/pipeline/kafka"
)

// fleet of simulated sensors, read minute by minute: trends instead of features. One reading in twenty is a spike; some sensors jump half-way.
type fleet struct {
	all  []sensors.Sensor
	next int64 // row: reading next/len(all) of sensor next%len(all)
}

const (
	fleetSpikes   = 0.05
	fleetJumps    = 50
	fleetJump     = 20 // σ
	fleetHalfLife = "32"
)

func newFleet(count, readings int64) *fleet {
	f := &fleet{}
	for i := range count {
		jump := 0.0
		if i%max(1, count/fleetJumps) == 0 && i/max(1, count/fleetJumps) < fleetJumps {
			jump = fleetJump
		}
		f.all = append(f.all, sensors.Draw(uint64(i), int(readings), fleetSpikes, jump))
	}
	return f
}

func fleetName(i int64) string { return fmt.Sprintf("sensor-%07d", i) }

// rows with their keys, in the columns ts, value.
func (f *fleet) rows(n int64) (keys []string, columns [][]float64) {
	columns = make([][]float64, 2)
	for range n {
		i, reading := f.next%int64(len(f.all)), f.next/int64(len(f.all))
		f.next++
		s := f.all[i]
		keys = append(keys, fleetName(i))
		columns[0], columns[1] = append(columns[0], s.Time[reading]), append(columns[1], s.Value[reading])
	}
	return keys, columns
}

func (f *fleet) columns() []string { return []string{"ts", "value"} }

func (f *fleet) arguments() []string {
	return []string{"--target", "value", "--trend", "ts", "--unit", "1m", "--half-life", fleetHalfLife}
}

func (f *fleet) what() string {
	return fmt.Sprintf("readings of trends with 5 %% spikes and %d jumps, half-life %s readings", fleetJumps, fleetHalfLife)
}

// check the newest update of each sensor against its true level.
func (f *fleet) check(ctx context.Context, b *bench) error {
	cluster, err := kafka.Open(kafka.Config{Brokers: []string{b.broker}, Kafka: pipeline.DefaultConfig().Kafka, Log: zerolog.Nop()})
	if err != nil {
		return err
	}
	defer cluster.Close()
	_, end, err := cluster.Bounds(ctx, outputTopic, 0)
	if err != nil {
		return err
	}
	source, err := cluster.OpenSource(kafka.SourceConfig{Topic: outputTopic})
	if err != nil {
		return err
	}
	defer source.Close()
	newest := map[string]*pipeline.Update{}
	for position := int64(0); position < end; {
		run, err := source.Fetch(ctx)
		if err != nil {
			return err
		}
		for _, m := range run.Messages {
			u := new(pipeline.Update)
			if err := json.Unmarshal(m.Value, u); err != nil {
				return err
			}
			newest[*u.Key] = u
		}
		position = run.Next
	}
	f.score(newest)
	return nil
}

// score the levels, and say which sensors an alarm was raised for.
func (f *fleet) score(newest map[string]*pipeline.Update) {
	square, covered, caught, missed, mistaken := 0.0, 0, 0, 0, 0
	for i, s := range f.all {
		u := newest[fleetName(int64(i))]
		if u == nil || u.Trend == nil {
			continue
		}
		last := len(s.Level) - 1
		off := float64(u.Trend.Level.Value) - s.Level[last]
		square += off * off
		if math.Abs(off) <= float64(u.Trend.Level.High)-float64(u.Trend.Level.Value) {
			covered++
		}
		alarm := u.Drift.LastAlarmRow != nil
		switch {
		case s.Jump > 0 && alarm:
			caught++
		case s.Jump > 0:
			missed++
		case alarm:
			mistaken++
		}
	}
	n := float64(len(newest))
	fmt.Printf("| rms error of the level at the last reading, in σ of the noise | %.3f |\n", math.Sqrt(square/n))
	fmt.Printf("| 95 %% intervals that hold the true level | %.1f %% |\n", 100*float64(covered)/n)
	if caught+mistaken > 0 {
		fmt.Printf("| jumps with an alarm, of %d | %d |\n| alarms of sensors that did not jump, of %d | %d |\n", caught+missed, caught, len(newest)-caught-missed, mistaken)
	}
}
