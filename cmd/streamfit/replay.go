package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/streamfit/streamfit/pipeline"
	"github.com/streamfit/streamfit/pipeline/file"
	"github.com/streamfit/streamfit/pipeline/kafka"
)

type replayCmd struct {
	Files       []string `arg:"" name:"file" help:"Arrow IPC (file or stream), Parquet, CSV or JSON lines, plain or in gzip or zstd; - is stdin. Several are read one after another as one table."`
	Config      string   `short:"c" placeholder:"FILE" help:"Configuration file."`
	Output      string   `short:"o" enum:"table,json,jsonl" default:"table" help:"table, or json/jsonl: the final update record on one line of stdout."`
	InputFormat string   `placeholder:"FORMAT" help:"arrow, parquet, csv or jsonl; by the file's first bytes and ending if not given."`
	BatchRows   int      `default:"8192" help:"Rows in one message. It changes no bit of the result."`
	ModelFlags
	BrokerFlags
	OutputFlags
}

// Help is the text below the usage.
func (*replayCmd) Help() string {
	return `The same fit as run's, over files: the same rows in the same order give the same bits. Progress goes to stderr, the final model to stdout; with --output-topic the
updates are published, too.

    streamfit replay --target delay --features distance,time examples/data/flights-200k.arrow
    streamfit replay --target delay --features '*' --solver sgd --delta 20 --set sgd.eta0=1e-7 -o json examples/data/flights-200k.arrow`
}

// Run over the files, then write the final model.
func (r *replayCmd) Run(ctx context.Context, c *console) error {
	cfg, err := r.config(c)
	if err != nil {
		return err
	}
	reader, err := r.open(c, cfg)
	if err != nil {
		return err
	}
	table := newProgressTable(c.Err)
	var last *pipeline.Update
	board := &pipeline.Board{Wants: table.wants, Show: func(p pipeline.Partition, u *pipeline.Update) {
		last = u
		table.show(p, u)
	}}
	err = r.replay(ctx, cfg, reader, board, c.logger(cfg.Log))
	table.finish()
	if err != nil {
		return err
	}
	if last == nil {
		return &inputError{fmt.Errorf("%s: there is no row to learn from", strings.Join(r.Files, ", "))}
	}
	return writeUpdate(c.Out, r.Output, last)
}

// config of a replay. Its updates follow the rows only, unless the clock is asked for: then the same file always gives the same records.
func (r *replayCmd) config(c *console) (pipeline.Config, error) {
	check := pipeline.Config.ValidateFit
	if r.OutputTopic != nil {
		check = func(cfg pipeline.Config) error { return errors.Join(cfg.ValidateFit(), cfg.ValidateBrokers()) }
	}
	cfg, layers, err := c.layers(r.Config, check, r.ModelFlags, r.BrokerFlags, r.OutputFlags)
	if layers.Origin("output.every") == "" {
		cfg.Output.Every = 0
	}
	return cfg, err
}

// open the files as one table, and say at once which of the columns they do not have.
func (r *replayCmd) open(c *console, cfg pipeline.Config) (file.Reader, error) {
	wanted := columnsOf(cfg.Model)
	options := file.Options{Format: file.Format(r.InputFormat), BatchRows: r.BatchRows, Stdin: c.In, Numbers: wanted}
	if !slices.Contains(cfg.Model.Features, "*") {
		options.Columns = wanted
	}
	return file.OpenAll(r.Files, options)
}

// columnsOf a model: what it reads of a table.
func columnsOf(m pipeline.Model) []string {
	columns := append(slices.Clone(m.Features), m.Target, m.Weight, m.Time)
	columns = slices.DeleteFunc(columns, func(name string) bool { return name == "" || name == "*" })
	slices.Sort(columns)
	return slices.Compact(columns)
}

func (r *replayCmd) replay(ctx context.Context, cfg pipeline.Config, reader file.Reader, board *pipeline.Board, log zerolog.Logger) error {
	ports := pipeline.Ports{
		Start: func(context.Context) (int64, error) { return 0, nil },
		Open: func(_ context.Context, position int64) (pipeline.Source, error) {
			return file.NewSource(r.Files[0], reader, position), nil
		},
	}
	if r.OutputTopic != nil {
		cluster, err := kafka.Open(kafka.Config{Brokers: cfg.Input.Brokers, Kafka: cfg.Kafka, Log: log})
		if err != nil {
			return err
		}
		defer cluster.Close()
		if err := cluster.EnsureTopic(ctx, kafka.Topic{Name: cfg.Output.Topic, Partitions: 1}); err != nil {
			return err
		}
		ports.Output = cluster.OpenSink(cfg.Output.Topic)
	}
	input := pipeline.Partition{Topic: filepath.Base(r.Files[0])}
	if err := pipeline.NewShard(cfg, input, ports, board, pipeline.NewMetrics(prometheus.NewRegistry()), log.Level(zerolog.WarnLevel)).Run(ctx); err != nil {
		return err
	}
	return ctx.Err()
}
