package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"github.com/streamfit/streamfit/estimator"
	"github.com/streamfit/streamfit/examples/data"
	"github.com/streamfit/streamfit/internal/devbroker"
	"github.com/streamfit/streamfit/pipeline"
	"github.com/streamfit/streamfit/pipeline/arrowipc"
	"github.com/streamfit/streamfit/pipeline/file"
	"github.com/streamfit/streamfit/pipeline/kafka"
)

// runKeys is the demo of a model per key: 100,000 flights from 228 airports, mixed in every message, and a model of each airport's delays.
func (d *demoCmd) runKeys(ctx context.Context, c *console) error {
	broker, err := devbroker.Start(devbroker.Options{Topics: []devbroker.Topic{{Name: demoInput}, {Name: demoOutput}}})
	if err != nil {
		return err
	}
	defer broker.Close()
	cfg := demoKeysConfig(broker.Brokers())
	fmt.Fprintf(c.Err, "%s flights from all airports, mixed in record batches of %d rows, to topic %s; a model for each airport, updates from topic %s:\n\n",
		grouped(data.FlightByOriginRows), demoBatchRows, demoInput, demoOutput)
	models, err := d.streamKeys(ctx, cfg, c, data.FlightByOriginRows, d.produceFlightsByOrigin)
	if err != nil {
		return err
	}
	return reportKeys(c.Out, models)
}

func demoKeysConfig(brokers []string) pipeline.Config {
	cfg := demoConfig(brokers)
	cfg.Model.Features, cfg.Model.Scope, cfg.Model.Key = []string{"distance"}, "key", "origin"
	cfg.State.HotKeys = 100 // of 228: the others wait in a temporary file
	cfg.Output.EveryRows, cfg.Output.Every = 1000, 200*time.Millisecond
	return cfg
}

// streamKeys runs a producer of so many rows, pipeline and reader, and returns the newest update of every key.
func (d *demoCmd) streamKeys(ctx context.Context, cfg pipeline.Config, c *console, rows uint64,
	produce func(context.Context, *kafka.Cluster) error,
) (models map[string]*pipeline.Update, err error) {
	quiet := c.logger(cfg.Log).Level(zerolog.WarnLevel)
	cluster, err := kafka.Open(kafka.Config{Brokers: cfg.Input.Brokers, Kafka: cfg.Kafka, Log: quiet})
	if err != nil {
		return nil, err
	}
	defer cluster.Close()
	running, stop := context.WithCancel(ctx)
	group, running := errgroup.WithContext(running)
	group.Go(func() error { return produce(running, cluster) })
	table := newProgressTable(c.Err)
	group.Go(func() error {
		return runLive(running, cfg, &pipeline.Board{Wants: table.wants, ShowKeys: table.showKeys}, quiet, false)
	})
	group.Go(func() (err error) {
		defer stop()
		models, err = watchKeys(running, cluster, rows)
		return err
	})
	err = group.Wait()
	table.finish()
	if models == nil {
		return nil, cmp.Or(err, context.Cause(ctx))
	}
	return models, nil
}

