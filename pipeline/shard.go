package pipeline

import (
	"cmp"
	"context"
	"errors"
	"io"
	"maps"
	"time"

	"github.com/rs/zerolog"
	"github.com/streamfit/streamfit/estimator"
	"github.com/streamfit/streamfit/pipeline/arrowipc"
)

// Ports are what a shard is connected to. Only Start and Open are needed: without a Store nothing is remembered, without an Output updates are only
// shown, without DeadLetters a message that cannot be decoded ends the run. Passes beyond the first are for runs without a Store.
type Ports struct {
	Start       func(ctx context.Context) (position int64, err error)     // where a shard without a checkpoint begins
	Open        func(ctx context.Context, position int64) (Source, error) // the partition's messages from a position on
	Commit      func(ctx context.Context, position int64) error           // tells the group, for lag displays; ErrFenced: it went on without us. May be nil
	Committed   func(ctx context.Context) (position int64, err error)     // what the group was last told, by whoever; asked where no state is. May be nil
	Again       func(ctx context.Context) (Source, error)                 // opens the input anew at its end, for another pass; io.EOF: no more. nil: one pass
	Watch       func(estimator.Predicted)                                 // sees every row that is learned, of every pass; may be nil
	Output      Sink
	DeadLetters Sink
	Store       StateLog
	TopicID     string           // of the input topic, which another topic of the same name has not; empty: not known
	StartOver   *bool            // void what the store holds; false again once that is on record. nil: never
	Transactor  Transactor       // writes to Output, DeadLetters and Store all at once; nil: one after the other
	Registry    *KeyRegistry     // of the keys of all partitions, with scope: key; nil: there is one partition
	Peers       map[int]StateLog // by partition: the other shards, where this one publishes for all of them
}

// Shard is one input partition, the model that it feeds, and what remembers both. One goroutine owns it: Run's.
type Shard struct {
	cfg       Config
	partition Partition
	ports     Ports
	log       zerolog.Logger
	metrics   *shardMetrics
	board     *Board

	features []string // nil: not known before the first message (wildcard)
	wildcard bool     // features: ["*"]
	policy   [estimator.Reasons]string

	keyPolicy string
	limits    arrowipc.Limits
	decoder   *decoder
	model     *estimator.Linear // nil until the features are known
	keys      *keyModels        // instead of the model; nil: scope global
	skipped   []estimator.Skipped

	epoch       uint64
	position    int64  // next offset
	learned     uint64 // rows learned after the last message
	deadLetters uint64
	lost        uint64 // offsets that were deleted before they were learned from
	since       uint64 // epoch at which the state was started over
	eventTime   *float64

	fetcher *fetcher
	shipper *shipper
	peers   *peers
	closing bool

	letters, updates     []Record         // on the way out with the next shipment
	waiting              int              // bytes of them
	saved, published     int64            // positions of the newest checkpoint and update
	announced            map[string]int64 // position of the newest update, with the peers' that it merged; nil: none yet
	savedAt, publishedAt time.Time
	opened               time.Time // when the shard began to take up its state: until then the partition was its own for certain
}

// NewShard of a configuration that Validate has accepted. The board and the metrics are shared by all shards of the process.
func NewShard(cfg Config, p Partition, ports Ports, board *Board, metrics *Metrics, log zerolog.Logger) *Shard {
	s := &Shard{
		cfg: cfg, partition: p, ports: ports, board: board,
		log:     log.With().Str("model", cfg.Model.Name).Str("topic", p.Topic).Int("partition", p.ID).Logger(),
		metrics: metrics.shard(cfg.Model.Name, p), policy: policies(cfg.Input.BadRows), keyPolicy: cmp.Or(cfg.Input.BadRows.Key, policySkip), limits: cfg.decoderLimits(),
		position: -1, saved: -1, published: -1,
	}
	if cfg.Model.keyed() != "" {
		s.keys = newKeyModels(cfg, s.interval(), s.tune)
	}
	if len(cfg.Model.Features) == 1 && cfg.Model.Features[0] == "*" {
		s.wildcard = true
	} else {
		s.features = append([]string{}, cfg.Model.Features...) // not nil: known
	}
	return s
}

