package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"github.com/streamfit/streamfit/pipeline"
	"github.com/streamfit/streamfit/pipeline/kafka"
)

type tailCmd struct {
	FromBeginning bool   `help:"Begin with the oldest update that the topic holds, not with the newest."`
	UntilEnd      bool   `help:"Stop at the end that the topic has when tail begins."`
	Key           string `placeholder:"KEY" help:"Only the updates of this key, of a model per key."`
	Alarms        bool   `help:"Only updates with an alarm."`
	Max           int    `placeholder:"N" help:"Stop after so many updates."`
	Output        string `short:"o" enum:"table,json,jsonl" default:"table" help:"table, live on a terminal; json, indented; jsonl: the records, untouched, one per line."`
	UpdateFlags
	ConfigFlags
}

// UpdateFlags say where tail reads: what a run publishes to.
type UpdateFlags struct {
	BrokerFlags
	Topic *string `name:"topic" path:"output.topic" group:"input" placeholder:"TOPIC" help:"Topic of updates: the output topic of a run."`
}

// Help is the text below the usage.
func (*tailCmd) Help() string {
	return `Shows the newest update and then each one that comes, until SIGINT or SIGTERM. A topic that is not there yet is waited for.

    streamfit tail --brokers localhost:9092 --topic flights-model
    streamfit tail --topic flights-model --key SFO
    streamfit tail --topic flights-model --from-beginning --until-end -o jsonl | tail -n 1`
}

// Run until ctx ends, or what the flags say comes first.
func (t *tailCmd) Run(ctx context.Context, c *console) error {
	cfg, err := c.load(t.Config, tailable, t.UpdateFlags, t.ConfigFlags)
	if t.Max < 0 {
		err = errors.Join(err, &usageError{fmt.Errorf("--max: %d; want 1 or more", t.Max)})
	}
	if err != nil {
		return err
	}
	log := c.logger(cfg.Log)
	cluster, err := kafka.Open(kafka.Config{Brokers: cfg.Input.Brokers, Kafka: cfg.Kafka, Log: log})
	if err != nil {
		return err
	}
	defer cluster.Close()
	f := &follower{cluster: cluster, topic: cfg.Output.Topic, tailCmd: t, show: t.shower(c.Out)}
	err = f.follow(ctx, log)
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// tailable checks what tail needs of a configuration.
func tailable(cfg pipeline.Config) error {
	if cfg.Output.Topic == "" {
		return errors.Join(&pipeline.SettingError{Path: "output.topic", Problem: "missing: name the topic of updates"}, cfg.ValidateBrokers(), cfg.Log.Validate())
	}
	return errors.Join(cfg.ValidateBrokers(), cfg.Log.Validate())
}

// shower of records in the form that -o asks for.
func (t *tailCmd) shower(out io.Writer) func(value []byte) error {
	switch t.Output {
	case "jsonl":
		return func(value []byte) error {
			_, err := fmt.Fprintf(out, "%s\n", value)
			return err
		}
	case "json":
		return func(value []byte) error {
			var b bytes.Buffer
			if err := json.Indent(&b, value, "", "  "); err != nil {
				return &inputError{fmt.Errorf("not an update: %w", err)}
			}
			_, err := fmt.Fprintf(out, "%s\n", b.Bytes())
			return err
		}
	}
	table := newUpdateTable(out)
	return func(value []byte) error {
		u := new(pipeline.Update)
		if err := json.Unmarshal(value, u); err != nil {
			return &inputError{fmt.Errorf("not an update: %w", err)}
		}
		return table.show(u)
	}
}

// follower of all partitions of a topic.
type follower struct {
	*tailCmd
	cluster *kafka.Cluster
	topic   string
	show    func(value []byte) error
	shown   int
}

// update is a record on its way from a partition's reader to the one goroutine that shows.
type update struct {
	partition int
	offset    int64
	value     []byte
}

// errEnough ends the readers once --max updates are shown.
var errEnough = errors.New("as many updates as were asked for")

func (f *follower) follow(ctx context.Context, log zerolog.Logger) error {
	partitions, err := f.await(ctx, log)
	if err != nil {
		return err
	}
	updates := make(chan update)
	readers, reading := errgroup.WithContext(ctx)
	all, stop := context.WithCancelCause(reading)
	defer stop(nil)
	for partition := range partitions {
		readers.Go(func() error { return f.read(all, partition, updates) })
	}
	ended := make(chan error, 1)
	go func() { ended <- readers.Wait(); close(updates) }()
	var failure error
	for u := range updates {
		if failure == nil {
			if failure = f.take(u); failure != nil {
				stop(failure)
			}
		}
	}
	switch readErr := <-ended; {
	case errors.Is(failure, errEnough):
		return nil
	case failure != nil:
		return failure
	default:
		return readErr
	}
}

func (f *follower) take(u update) error {
	if wanted, err := f.wants(u.value); err != nil || !wanted {
		return f.at(u, err)
	}
	if err := f.show(u.value); err != nil {
		return f.at(u, err)
	}
	f.shown++
	if f.shown == f.Max {
		return errEnough
	}
	return nil
}

// at an update something went wrong, or nothing.
func (f *follower) at(u update, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("topic %s, partition %d, offset %d: %w", f.topic, u.partition, u.offset, err)
}

// wants an update by its key and its alarm.
func (t *tailCmd) wants(value []byte) (bool, error) {
	if t.Key == "" && !t.Alarms {
		return true, nil
	}
	var u struct {
		Key   *string        `json:"key"`
		Drift pipeline.Drift `json:"drift"`
	}
	if err := json.Unmarshal(value, &u); err != nil {
		return false, &inputError{fmt.Errorf("not an update: %w", err)}
	}
	return (t.Key == "" || u.Key != nil && *u.Key == t.Key) && (!t.Alarms || u.Drift.Alarm), nil
}

// await the topic, which the first run of a pipeline makes, and count its partitions.
func (f *follower) await(ctx context.Context, log zerolog.Logger) (int, error) {
	const pause = 500 * time.Millisecond
	for first := true; ; first = false {
		n, err := f.cluster.Partitions(ctx, f.topic)
		if !errors.Is(err, kafka.ErrUnknownTopic) || f.UntilEnd {
			return n, err
		}
		if first {
			log.Info().Str("topic", f.topic).Msg("waiting for the topic, which is not there yet")
		}
		if err := wait(ctx, pause); err != nil {
			return 0, err
		}
	}
}

// read one partition, from the newest record or the oldest on.
func (f *follower) read(ctx context.Context, partition int, out chan<- update) error {
	first, end, err := f.cluster.Bounds(ctx, f.topic, partition)
	if err != nil || f.UntilEnd && first == end {
		return err
	}
	position := max(first, end-1)
	if f.FromBeginning {
		position = first
	}
	source, err := f.cluster.OpenSource(kafka.SourceConfig{Topic: f.topic, Partition: partition, Offset: position})
	if err != nil {
		return err
	}
	defer source.Close()
	for !f.UntilEnd || position < end {
		run, err := source.Fetch(ctx)
		if err != nil {
			return err
		}
		for _, m := range run.Messages {
			if m.Value == nil || f.UntilEnd && m.Offset >= end {
				continue
			}
			select {
			case out <- update{partition, m.Offset, bytes.Clone(m.Value)}:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		position = run.Next
	}
	return nil
}
