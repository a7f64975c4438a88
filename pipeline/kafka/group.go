package kafka

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/streamfit/streamfit/pipeline"
)

// GroupConfig names the consumer group and the topic whose partitions it shares out.
type GroupConfig struct {
	Group, Topic string
	WatchEvery   time.Duration // how often to look for new partitions; 0: 10 s
}

// Member is this process in one generation of its group.
type Member struct {
	generation *kafkago.Generation
	topic      string
}

// Commit a position, for lag displays: nothing is ever restored from it. It may still be called by a work whose context has ended; after that work has
// returned, it is an error; when the group went on without this process, it is pipeline.ErrFenced. It ends within seconds, whatever ctx says.
func (m Member) Commit(_ context.Context, partition int, position int64) error {
	err := m.generation.CommitOffsets(map[string]map[int]int64{m.topic: {partition: position}})
	return fenced(failed(err, "commit offset %d of topic %s, partition %d", position, m.topic, partition))
}

const (
	rebalanceTimeout  = 30 * time.Second // that the shards of a leaving generation have to publish and checkpoint
	defaultWatchEvery = 10 * time.Second
	joinPause         = 500 * time.Millisecond
)

// errRebalanced is why a work's context ends while the process goes on.
var errRebalanced = errors.New("kafka: the generation of the group has ended")

// RunGroup joins a group and calls work for each partition that it is given, beside each other, in each generation. A work's context ends with the
// generation or with ctx; the group goes on only when all works of the generation have returned. A work that returns nil early leaves its partition idle
// until the generation ends. A work that returns pipeline.ErrFenced makes the process join the group again. The first other error of a work ends the
// group and is returned; nil is returned when ctx has ended.
func (c *Cluster) RunGroup(ctx context.Context, cfg GroupConfig, work func(ctx context.Context, m Member, partition int) error) error {
	if cfg.WatchEvery <= 0 {
		cfg.WatchEvery = defaultWatchEvery
	}
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	g := &groupRun{cluster: c, cfg: cfg, ctx: ctx, fail: fail, work: work}
	var err error
	if g.partitions, err = c.AwaitTopic(ctx, cfg.Topic); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	dialer, hangUp := trackedDialer(c.dialer())
	group, err := kafkago.NewConsumerGroup(kafkago.ConsumerGroupConfig{
		ID: cfg.Group, Brokers: c.cfg.Brokers, Topics: []string{cfg.Topic}, Dialer: dialer,
		HeartbeatInterval: c.cfg.Heartbeat, SessionTimeout: c.cfg.SessionTimeout, RebalanceTimeout: rebalanceTimeout,
		JoinGroupBackoff: joinPause, StartOffset: kafkago.FirstOffset, Logger: c.groupLog(), ErrorLogger: c.groupLog(),
	})
	if err != nil {
		return failed(err, "join group %s", cfg.Group)
	}
	err = g.generations(group)
	g.running.Wait() // before the group is left: they may still commit
	leave(group, hangUp)
	if g.err != nil {
		return g.err
	}
	return err
}

// leaveWithin is how long leaving may take. kafka-go leaves after what it is waiting for, which can be the other members' joining.
const leaveWithin = 3 * time.Second

func leave(group *kafkago.ConsumerGroup, hangUp func()) {
	impatient := time.AfterFunc(leaveWithin, hangUp)
	defer impatient.Stop()
	_ = group.Close() // never fails
}

// groupLog takes what kafka-go says about the group: for debugging, since what matters is logged here.
func (c *Cluster) groupLog() kafkago.Logger {
	return kafkago.LoggerFunc(func(format string, args ...any) {
		c.log.Debug().Str("part", "group").Msg(strings.TrimSpace(fmt.Sprintf(format, args...)))
	})
}

// groupRun is one membership in a group, over its generations.
type groupRun struct {
	cluster    *Cluster
	cfg        GroupConfig
	ctx        context.Context
	fail       context.CancelCauseFunc
	work       func(ctx context.Context, m Member, partition int) error
	partitions int // of the topic, as last seen by the watch
	running    sync.WaitGroup
	once       sync.Once
	err        error
}

