package main

import (
	"context"
	"errors"

	"github.com/streamfit/streamfit/pipeline"
)

type runCmd struct {
	Config string `short:"c" placeholder:"FILE" help:"Configuration file; - reads it from stdin."`
	ModelFlags
	InputFlags
	OutputFlags
	ResetState bool `name:"reset-state" help:"Start over: void the saved state of this model, whatever it is, and learn from input.start on. No other instance may be running."`
}

// Help is the text below the usage.
func (*runCmd) Help() string {
	return `Learns from a topic and publishes to another until SIGINT or SIGTERM; then the last update and the last checkpoint go out. Started again, it goes on where it
stopped, whatever stopped it. Beside a broker (streamfit dev-broker) this works when pasted:

    streamfit produce --brokers localhost:9092 --topic flights examples/data/flights-200k.arrow
    streamfit run --brokers localhost:9092 --topic flights --group g --target delay --features distance,time --output-topic flights-model`
}

// Run until ctx ends.
func (r *runCmd) Run(ctx context.Context, c *console) error {
	cfg, err := c.load(r.Config, pipeline.Config.Validate, r.ModelFlags, r.InputFlags, r.OutputFlags)
	if err != nil {
		return err
	}
	board, left := &pipeline.Board{}, &leftKeys{}
	if cfg.Log.Format == "console" {
		table := newProgressTable(c.Err)
		defer table.finish()
		board.Show, board.ShowKeys, board.Wants, board.Left = table.show, table.showKeys, table.wants, left.add
	}
	err = runLive(ctx, cfg, board, c.logger(cfg.Log), r.ResetState)
	return errors.Join(err, left.write(c.Err, cfg.Model))
}
