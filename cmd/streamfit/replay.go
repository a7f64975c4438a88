package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/streamfit/streamfit/internal/fitplot"
	"github.com/streamfit/streamfit/pipeline"
)

type replayCmd struct {
	Files       []string `arg:"" name:"file" help:"Arrow IPC (file or stream), Parquet, CSV or JSON lines, plain or in gzip or zstd; - is stdin. Several are read one after another as one table."`
	Config      string   `short:"c" placeholder:"FILE" help:"Configuration file."`
	Output      string   `short:"o" enum:"table,json,jsonl" default:"table" help:"table, or json/jsonl: the final update record on one line of stdout, with fit, which says how well the model fits."`
	Passes      int      `default:"1" placeholder:"N" help:"Read the files N times. Row counts, losses and residuals stay those of the first pass: a model cannot be validated by rows it has learned."`
	Holdout     string   `placeholder:"SHARE|ROWS" help:"Predict the last rows with the final model instead of learning them: a share of all rows, as 0.2, or a number of rows, as 5000."`
	Plot        string   `placeholder:"FILE" help:"Draw coefficients with their 95 % intervals over the rows, and the residuals, as an .svg or .png file."`
	InputFormat string   `placeholder:"FORMAT" help:"arrow, parquet, csv or jsonl; by the file's first bytes and ending if not given."`
	BatchRows   int      `default:"8192" help:"Rows in one message. It changes no bit of the result."`
	ModelFlags
	BrokerFlags
	OutputFlags
}

// Help is the text below the usage.
func (*replayCmd) Help() string {
	return `The same fit as run's, over files: the same rows in the same order give the same bits. Progress goes to stderr, the final model to stdout; with --output-topic the
updates are published, too. Exit code 130 says that it was interrupted before the end of the files: then there is no final model.

    streamfit replay --target delay --features distance,time examples/data/flights-200k.arrow
    streamfit replay --target delay --features distance,time --holdout 0.2 --plot fit.svg examples/data/flights-200k.arrow
    streamfit replay --target delay --features distance --key origin -o jsonl examples/data/flights-origin-100k.parquet
    streamfit replay --target delay --features distance --passes 5 --holdout 5000 -o json examples/data/flights-200k.arrow
    streamfit replay --target delay --features '*' --solver sgd --delta 20 --set sgd.eta0=1e-7 -o json examples/data/flights-200k.arrow

With --key, each value of a column has a model of its own: -o jsonl writes the final update of each, in the order of the keys, -o json a list of them, and the table
shows those to look at first.

How well the model fits is measured on rows that it had not learned yet: each row is predicted before it is learned (progressive), or never learned (--holdout).
R² is 1 − Σρ(target − prediction)/Σρ(target − constant), where ρ is the Huber loss with the knee in force (half the square where there is none) and the constant the best
one so far, of the rows learned for a holdout; the first rows are left out, 32 or 4 a coefficient, up to a power of two. A residual is target − prediction; quantiles are
within 0.1 %, but for minimum and maximum, which are exact. z is value/std. error, p two-sided by the normal law; solver asgd has none: its intervals are not normal.`
}

// Run over the files, then write the final model and how well it fits.
func (r *replayCmd) Run(ctx context.Context, c *console) error {
	cfg, err := r.config(c)
	if err = errors.Join(err, r.checkPlot(), r.checkKeys(cfg)); err != nil {
		return err
	}
	files, err := r.openFiles(ctx, c, cfg.Model)
	if err != nil {
		return r.interrupted(ctx, 0, err)
	}
	p, err := newReplay(cfg, r, files, c)
	if err != nil {
		return err
	}
	if err := p.run(ctx); err != nil {
		return r.interrupted(ctx, p.progressive.Rows(), err)
	}
	if p.keyed() {
		p.table.summary(p.shard.KeySummary().Rows.Learned)
		return p.writeKeys(c.Out, r.Output)
	}
	p.table.summary(p.progressive.Rows())
	warnOfDrift(c.Err, p.last, follows(cfg.Model))
	record := p.record()
	if err := errors.Join(writeReplay(c.Out, r.Output, record), p.plot(r.Plot)); err != nil {
		return err
	}
	return nil
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

func (r *replayCmd) checkPlot() error {
	if r.Plot == "" {
		return nil
	}
	if err := fitplot.CheckName(r.Plot); err != nil {
		return &usageError{fmt.Errorf("--plot: %w", err)}
	}
	return nil
}

// interrupted says how far a replay came that a signal ended.
func (r *replayCmd) interrupted(ctx context.Context, rows uint64, err error) error {
	if ctx.Err() == nil || !errors.Is(err, ctx.Err()) {
		return err
	}
	return &interruptedError{fmt.Sprintf("%s learned, no model written", plural(int(rows), "row"))}
}
