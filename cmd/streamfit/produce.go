package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/streamfit/streamfit/pipeline"
	"github.com/streamfit/streamfit/pipeline/arrowipc"
	"github.com/streamfit/streamfit/pipeline/file"
	"github.com/streamfit/streamfit/pipeline/kafka"
)

type produceCmd struct {
	Files       []string `arg:"" name:"file" help:"Arrow IPC (file or stream), Parquet, CSV or JSON lines, plain or in gzip or zstd; - is stdin. Several are read one after another as one table."`
	Partitions  int      `default:"1" help:"Partitions of the topic, if it has to be made; messages take turns. Only rows within a partition have an order."`
	BatchRows   int      `default:"1000" help:"Most rows in one message."`
	Compression string   `enum:"none,lz4,zstd" default:"none" help:"none, lz4 or zstd: compression of the columns."`
	Rate        float64  `placeholder:"ROWS" help:"Rows per second; as fast as it goes if not given."`
	Pace        string   `placeholder:"COLUMN" help:"Send each message when the time of its first row in this column has come, counted from the first message's."`
	Speedup     float64  `default:"1" help:"How many times faster than in the column time goes by; with --pace."`
	InputFormat string   `placeholder:"FORMAT" help:"arrow, parquet, csv or jsonl; by the file's first bytes and ending if not given."`
	Output      string   `short:"o" enum:"table,json" default:"table" help:"json: a summary on stdout."`
	TargetFlags
	ConfigFlags
}

// TargetFlags say where produce sends to: what a run reads.
type TargetFlags struct {
	BrokerFlags
	Topic *string `name:"topic" path:"input.topic" group:"input" placeholder:"TOPIC" help:"Topic to send to; it is made if it is missing."`
}

// Help is the text below the usage.
func (*produceCmd) Help() string {
	return `Sends files as messages that are one self-contained Arrow IPC stream each, which is what run reads. Beside a broker (streamfit dev-broker) this works when pasted:

    streamfit produce --brokers localhost:9092 --topic flights --rate 20000 examples/data/flights-200k.arrow
    printf 'x,y\n1,2\n2,4\n' | streamfit produce --topic lines -o json -`
}

// Run sends all rows, or as many as go before ctx ends.
func (p *produceCmd) Run(ctx context.Context, c *console) error {
	cfg, err := c.load(p.Config, producible, p.TargetFlags, p.ConfigFlags)
	if err = errors.Join(err, p.check()); err != nil {
		return err
	}
	reader, err := file.OpenAll(p.Files, file.Options{Format: file.Format(p.InputFormat), BatchRows: p.BatchRows, Stdin: c.In})
	if err != nil {
		return err
	}
	defer reader.Close()
	cluster, err := kafka.Open(kafka.Config{Brokers: cfg.Input.Brokers, Kafka: cfg.Kafka, Log: c.logger(cfg.Log)})
	if err != nil {
		return err
	}
	defer cluster.Close()
	if err := cluster.EnsureTopic(ctx, kafka.Topic{Name: cfg.Input.Topic, Partitions: p.Partitions}); err != nil {
		return err
	}
	s := &sender{
		sink: cluster.OpenSink(cfg.Input.Topic), reader: reader, compression: compressions[p.Compression],
		pacer: newPacer(p.Rate, p.Pace, p.Speedup), bar: newBytesBar(c.Err, reader), sent: sent{Topic: cfg.Input.Topic},
	}
	err = s.send(ctx)
	return errors.Join(err, p.report(c, s.sent))
}

// producible checks what produce needs of a configuration.
func producible(cfg pipeline.Config) error {
	if cfg.Input.Topic == "" {
		return errors.Join(&pipeline.SettingError{Path: "input.topic", Problem: "missing: name the topic to send to"}, cfg.ValidateBrokers(), cfg.Log.Validate())
	}
	return errors.Join(cfg.ValidateBrokers(), cfg.Log.Validate())
}

// check the flags that are of this command alone.
func (p *produceCmd) check() error {
	var faults []error
	add := func(format string, args ...any) { faults = append(faults, &usageError{fmt.Errorf(format, args...)}) }
	if p.Partitions < 1 {
		add("--partitions: %d; want 1 or more", p.Partitions)
	}
	if p.BatchRows < 1 {
		add("--batch-rows: %d; want 1 or more", p.BatchRows)
	}
	if !(p.Rate >= 0) {
		add("--rate: %v rows per second; want more than 0", p.Rate)
	}
	if !(p.Speedup > 0) {
		add("--speedup: %v; want more than 0", p.Speedup)
	}
	if p.Rate > 0 && p.Pace != "" {
		add("--rate and --pace both say how fast to send; leave one out")
	}
	return errors.Join(faults...)
}

// report what was sent: for people on stderr, for programs on stdout.
func (p *produceCmd) report(c *console, s sent) error {
	if p.Output == "json" {
		return json.NewEncoder(c.Out).Encode(s)
	}
	_, err := fmt.Fprintf(c.Err, "%s of %s, %.1f MB, to topic %s in %.1f s\n",
		plural(s.Messages, "message"), plural(int(s.Rows), "row"), float64(s.Bytes)/1e6, s.Topic, s.Seconds)
	return err
}

// sent is the summary of what was acknowledged.
type sent struct {
	Topic    string  `json:"topic"`
	Messages int     `json:"messages"`
	Rows     int64   `json:"rows"`
	Bytes    int64   `json:"bytes"`
	Seconds  float64 `json:"seconds"`
}

var compressions = map[string]arrowipc.Compression{"none": arrowipc.Uncompressed, "lz4": arrowipc.LZ4, "zstd": arrowipc.ZSTD}

// sender carries a table to a topic.
type sender struct {
	sink        pipeline.Sink
	reader      file.Reader
	compression arrowipc.Compression
	pacer       pacer
	bar         *bytesBar
	pending     []pipeline.Record // not sent yet
	rows, bytes int64             // of pending
	sent        sent
}

// flushBytes of messages go in one request, unless a pace is given: then each goes when its time has come.
const flushBytes = 512 << 10

func (s *sender) send(ctx context.Context) (err error) {
	begin := time.Now()
	defer s.bar.finish()
	for err == nil {
		err = s.next(ctx)
		s.sent.Seconds = time.Since(begin).Seconds()
	}
	if errors.Is(err, io.EOF) {
		err = s.flush(ctx)
		s.sent.Seconds = time.Since(begin).Seconds()
	}
	if err != nil && ctx.Err() != nil {
		return &interruptedError{fmt.Sprintf("%s sent", plural(int(s.sent.Rows), "row"))}
	}
	return err
}

// next record of the table becomes a message.
func (s *sender) next(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	rec, err := s.reader.Next()
	if err != nil {
		return err
	}
	value, err := arrowipc.Encode(nil, rec, s.compression)
	if err != nil {
		return &inputError{err}
	}
	if err := s.pacer.wait(ctx, value, rec.NumRows()); err != nil {
		return err
	}
	s.pending = append(s.pending, pipeline.Record{Value: value})
	s.rows += rec.NumRows()
	s.bytes += int64(len(value))
	if s.bytes < flushBytes && !s.pacer.paced() {
		return nil
	}
	return s.flush(ctx)
}

func (s *sender) flush(ctx context.Context) error {
	if err := s.sink.Write(ctx, s.pending...); err != nil {
		return err
	}
	s.sent.Messages += len(s.pending)
	s.sent.Rows += s.rows
	s.sent.Bytes += s.bytes
	s.pending, s.rows, s.bytes = s.pending[:0], 0, 0
	s.bar.update()
	return nil
}