func (d *demoCmd) produceFlightsByOrigin(ctx context.Context, cluster *kafka.Cluster) error {
	source, err := flightsByOrigin()
	if err != nil {
		return err
	}
	defer source.Close()
	sink, begin := cluster.OpenSink(demoInput), time.Now()
	for sent := demoBatchRows; ; sent += demoBatchRows {
		run, err := source.Fetch(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := sink.Write(ctx, pipeline.Record{Value: bytes.Clone(run.Messages[0].Value)}); err != nil {
			return err
		}
		if d.Rate > 0 {
			due := begin.Add(time.Duration(float64(sent) / float64(d.Rate) * float64(time.Second)))
			if err := wait(ctx, time.Until(due)); err != nil {
				return err
			}
		}
	}
}

func flightsByOrigin() (*file.Source, error) {
	const name = "flights-origin-100k.parquet"
	reader, err := file.OpenReader(name, data.FlightsByOrigin(), file.Options{BatchRows: demoBatchRows})
	if err != nil {
		return nil, err
	}
	return file.NewSource(name, reader, 0), nil
}

// watchKeys of the output topic, until the updates have seen every row.
func watchKeys(ctx context.Context, cluster *kafka.Cluster, rows uint64) (map[string]*pipeline.Update, error) {
	source, err := cluster.OpenSource(kafka.SourceConfig{Topic: demoOutput})
	if err != nil {
		return nil, err
	}
	defer source.Close()
	models, learned := map[string]*pipeline.Update{}, uint64(0)
	for learned < rows {
		run, err := source.Fetch(ctx)
		if err != nil {
			return nil, err
		}
		for _, m := range run.Messages {
			u := new(pipeline.Update)
			if err := json.Unmarshal(m.Value, u); err != nil {
				return nil, fmt.Errorf("update at offset %d of topic %s: %w", m.Offset, demoOutput, err)
			}
			if before := models[*u.Key]; before != nil {
				learned -= before.Rows.Learned
			}
			models[*u.Key] = u
			learned += u.Rows.Learned
		}
	}
	return models, nil
}

// reportKeys puts the models of the busiest airports beside the batch fits of their rows.
func reportKeys(out io.Writer, models map[string]*pipeline.Update) error {
	const shown = 10
	busiest := slices.SortedFunc(maps.Values(models), func(a, b *pipeline.Update) int {
		return cmp.Or(cmp.Compare(b.Rows.Learned, a.Rows.Learned), cmp.Compare(*a.Key, *b.Key))
	})
	rows, err := rowsByOrigin()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d airports have a model each; the busiest, beside the batch Huber fit of their rows (minutes of delay, and minutes per 1,000 miles):\n\n", len(models))
	t := tabwriter.NewWriter(out, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "origin\tflights\toutliers\tdelay\tper 1,000 miles\tbatch\tapart, in std. errors\t\n")
	cfg := estimator.DefaultConfig()
	cfg.Features = []string{"distance"}
	for _, u := range busiest[:min(shown, len(busiest))] {
		r := rows[*u.Key]
		batch, err := estimator.FitHuber(cfg, estimator.Columns{Rows: len(r.delay), Features: [][]float64{r.distance}, Target: r.delay})
		if err != nil {
			return err
		}
		slope, b := u.Coefficients[0], batch.Coefficients[0]
		thousand := pipeline.Interval{Value: slope.Value * 1000, SE: slope.SE * 1000}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%.3f\t%.2f\t\n", *u.Key, grouped(u.Rows.Learned), percent(pipeline.Number(float64(u.Rows.Outliers)/float64(u.Rows.Learned))),
			withError(u.Intercept), withError(thousand), 1000*b.Value, math.Abs(float64(slope.Value)-b.Value)/b.SE)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err = fmt.Fprint(out, demoKeysNext)
	return err
}

const demoKeysNext = `
next:
  streamfit replay --target delay --features distance --key origin examples/data/flights-origin-100k.parquet
  streamfit produce --topic departures examples/data/flights-origin-100k.parquet
  streamfit run --topic departures --group departures --target delay --features distance --key origin --output-topic departures-model
  streamfit tail --topic departures-model --key SFO
`

// rowsByOrigin of the program's own copy.
func rowsByOrigin() (map[string]*flights, error) {
	source, err := flightsByOrigin()
	if err != nil {
		return nil, err
	}
	defer source.Close()
	decoder := arrowipc.NewDecoder(arrowipc.Projection{Numbers: []string{"delay", "distance"}, Texts: []string{"origin"}}, arrowipc.DefaultLimits())
	out := map[string]*flights{}
	for {
		run, err := source.Fetch(context.Background())
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		batches, err := decoder.Decode(run.Messages[0].Value)
		if err != nil {
			return nil, err
		}
		for i := range batches {
			b := &batches[i]
			for row := range b.Rows {
				origin, _ := b.Texts[0].At(row)
				f := out[string(origin)]
				if f == nil {
					f = &flights{}
					out[string(origin)] = f
				}
				f.delay, f.distance = append(f.delay, b.Numbers[0].Values[row]), append(f.distance, b.Numbers[1].Values[row])
			}
		}
	}
}
