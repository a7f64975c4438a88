package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"github.com/streamfit/streamfit/internal/httpapi"
	"github.com/streamfit/streamfit/pipeline"
	"github.com/streamfit/streamfit/pipeline/kafka"
)

// live is a pipeline on Kafka: the shards of the partitions that the group gives to this process, and what shows them.
type live struct {
	cfg     pipeline.Config
	log     zerolog.Logger
	cluster *kafka.Cluster
	board   *pipeline.Board
	metrics *pipeline.Metrics
	sinks   struct{ output, deadLetters *kafka.Sink } // no dead letters: nil
	reset   bool                                      // start over
	mu      sync.Mutex
	first   int           // partitions of the input topic when this process started
	shards  int           // and as far as the state topic has followed
	over    map[int]*bool // partitions that are still to be started over

	registry *pipeline.KeyRegistry // of models per key; nil: there is one partition
}

// runLive until ctx ends. The board may be shown by the caller as well.
func runLive(ctx context.Context, cfg pipeline.Config, board *pipeline.Board, log zerolog.Logger, reset bool) error {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	access, err := httpapi.NewAccess(cfg.HTTPAccess)
	if err != nil {
		return &usageError{err}
	}
	cluster, err := kafka.Open(kafka.Config{Brokers: cfg.Input.Brokers, Kafka: cfg.Kafka, Log: log, Metrics: kafka.NewMetrics(registry)})
	if err != nil {
		return err
	}
	defer cluster.Close()
	cfg.State.Topic = cfg.StateTopic()
	l := &live{cfg: cfg, log: log, cluster: cluster, board: board, metrics: pipeline.NewMetrics(registry), reset: reset, over: map[int]*bool{}}
	group, ctx := errgroup.WithContext(ctx)
	ctx, stop := context.WithCancel(ctx)
	if cfg.HTTP != "" {
		site := httpapi.Site{Metrics: registry, Board: board, Ready: l.ready, Version: versionInfo(), Access: access, Debug: cfg.HTTPAccess.Debug}
		group.Go(func() error {
			return httpapi.Serve(ctx, cfg.HTTP, site.Handler(), func(a net.Addr) { announceHTTP(log, a, access) })
		})
	}
	group.Go(func() error {
		defer stop()
		return l.fit(ctx)
	})
	return group.Wait()
}

// announceHTTP says where the pages are, and warns where anybody can see them.
func announceHTTP(log zerolog.Logger, at net.Addr, access httpapi.Access) {
	log.Info().Stringer("address", at).Msg("http")
	if tcp, ok := at.(*net.TCPAddr); ok && !tcp.IP.IsLoopback() && access.Open() {
		log.Warn().Stringer("address", at).Msg("http: whoever reaches this address can read models and metrics; set http_access, or listen on 127.0.0.1")
	}
}

// fit joins the group and runs a shard for each partition that it is given.
func (l *live) fit(ctx context.Context) error {
	if err := l.prepareTopics(ctx); err != nil {
		return err
	}
	l.sinks.output = l.cluster.OpenSink(l.cfg.Output.Topic)
	if l.cfg.Input.DeadLetter != "" {
		l.sinks.deadLetters = l.cluster.OpenSink(l.cfg.Input.DeadLetter)
	}
	return l.cluster.RunGroup(ctx, kafka.GroupConfig{Group: l.cfg.Input.Group, Topic: l.cfg.Input.Topic}, l.work)
}

// prepareTopics looks the input topic up and makes the others where they are missing.
func (l *live) prepareTopics(ctx context.Context) (err error) {
	if l.first, err = l.cluster.Partitions(ctx, l.cfg.Input.Topic); err != nil {
		return err
	}
	topics := []kafka.Topic{{Name: l.cfg.Output.Topic, Partitions: 1}}
	if l.cfg.Input.DeadLetter != "" {
		topics = append(topics, kafka.Topic{Name: l.cfg.Input.DeadLetter, Partitions: 1, Initial: deadLetterTopicSettings})
	}
	for _, topic := range topics {
		if err := l.cluster.EnsureTopic(ctx, topic); err != nil {
			return err
		}
	}
	_, err = l.follow(ctx)
	return err
}

// follow the input topic when it gets more partitions: the state topic gets as many. It gives their number.
func (l *live) follow(ctx context.Context) (shards int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	shards, err = l.cluster.AwaitTopic(ctx, l.cfg.Input.Topic)
	if err != nil || shards == l.shards {
		return shards, err
	}
	state := kafka.Topic{Name: l.cfg.State.Topic, Partitions: shards, Grows: true, Compacted: true, Initial: stateTopicSettings}
	if err := l.cluster.EnsureTopic(ctx, state); err != nil {
		return 0, err
	}
	if l.cfg.Model.Scope == "key" && shards > 1 && l.registry == nil {
		l.registry = pipeline.NewKeyRegistry(l.cfg.Model.Name, l.cluster.OpenStateLog(l.cfg.State.Topic, publisher))
	}
	l.shards = shards
	return shards, nil
}

// keyRegistry of all shards; nil while there is one partition. That one's keys are announced when there are more, for then the group is shared out anew.
func (l *live) keyRegistry() *pipeline.KeyRegistry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.registry
}

// stateTopicSettings keep the state topic short, since a restart reads its partition from front to back: small segments, cleaned early.
var stateTopicSettings = map[string]string{
	"segment.bytes": "16777216", "min.cleanable.dirty.ratio": "0.1", "segment.ms": "600000", "max.message.bytes": "16777216",
}

// deadLetterTopicSettings leave room for the headers that a dead letter has beyond the message it carries.
var deadLetterTopicSettings = map[string]string{"max.message.bytes": "33554432"}

