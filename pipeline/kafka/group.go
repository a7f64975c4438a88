package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/rs/zerolog"
	kafkago "github.com/segmentio/kafka-go"
)

// GroupConfig names the consumer group and the topic whose partitions it shares out.
type GroupConfig struct {
	Group, Topic string
}

// Member is this process in one generation of its group.
type Member struct {
	generation *kafkago.Generation
	topic      string
}

// Commit a position, for lag displays: nothing is ever restored from it.
func (m Member) Commit(_ context.Context, partition int, position int64) error {
	return m.generation.CommitOffsets(map[string]map[int]int64{m.topic: {partition: position}})
}

const (
	beyondShutdown  = 10 * time.Second // that a generation may take to end beyond what its shards have to publish and checkpoint
	watchPartitions = 10 * time.Second
)

// RunGroup joins a group and calls work for each partition that it is given, beside each other, in each generation. A work's context ends with the
// generation or with ctx; the group goes on only when all works of the generation have returned. The first error of a work ends the group and is returned.
func (c *Cluster) RunGroup(ctx context.Context, cfg GroupConfig, work func(ctx context.Context, m Member, partition int) error) error {
	group, err := kafkago.NewConsumerGroup(kafkago.ConsumerGroupConfig{
		ID: cfg.Group, Brokers: c.cfg.Brokers, Topics: []string{cfg.Topic}, Dialer: c.dialer(),
		HeartbeatInterval: c.cfg.Heartbeat, SessionTimeout: c.cfg.SessionTimeout, RebalanceTimeout: c.cfg.ShutdownTimeout + beyondShutdown,
		WatchPartitionChanges: true, PartitionWatchInterval: watchPartitions, JoinGroupBackoff: time.Second, StartOffset: kafkago.FirstOffset,
		Logger: groupLog(c.log.Debug), ErrorLogger: groupLog(c.log.Debug),
	})
	if err != nil {
		return failed(err, "join group %s", cfg.Group)
	}
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	w := &works{ctx: ctx, fail: fail, work: work, topic: cfg.Topic}
	err = c.generations(ctx, group, cfg, w)
	w.running.Wait() // before the group is left: they may still commit
	if closing := group.Close(); err == nil {
		err = closing
	}
	if w.err != nil {
		return w.err
	}
	return err
}

func groupLog(level func() *zerolog.Event) kafkago.Logger {
	return kafkago.LoggerFunc(func(format string, args ...any) { level().Str("part", "group").Msgf(format, args...) })
}

// generations of the group, one after the other, until ctx ends.
func (c *Cluster) generations(ctx context.Context, group *kafkago.ConsumerGroup, cfg GroupConfig, w *works) error {
	pauses := backoff.NewExponentialBackOff()
	pauses.MaxInterval = 5 * time.Second
	for {
		generation, err := group.Next(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil:
			pauses.Reset()
			w.begin(generation)
		case refused(err):
			return failed(err, "join group %s", cfg.Group)
		default: // a coordinator that is starting, or moving: kafka-go joins again by itself
			c.log.Warn().Err(err).Str("group", cfg.Group).Msg("kafka: could not join the group, trying again")
			if err := pause(ctx, pauses.NextBackOff()); err != nil {
				return nil
			}
		}
	}
}

// refused tells whether joining again cannot help.
func refused(err error) bool {
	var code kafkago.Error
	if !errors.As(err, &code) {
		return errors.Is(err, kafkago.ErrGroupClosed)
	}
	switch code {
	case kafkago.GroupAuthorizationFailed, kafkago.TopicAuthorizationFailed, kafkago.ClusterAuthorizationFailed, kafkago.SASLAuthenticationFailed,
		kafkago.InvalidGroupId, kafkago.InvalidSessionTimeout, kafkago.InconsistentGroupProtocol, kafkago.UnsupportedVersion:
		return true
	}
	return false
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// works of the generation at hand.
type works struct {
	ctx     context.Context
	fail    context.CancelCauseFunc
	work    func(ctx context.Context, m Member, partition int) error
	topic   string
	running sync.WaitGroup
	once    sync.Once
	err     error
}

func (w *works) begin(generation *kafkago.Generation) {
	member := Member{generation: generation, topic: w.topic}
	for _, p := range generation.Assignments[w.topic] {
		w.running.Add(1)
		generation.Start(func(ctx context.Context) {
			defer w.running.Done()
			ctx, cancel := context.WithCancelCause(ctx)
			defer cancel(nil)
			stop := context.AfterFunc(w.ctx, func() { cancel(context.Cause(w.ctx)) })
			defer stop()
			if err := w.work(ctx, member, p.ID); err != nil {
				w.once.Do(func() { w.err = fmt.Errorf("partition %d: %w", p.ID, err) })
				w.fail(err)
			}
			<-ctx.Done() // a Start function that returns ends the generation, for all partitions
		})
	}
}
