//go:build unix

package chaos

import (
	"bytes"
	"context"
	"io"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/streamfit/streamfit/pipeline"
)

// onePass is what one uninterrupted pass over the messages of a partition leaves behind.
type onePass struct {
	state  kept
	output output
}

// onePass over messages in memory, by the code that runs live.
func (v *verdict) onePass(ctx context.Context, p int, messages []*kgo.Record, end int64) (*onePass, error) {
	out := &onePass{state: kept{}, output: output{kept: kept{}}}
	cfg := v.config()
	cfg.Output.Every = 0 // by rows only, and at the end
	cfg.Model.Name, cfg.Model.Target, cfg.Model.Features = model, "delay", []string{"distance", "time"}
	cfg.Input.Topic, cfg.Input.Group = v.s.world.Input, v.s.world.Group
	ports := pipeline.Ports{
		Start: func(context.Context) (int64, error) { return 0, nil },
		Open: func(context.Context, int64) (pipeline.Source, error) {
			return &source{messages: messages, end: end}, nil
		},
		Output: &out.output, DeadLetters: kept{}, Store: out.state,
	}
	shard := pipeline.NewShard(cfg, pipeline.Partition{Topic: cfg.Input.Topic, ID: p}, ports, &pipeline.Board{}, pipeline.NewMetrics(prometheus.NewRegistry()), zerolog.Nop())
	defer shard.Close()
	return out, shard.Run(ctx)
}

// source hands out messages once.
type source struct {
	messages []*kgo.Record
	end      int64
}

func (s *source) Fetch(context.Context) (pipeline.Fetched, error) {
	if s.messages == nil {
		return pipeline.Fetched{}, io.EOF
	}
	run := pipeline.Fetched{Next: s.end, End: s.end}
	for _, m := range s.messages {
		run.Messages = append(run.Messages, pipeline.Message{Offset: m.Offset, Key: m.Key, Value: m.Value, Time: m.Timestamp.UnixMilli()})
	}
	s.messages = nil
	return run, nil
}

func (s *source) Close() error { return nil }

// output keeps all updates, too.
type output struct {
	kept
	all [][]byte
}

func (o *output) Write(ctx context.Context, records ...pipeline.Record) error {
	for _, r := range records {
		o.all = append(o.all, bytes.Clone(r.Value))
	}
	return o.kept.Write(ctx, records...)
}

// kept is the last value of each key that is written to it, as of a compacted topic.
type kept map[string][]byte

func (k kept) Write(_ context.Context, records ...pipeline.Record) error {
	for _, r := range records {
		if r.Value == nil {
			delete(k, string(r.Key))
			continue
		}
		k[string(r.Key)] = bytes.Clone(r.Value)
	}
	return nil
}

func (k kept) Replay(context.Context, int64, func(int64, pipeline.Record) error) (int64, error) {
	return 0, nil
}
