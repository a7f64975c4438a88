package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/streamfit/streamfit/estimator"
	"github.com/streamfit/streamfit/internal/fitplot"
	"github.com/streamfit/streamfit/internal/goodness"
	"github.com/streamfit/streamfit/loss"
	"github.com/streamfit/streamfit/pipeline"
	"github.com/streamfit/streamfit/pipeline/file"
	"github.com/streamfit/streamfit/pipeline/kafka"
)

// replay is one shard over files, and those who watch it: the progress table, the goodness of the fit, the figure.
type replay struct {
	cfg     pipeline.Config
	files   *replayFiles
	passes  int
	publish bool // updates to the output topic
	log     zerolog.Logger
	err     io.Writer
	table   *progressTable
	paths   *fitplot.Paths // nil: there is no figure to draw
	series  *fitplot.Series

	pass        int // from 1
	shard       *pipeline.Shard
	last        *pipeline.Update
	progressive *goodness.Fit
	held        *goodness.Fit // nil: no row is held out
	heldSkipped [estimator.Reasons]uint64
}

func newReplay(cfg pipeline.Config, r *replayCmd, files *replayFiles, c *console) (*replay, error) {
	measure, err := ownLoss(cfg.Model)
	if err != nil {
		return nil, err
	}
	p := &replay{
		cfg: cfg, files: files, passes: r.Passes, publish: r.OutputTopic != nil, pass: 1, log: c.logger(cfg.Log), err: c.Err,
		table: newProgressTable(c.Err), progressive: goodness.NewFit(measure),
	}
	if r.Plot != "" {
		p.paths, p.series = new(fitplot.Paths), fitplot.NewSeries(2+cfg.Estimator(cfg.Model.Features).Trend.Columns())
		files.ends = fitplot.NextRow
	}
	return p, nil
}

// ownLoss of a model whose loss is not told by its knee; nil: it is.
func ownLoss(m pipeline.Model) (goodness.Loss, error) {
	if m.Loss == "huber" || m.Loss == "half-squared" {
		return nil, nil
	}
	return loss.New(loss.Spec{Name: m.Loss, Delta: m.Delta.Value, Beta: m.Beta, Tau: m.Tau, Epsilon: m.Epsilon})
}

// run all passes, then predict the rows held out.
func (p *replay) run(ctx context.Context) error {
	ports, closePorts, err := p.ports(ctx)
	if err != nil {
		return err
	}
	defer closePorts()
	board := &pipeline.Board{Wants: p.wants, Show: p.show, ShowKeys: p.table.showKeys}
	p.shard = pipeline.NewShard(p.cfg, p.input(), ports, board, pipeline.NewMetrics(prometheus.NewRegistry()), p.log.Level(zerolog.WarnLevel))
	err = p.shard.Run(ctx)
	p.table.finish()
	switch {
	case err != nil:
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	case p.keyed() && p.shard.KeySummary().Keys > 0:
		return p.learned(p.shard.KeySummary().Rows)
	case p.last == nil:
		return p.nothing(pipeline.Skipped{})
	case p.last.Rows.Learned == 0 || p.files.learned == 0:
		return p.learned(p.last.Rows)
	}
	return p.score(ctx, p.shard)
}

// learned anything at all? A model of no rows has no numbers, and is no result.
func (p *replay) learned(rows pipeline.RowCounts) error {
	if rows.Learned > 0 {
		return nil
	}
	return p.nothing(rows.Skipped)
}

// nothing was learned from the files, whose rows were skipped if there were any.
func (p *replay) nothing(s pipeline.Skipped) error {
	why := ""
	if s.Sum() > 0 {
		why = fmt.Sprintf(": %s skipped (%d null, %d not finite, %d for their weight, %d out of range)", plural(int(s.Sum()), "row"), s.Null, s.NonFinite, s.Weight, s.Range)
	}
	return &inputError{fmt.Errorf("%s: there is no row to learn from%s", strings.Join(p.files.paths, ", "), why)}
}

// keyed tells whether there is a model per key.
func (p *replay) keyed() bool { return p.cfg.Model.Scope == "key" }

func (p *replay) input() pipeline.Partition {
	return pipeline.Partition{Topic: filepath.Base(p.files.paths[0])}
}

// ports of the shard: files in, and if a topic is named, updates out.
func (p *replay) ports(ctx context.Context) (pipeline.Ports, func(), error) {
	ports := pipeline.Ports{
		Start: func(context.Context) (int64, error) { return 0, nil },
		Open:  func(context.Context, int64) (pipeline.Source, error) { return p.source(p.files.toLearn()) },
		Again: p.again,
		Watch: p.watch,
	}
	if !p.publish {
		return ports, func() {}, nil
	}
	cluster, err := kafka.Open(kafka.Config{Brokers: p.cfg.Input.Brokers, Kafka: p.cfg.Kafka, Log: p.log})
	if err != nil {
		return ports, nil, err
	}
	if err := cluster.EnsureTopic(ctx, kafka.Topic{Name: p.cfg.Output.Topic, Partitions: 1}); err != nil {
		cluster.Close()
		return ports, nil, err
	}
	ports.Output = cluster.OpenSink(p.cfg.Output.Topic)
	return ports, func() { cluster.Close() }, nil
}

func (p *replay) source(r file.Reader, err error) (pipeline.Source, error) {
	if err != nil {
		return nil, err
	}
	return file.NewSource(p.files.paths[0], r, 0), nil
}

// again opens the files for the next pass.
func (p *replay) again(context.Context) (pipeline.Source, error) {
	if p.pass == p.passes {
		return nil, io.EOF
	}
	p.pass++
	p.table.finish()
	fmt.Fprintf(p.err, "pass %d of %d\n", p.pass, p.passes)
	return p.source(p.files.toLearn())
}

// watch the rows of the first pass: later ones predict rows that the model has learned.
func (p *replay) watch(rows estimator.Predicted) {
	if p.pass == 1 {
		p.progressive.Add(rows)
		if p.series != nil {
			p.series.Add(rows)
		}
	}
}

func (p *replay) wants(of pipeline.Partition, learned uint64) bool {
	return p.table.wants(of, learned) || p.paths != nil && p.pass == 1 && p.paths.Wants(learned)
}

func (p *replay) show(from pipeline.Partition, u *pipeline.Update) {
	p.last = u
	p.table.show(from, u)
	if p.paths != nil && p.pass == 1 {
		p.paths.Add(u)
		p.series.Alarm(u)
	}
}

// score the rows held out by the final model.
func (p *replay) score(ctx context.Context, shard *pipeline.Shard) error {
	source, err := p.source(p.files.heldOut())
	if err != nil {
		return err
	}
	p.held = p.progressive.Holdout()
	p.heldSkipped, err = shard.Score(ctx, source, p.held.Add)
	return err
}
