package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"github.com/streamfit/streamfit/estimator"
	"github.com/streamfit/streamfit/examples/data"
	"github.com/streamfit/streamfit/internal/devbroker"
	"github.com/streamfit/streamfit/pipeline"
	"github.com/streamfit/streamfit/pipeline/kafka"
)

type demoCmd struct {
	Use   string `enum:"model,keys,trend" default:"model" help:"What to show: one model of all flights, a model for each airport (keys), or the trends of simulated sensors (trend)."`
	Rate  int    `default:"50000" help:"Rows per second to produce; 0: as fast as it goes."`
	Order string `enum:"shuffled,file" default:"shuffled" help:"Order of the rows: shuffled (the same each time), or file: as the file has them, sorted by time of day, so that the stream drifts."`
}

// Help is the text below the usage.
func (*demoCmd) Help() string {
	return `The main job on a broker inside this process, with 200,000 real flights: they are produced as Arrow record batches, learned row by row, and the updates read back
from their topic. Then the model is put beside the batch fit of the same rows. It needs nothing but this program.

    streamfit demo
    streamfit demo --rate 0 --order file
    streamfit demo --use keys
    streamfit demo --use trend`
}

const (
	demoInput, demoOutput = "rows", "models"
	demoBatchRows         = 1000
)

// Run produces, learns and reads back side by side, until the update that has seen every flight is there.
func (d *demoCmd) Run(ctx context.Context, c *console) error {
	if d.Use == "keys" {
		return d.runKeys(ctx, c)
	}
	if d.Use == "trend" {
		return d.runTrend(ctx, c)
	}
	rows, err := readFlights(d.Order == "shuffled")
	if err != nil {
		return err
	}
	broker, err := devbroker.Start(devbroker.Options{Topics: []devbroker.Topic{{Name: demoInput}, {Name: demoOutput}}})
	if err != nil {
		return err
	}
	defer broker.Close()
	cfg := demoConfig(broker.Brokers())
	fmt.Fprintf(c.Err, "%s flights as Arrow record batches of %d rows to topic %s, learned by newton with Huber loss, updates from topic %s:\n\n",
		grouped(data.FlightRows), demoBatchRows, demoInput, demoOutput)
	last, err := d.stream(ctx, cfg, rows, c)
	if err != nil {
		return err
	}
	return report(c.Out, rows, last)
}

func demoConfig(brokers []string) pipeline.Config {
	cfg := pipeline.DefaultConfig()
	cfg.Model.Name, cfg.Model.Target, cfg.Model.Features = "delays", "delay", []string{"distance", "time"}
	cfg.Input.Brokers, cfg.Input.Topic, cfg.Input.Group = brokers, demoInput, "demo"
	cfg.Output.Topic, cfg.Output.EveryRows, cfg.Output.Every = demoOutput, demoBatchRows, 0
	cfg.State.Topic = cfg.StateTopic()
	return cfg
}

// stream runs the three parties: the producer, the pipeline, and a reader of what the pipeline publishes. It returns the last update.
func (d *demoCmd) stream(ctx context.Context, cfg pipeline.Config, rows flights, c *console) (last *pipeline.Update, err error) {
	quiet := c.logger(cfg.Log).Level(zerolog.WarnLevel)
	cluster, err := kafka.Open(kafka.Config{Brokers: cfg.Input.Brokers, Kafka: cfg.Kafka, Log: quiet})
	if err != nil {
		return nil, err
	}
	defer cluster.Close()
	running, stop := context.WithCancel(ctx)
	group, running := errgroup.WithContext(running)
	group.Go(func() error { return d.produce(running, cluster, rows) })
	group.Go(func() error { return runLive(running, cfg, &pipeline.Board{}, quiet, false) })
	group.Go(func() (err error) {
		defer stop()
		last, err = watch(running, cluster, newProgressTable(c.Err))
		return err
	})
	if err := group.Wait(); err != nil && (last == nil || !errors.Is(err, context.Canceled)) {
		return nil, err
	}
	if last == nil {
		return nil, context.Cause(ctx)
	}
	return last, nil
}

// produce the flights at the rate asked for.
func (d *demoCmd) produce(ctx context.Context, cluster *kafka.Cluster, rows flights) error {
	sink := cluster.OpenSink(demoInput)
	begin := time.Now()
	for i := 0; i < data.FlightRows; i += demoBatchRows {
		value, err := rows.message(i, i+demoBatchRows)
		if err != nil {
			return err
		}
		if err := sink.Write(ctx, pipeline.Record{Value: value}); err != nil {
			return err
		}
		if d.Rate > 0 {
			due := begin.Add(time.Duration(float64(i+demoBatchRows) / float64(d.Rate) * float64(time.Second)))
			if err := wait(ctx, time.Until(due)); err != nil {
				return err
			}
		}
	}
	return nil
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// watch the output topic as any consumer would, until the update that has seen every flight.
func watch(ctx context.Context, cluster *kafka.Cluster, table *progressTable) (*pipeline.Update, error) {
	source, err := cluster.OpenSource(kafka.SourceConfig{Topic: demoOutput})
	if err != nil {
		return nil, err
	}
	defer source.Close()
	defer table.finish()
	for {
		run, err := source.Fetch(ctx)
		if err != nil {
			return nil, err
		}
		for _, m := range run.Messages {
			u := new(pipeline.Update)
			if err := json.Unmarshal(m.Value, u); err != nil {
				return nil, fmt.Errorf("update at offset %d of topic %s: %w", m.Offset, demoOutput, err)
			}
			table.show(pipeline.Partition{}, u)
			if u.Rows.Learned == data.FlightRows {
				return u, nil
			}
		}
	}
}

// report the model beside the batch fit of the same rows, and say what to try next.
func report(out io.Writer, rows flights, u *pipeline.Update) error {
	if err := writeModel(out, u); err != nil {
		return err
	}
	cfg := estimator.DefaultConfig()
	cfg.Features = []string{"distance", "time"}
	begin := time.Now()
	batch, err := estimator.FitHuber(cfg, estimator.Columns{Rows: data.FlightRows, Features: [][]float64{rows.distance, rows.time}, Target: rows.delay})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\nbeside the batch Huber fit of the same rows, held in memory and gone over %d times (%.1f s):\n\n", batch.Iterations, time.Since(begin).Seconds())
	fmt.Fprintf(out, "%14s %14s %14s %24s\n", "coefficient", "stream", "batch", "apart, in std. errors")
	for i, c := range u.Coefficients {
		b := batch.Coefficients[i]
		fmt.Fprintf(out, "%14s %14.6g %14.6g %24.3f\n", c.Name, float64(c.Value), b.Value, math.Abs(float64(c.Value)-b.Value)/b.SE)
	}
	_, err = fmt.Fprint(out, demoNext)
	return err
}

const demoNext = `
next:
  streamfit dev-broker                      a broker to try the commands with, or use your own Kafka
  streamfit produce --topic flights examples/data/flights-200k.arrow
  streamfit run --topic flights --group flights --target delay --features distance,time --output-topic flights-model
  streamfit tail --topic flights-model
  streamfit replay --target delay --features distance,time examples/data/flights-200k.arrow
`
