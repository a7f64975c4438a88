package pipeline

import (
	"time"

	"github.com/streamfit/streamfit/estimator"
	"github.com/streamfit/streamfit/pipeline/arrowipc"
)

// DefaultConfig is what is in force when nothing else is said. What has no sensible default, the target, the features and the topics, is empty.
func DefaultConfig() Config {
	e, limits := estimator.DefaultConfig(), arrowipc.DefaultLimits()
	return Config{
		Model: Model{
			Name: "model", Scope: scopeGlobal, MaxKeys: 1_000_000, Solver: e.Solver, Loss: e.Loss.Name, Delta: e.Delta,
			Beta: e.Loss.Beta, Epsilon: e.Loss.Epsilon, Tau: e.Loss.Tau, Leverage: e.Leverage, HalfLife: HalfLife{Rows: e.HalfLife}, OnDrift: e.OnDrift, WarmUp: WarmUp{Auto: true},
			Trend: Trend{Unit: 3600, Harmonics: 2},
		},
		Input: Input{
			Brokers: []string{"localhost:9092"}, Group: "streamfit", Start: "earliest", OnDataLoss: "fail",
			BadRows: BadRows{Null: "skip", NonFinite: "skip", Weight: "skip", Range: "skip", Key: "skip"},
			Limits: Limits{
				MessageBytes: limits.MessageBytes, DecodedBytes: limits.DecodedBytes, Rows: limits.Rows,
				Fields: limits.Fields, Batches: limits.Batches, KeyBytes: 256,
			},
			MaxWait: 500 * time.Millisecond,
		},
		Output: Output{EveryRows: 10000, Every: time.Second, Format: "json", Intervals: IntervalsFixed},
		State:  State{Every: time.Second, HotKeys: 10_000},
		SGD: SGD{
			LearningRate: e.SGD.LearningRate, Eta0: e.SGD.Eta0, PowerT: e.SGD.PowerT,
			Penalty: e.SGD.Penalty, Alpha: e.SGD.Alpha, L1Ratio: e.SGD.L1Ratio, Average: e.SGD.Average, FitIntercept: e.SGD.FitIntercept,
		},
		Kafka: Kafka{
			ClientID: "streamfit", SessionTimeout: 10 * time.Second, Heartbeat: 3 * time.Second,
			ShutdownTimeout: 20 * time.Second, Replication: -1,
		},
		Log: Log{Level: "info", Format: "console"},
	}
}

// Estimator is the part of the configuration that the estimator knows, for these feature columns: the configured ones, or what ["*"] turned out to be.
func (c Config) Estimator(features []string) estimator.Config {
	m := c.Model
	return estimator.Config{
		Features: features, Solver: m.Solver,
		Loss:  estimator.LossSpec{Name: m.Loss, Beta: m.Beta, Tau: m.Tau, Epsilon: m.Epsilon},
		Delta: m.Delta, Leverage: m.Leverage, HalfLife: m.HalfLife.Rows, HalfLifeTime: m.HalfLife.Time, OnDrift: m.OnDrift, WarmUp: m.WarmUp.rows(m, len(features)), Trend: m.Trend.estimator(),
		SGD: estimator.SGD{
			LearningRate: c.SGD.LearningRate, Eta0: c.SGD.Eta0, PowerT: c.SGD.PowerT,
			Penalty: c.SGD.Penalty, Alpha: c.SGD.Alpha, L1Ratio: c.SGD.L1Ratio, Average: c.SGD.Average, FitIntercept: c.SGD.FitIntercept,
		},
	}
}

// StateTopic is where checkpoints go: state.topic, or <group>-state.
func (c Config) StateTopic() string {
	if c.State.Topic != "" {
		return c.State.Topic
	}
	return c.Input.Group + "-state"
}

func (c Config) decoderLimits() arrowipc.Limits {
	l := c.Input.Limits
	return arrowipc.Limits{
		MessageBytes: l.MessageBytes, DecodedBytes: l.DecodedBytes, Rows: l.Rows, Fields: l.Fields, Batches: l.Batches,
	}
}