// Run is the way of a row: fetch → decode → fit → publish → checkpoint, until the input ends or ctx does; then the last update and the last checkpoint
// go out, within kafka.shutdown_timeout, and Run returns nil. Any other error is returned with nothing passed that was not dealt with.
func (s *Shard) Run(ctx context.Context) (err error) {
	defer func() {
		s.metrics.failed(err)
		s.metrics.leave()
	}()
	following, stopFollowing := context.WithCancel(ctx)
	defer stopFollowing()
	if err := s.open(following); err != nil && ctx.Err() == nil {
		return err
	} else if err != nil {
		return nil // a start that was interrupted has nothing to finish
	}
	defer s.stopFetching()
	for {
		run, err := s.fetch(ctx)
		if errors.Is(err, io.EOF) {
			if err = s.again(following); err == nil {
				continue
			}
		}
		if err != nil {
			return s.close(ctx, err)
		}
		for i := range run.Messages {
			m := &run.Messages[i]
			batches, err := s.decode(m)
			if err != nil {
				return s.abandon(err)
			}
			if err := s.fit(m, batches); err != nil {
				return s.abandon(err)
			}
			s.position = m.Offset + 1
			if err := s.publish(); err != nil {
				return s.abandon(err)
			}
		}
		s.passed(run)
		if err := errors.Join(s.publish(), s.checkpoint()); err != nil {
			return s.abandon(err)
		}
	}
}

// open restores the state, opens the source at its position and starts what runs beside the fit.
func (s *Shard) open(ctx context.Context) error {
	s.opened = time.Now()
	if s.features != nil {
		if err := s.begin(s.features); err != nil {
			return err
		}
	}
	if err := s.restore(ctx); err != nil {
		return err
	}
	var err error
	if s.peers, err = followPeers(ctx, s, max(s.cfg.State.Every, time.Second)); err != nil {
		return err
	}
	source, err := s.ports.Open(ctx, s.position)
	if err != nil {
		return err
	}
	s.savedAt, s.publishedAt = time.Now(), time.Now()
	if s.model != nil {
		s.learned = s.model.Rows().Learned
	}
	if s.keys != nil {
		if s.keys.fresh, err = s.ports.Registry.unknown(ctx, s.partition, maps.Keys(s.keys.byName)); err != nil {
			return err
		}
		s.board.answer(s.partition, s.keys.asks)
	}
	s.metrics.open(s, s.opened)
	s.fetcher = startFetcher(ctx, source, s.tick())
	s.shipper = startShipper(ctx, s)
	s.board.open(s.partition)
	return nil
}

func (s *Shard) stopFetching() {
	if err := s.fetcher.stop(); err != nil {
		s.log.Warn().Err(err).Str("stage", stageFetch).Msg("could not close the source")
	}
}

// tick is how often the shard must look at the clock when there is nothing to fetch; 0: never.
func (s *Shard) tick() time.Duration {
	every := s.cfg.Output.Every
	if s.ports.Store != nil && (every == 0 || s.cfg.State.Every < every) {
		every = s.cfg.State.Every
	}
	return every
}

// begin makes the model and the decoder once the features are known.
func (s *Shard) begin(features []string) error {
	if s.keys != nil {
		return s.beginKeys(features)
	}
	model, err := estimator.New(s.cfg.Estimator(features))
	if err != nil {
		return err
	}
	s.adopt(model)
	return nil
}

func (s *Shard) adopt(model *estimator.Linear) {
	s.tune(model)
	model.Watch(s.ports.Watch)
	s.features = model.Config().Features
	s.model = model
	s.decoder = newDecoder(s.cfg.Model, s.features, s.limits)
}

// tune a model in what is no part of it.
func (s *Shard) tune(model *estimator.Linear) {
	model.SetInterval(s.interval())
	model.SetHorizon(float64(s.cfg.Model.Trend.Horizon))
}

// passed moves the position to the end of a run: past holes, control records and aborted records too.
func (s *Shard) passed(run Fetched) {
	s.position = run.Next
	s.metrics.passed(run, s.rows())
	if s.keys != nil {
		s.metrics.passedKeys(s.keys)
	}
	s.board.lag(s.partition, run)
}

// rows that the shard has seen: its model's, or those that its models have seen in this process.
func (s *Shard) rows() estimator.Rows {
	switch {
	case s.keys != nil:
		return s.keys.rows
	case s.model != nil:
		return s.model.Rows()
	}
	return estimator.Rows{}
}

// Close frees what a shard with many models keeps on disk. It is for use after Run has returned, and after the last look at the keys.
func (s *Shard) Close() error { return s.keys.close() }

// close ends a run that its input or its context ended: the last update and the last checkpoint go out. Other errors are returned.
func (s *Shard) close(ctx context.Context, cause error) error {
	if ctx.Err() == nil && !errors.Is(cause, io.EOF) {
		return s.abandon(cause)
	}
	s.closing = true
	err := errors.Join(s.publish(), s.checkpoint())
	if shipped := s.shipper.close(); err == nil {
		err = shipped
	}
	s.log.Info().Int64("position", s.position).Err(err).Msg("left the partition")
	return err
}

// abandon a run that failed: what was on its way out still goes, nothing new is recorded, so a restart begins at the last checkpoint.
func (s *Shard) abandon(cause error) error {
	if err := s.shipper.close(); err != nil && !errors.Is(cause, err) {
		return errors.Join(cause, err)
	}
	return cause
}