// generations of the group, one after the other, until ctx ends.
func (g *groupRun) generations(group *kafkago.ConsumerGroup) error {
	log, failures := g.cluster.log, 0
	for {
		generation, err := group.Next(g.ctx)
		switch {
		case g.ctx.Err() != nil:
			return nil //nolint:nilerr // the error is that the group was to be left
		case err == nil:
			log.Info().Str("group", g.cfg.Group).Int32("generation", generation.ID).Ints("partitions", partitionsOf(generation, g.cfg.Topic)).Msg("kafka: joined the group")
			failures = 0
			g.cluster.metrics.joined(g.cfg.Group, len(partitionsOf(generation, g.cfg.Topic)))
			g.begin(generation)
		case refused(err):
			return failed(explain("JoinGroup", err), "join group %s of topic %s", g.cfg.Group, g.cfg.Topic)
		case errors.Is(err, kafkago.RebalanceInProgress): // another member came or went meanwhile, as happens
			log.Debug().Err(err).Str("group", g.cfg.Group).Msg("kafka: joining the group again")
		default: // a coordinator that is starting, or moving: kafka-go joins again by itself, after a pause
			g.cluster.metrics.retried("JoinGroup", err)
			event := log.Debug()
			if failures++; failures == 1 {
				event = log.Warn()
			}
			event.Err(err).Str("group", g.cfg.Group).Msg("kafka: could not join the group, trying again until it works")
		}
	}
}

func partitionsOf(generation *kafkago.Generation, topic string) []int {
	var ids []int
	for _, p := range generation.Assignments[topic] {
		ids = append(ids, p.ID)
	}
	return ids
}

// begin a generation. kafka-go does not wait for a function that is started after its generation has ended already, so the works of the one before are
// waited for here as well: there is never more than one for a partition.
func (g *groupRun) begin(generation *kafkago.Generation) {
	g.running.Wait()
	member := Member{generation: generation, topic: g.cfg.Topic}
	for _, partition := range partitionsOf(generation, g.cfg.Topic) {
		g.running.Add(1)
		generation.Start(func(ended context.Context) {
			if g.one(ended, member, partition) {
				return
			}
			// A function that returns ends the generation for all, and at shutdown makes kafka-go join again before it leaves.
			<-ended.Done()
		})
	}
	generation.Start(g.watch)
}

// one work, until it returns. It is fenced when somebody else has its partition, or when the broker gave up its transaction: then the group is to be joined again.
func (g *groupRun) one(ended context.Context, member Member, partition int) (fenced bool) {
	defer g.running.Done()
	ctx, cancel := context.WithCancelCause(g.ctx)
	defer cancel(nil)
	defer context.AfterFunc(ended, func() { cancel(errRebalanced) })()
	if ended.Err() != nil || ctx.Err() != nil {
		return false
	}
	err := g.work(ctx, member, partition)
	switch {
	case err == nil || ctx.Err() != nil && errors.Is(err, context.Canceled):
		return false
	case errors.Is(err, pipeline.ErrFenced):
		g.cluster.log.Warn().Err(err).Str("topic", g.cfg.Topic).Int("partition", partition).Msg("kafka: lost the partition, joining the group again")
		return g.ctx.Err() == nil
	}
	g.once.Do(func() {
		g.err = fmt.Errorf("topic %s, partition %d: %w", g.cfg.Topic, partition, err)
		g.fail(err)
	})
	return false
}

// watch for new partitions, and return, which makes the group share them out. kafka-go's own watch compares with what it finds after the partitions have
// been shared out, and so never sees those that were added in between; this one compares with what it last saw, at worst once too often.
func (g *groupRun) watch(ended context.Context) {
	ctx, cancel := context.WithCancel(g.ctx)
	defer cancel()
	defer context.AfterFunc(ended, cancel)()
	ticker := time.NewTicker(g.cfg.WatchEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ended.Done():
			return
		case <-ticker.C:
		}
		n, err := g.cluster.lookUp(ctx, g.cfg.Topic)
		if err == nil && n != g.partitions {
			g.cluster.log.Info().Str("topic", g.cfg.Topic).Int("were", g.partitions).Int("are", n).Msg("kafka: the number of partitions has changed, joining the group again")
			g.partitions = n
			return
		}
	}
}