// work runs the shard of one partition for as long as the group leaves it to us.
func (l *live) work(ctx context.Context, member kafka.Member, partition int) error {
	p := pipeline.Partition{Topic: l.cfg.Input.Topic, ID: partition}
	shards, err := l.follow(ctx)
	if err != nil {
		return err
	}
	id, err := l.cluster.TopicID(ctx, p.Topic)
	if err != nil {
		return err
	}
	defer l.board.Leave(p)
	shard := pipeline.NewShard(l.cfg, p, l.ports(member, partition, shards, id), l.board, l.metrics, l.log)
	err = shard.Run(ctx)
	if l.cfg.Model.Scope == "key" && l.board.Left != nil && err == nil {
		if worst, unknown := shard.WorstKeys(screenful); unknown == nil {
			l.board.Left(p, shard.KeySummary(), worst)
		}
	}
	return errors.Join(err, shard.Close())
}

func (l *live) ports(member kafka.Member, partition, shards int, topicID string) pipeline.Ports {
	topic, p, state := l.cfg.Input.Topic, pipeline.Partition{Topic: l.cfg.Input.Topic, ID: partition}, l.cluster.OpenStateLog(l.cfg.State.Topic, partition)
	ports := pipeline.Ports{
		Start: func(ctx context.Context) (int64, error) { return l.start(ctx, partition) },
		Open: func(ctx context.Context, position int64) (pipeline.Source, error) {
			return l.cluster.OpenSource(kafka.SourceConfig{
				Topic: topic, Partition: partition, Offset: position, MaxWait: l.cfg.Input.MaxWait, AcceptLoss: l.cfg.Input.OnDataLoss == "accept", TopicID: topicID,
				Asked: func() { l.board.Asked(p) }, Answered: func() { l.board.Answered(p) },
			})
		},
		Commit: func(ctx context.Context, position int64) error { return member.Commit(ctx, partition, position) },
		Committed: func(ctx context.Context) (int64, error) {
			return l.cluster.Committed(ctx, l.cfg.Input.Group, topic, partition)
		},
		Store: state, TopicID: topicID, StartOver: l.startOver(partition),
	}
	if l.sinks.deadLetters != nil {
		ports.DeadLetters = l.sinks.deadLetters
	}
	switch {
	case l.cfg.Model.Scope == "key": // a key is of one partition, whose owner speaks for it
		ports.Output, ports.Registry = l.sinks.output, l.keyRegistry()
	case partition == publisher:
		ports.Output, ports.Peers = l.sinks.output, l.peers(shards)
	}
	if l.cfg.ExactlyOnce {
		ports.Transactor = l.cluster.OpenTransactor(kafka.TransactorConfig{
			ID: l.transactionalID(partition), Output: l.sinks.output, DeadLetters: l.sinks.deadLetters, State: state, Member: member, Partition: partition,
		})
	}
	return ports
}

// start of a partition of which nothing is known. One that came while this process ran begins at its first message: there was no latest before it.
func (l *live) start(ctx context.Context, partition int) (int64, error) {
	first, end, err := l.cluster.Bounds(ctx, l.cfg.Input.Topic, partition)
	if l.cfg.Input.Start == "latest" && partition < l.first {
		return end, err
	}
	return first, err
}

// startOver is the same for a partition as long as the process lives: once its state is void, a rebalance does not make it void again.
func (l *live) startOver(partition int) *bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over[partition] == nil {
		over := l.reset
		l.over[partition] = &over
	}
	return l.over[partition]
}

// transactionalID of a shard: whoever owns the partition next shuts the owner before it out.
func (l *live) transactionalID(partition int) string {
	return fmt.Sprintf("%s-%s-%d", l.cfg.Input.Group, l.cfg.Input.Topic, partition)
}

// peers are the other shards, as the one that publishes sees them.
func (l *live) peers(shards int) map[int]pipeline.StateLog {
	peers := map[int]pipeline.StateLog{}
	for id := range shards {
		if id != publisher {
			peers[id] = l.cluster.OpenPeerLog(l.cfg.State.Topic, id)
		}
	}
	return peers
}

// publisher is the partition whose owner publishes the merge of all shards, so that a model never says two things at once.
const publisher = 0

// ready once the shards that the group gave to this process are restored and read their partitions, while what they write is taken, and
// while the brokers answer.
func (l *live) ready() error {
	if len(l.board.Lags()) == 0 {
		return errors.New("no partition is being read: the group has given this process none yet, or its state is being restored")
	}
	for p, stall := range l.board.Stalls() {
		if waited := time.Since(stall.Since); waited > readyPatience {
			return fmt.Errorf("%s has been standing still for %s: its %s, on the way to topic %s, is not taken; nothing is fetched, and nothing dropped, until it is",
				p, waited.Round(time.Second), stall.On, l.topicOf(stall.On))
		}
	}
	for p, since := range l.board.Unanswered() {
		if waited := time.Since(since); waited > l.cfg.Input.MaxWait+readyPatience {
			return fmt.Errorf("%s has been asked for messages for %s and has not answered: the broker that leads it cannot be reached, or there is none", p, waited.Round(time.Second))
		}
	}
	return nil
}

// readyPatience is how long a shard may wait for its writes, or for an answer, before the process counts as not ready: a broker that restarts takes less.
var readyPatience = 5 * time.Second

// topicOf what a shard writes.
func (l *live) topicOf(what string) string {
	switch what {
	case "updates":
		return l.cfg.Output.Topic
	case "dead letters":
		return l.cfg.Input.DeadLetter
	case "transaction":
		return strings.Join(slices.DeleteFunc([]string{l.cfg.Output.Topic, l.cfg.Input.DeadLetter, l.cfg.State.Topic}, func(name string) bool { return name == "" }), ", ")
	default:
		return l.cfg.State.Topic
	}
}
