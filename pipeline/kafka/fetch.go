package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/streamfit/streamfit/pipeline"
)

// SourceConfig says which partition to read, and from where.
type SourceConfig struct {
	Topic     string
	Partition int
	Offset    int64
	MaxWait   time.Duration // that the broker may wait for messages; 0: 500 ms
	MaxBytes  int           // of one fetch; 0: 4 MiB. Two are held at a time

	AcceptLoss bool   // go on behind offsets that were deleted before they were fetched, and say so in the run; else they are an OffsetError
	Compacted  bool   // of each key the newest message counts: what is deleted from the beginning is no loss, and fetching goes on behind it
	TopicID    string // what Cluster.TopicID gave; a topic of the same name with another one is a TopicError. Empty: any

	Asked, Answered func() // a broker is asked, perhaps again, and has answered what helps. May be nil
}

const (
	defaultMaxWait  = 500 * time.Millisecond
	defaultMaxBytes = 4 << 20
	largestFetch    = 128 << 20 // for a batch that is larger than MaxBytes
	readCommitted   = 1
)

// Source reads one partition over a connection of its own, one fetch ahead: while one response is being worked on the next arrives in a second buffer.
type Source struct {
	cluster *Cluster
	cfg     SourceConfig
	doing   string
	topicID [16]byte // where cfg.TopicID says it
	cancel  context.CancelFunc
	runs    chan run
	free    chan *response
	current *response
	done    chan struct{}
}

// response is a buffer and what is made of its bytes.
type response struct {
	buffer  []byte
	parsed  fetchResponse
	records recordReader
}

type run struct {
	response *response
	fetched  pipeline.Fetched
	err      error
}

var _ pipeline.Source = (*Source)(nil)

// OpenSource begins to fetch at once. A position that the partition does not have is an OffsetError, from here or from Fetch.
func (c *Cluster) OpenSource(cfg SourceConfig) (*Source, error) {
	if cfg.Offset < 0 {
		return nil, fmt.Errorf("kafka: offset %d is none to read from", cfg.Offset)
	}
	if cfg.MaxWait <= 0 {
		cfg.MaxWait = defaultMaxWait
	}
	if cfg.MaxBytes <= 0 {
		cfg.MaxBytes = defaultMaxBytes
	}
	for _, tell := range []*func(){&cfg.Asked, &cfg.Answered} {
		if *tell == nil {
			*tell = func() {}
		}
	}
	var id [16]byte
	if cfg.TopicID != "" {
		var err error
		if id, err = parseTopicID(cfg.TopicID); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Source{
		cluster: c, cfg: cfg, topicID: id, doing: fmt.Sprintf("fetch from topic %s, partition %d", cfg.Topic, cfg.Partition), cancel: cancel,
		runs: make(chan run), free: make(chan *response, 2), done: make(chan struct{}),
	}
	s.free <- &response{}
	s.free <- &response{}
	go s.loop(ctx)
	return s, nil
}

// Fetch hands out the next messages; their bytes are valid until the next Fetch or Close.
func (s *Source) Fetch(ctx context.Context) (pipeline.Fetched, error) {
	if s.current != nil {
		s.free <- s.current // never blocks: there are two, and it is one of them
		s.current = nil
	}
	select {
	case r := <-s.runs:
		s.current = r.response
		return r.fetched, r.err
	case <-s.done:
		return pipeline.Fetched{}, errors.New("kafka: the source is closed")
	case <-ctx.Done():
		return pipeline.Fetched{}, ctx.Err()
	}
}

// Close ends what is under way and waits for it.
func (s *Source) Close() error {
	s.cancel()
	<-s.done
	return nil
}

// loop fetches into whichever buffer is free.
func (s *Source) loop(ctx context.Context) {
	defer close(s.done)
	f := fetcher{source: s, next: s.cfg.Offset, maxBytes: s.cfg.MaxBytes}
	defer f.disconnect()
	for {
		var into *response
		select {
		case into = <-s.free:
		case <-ctx.Done():
			return
		}
		fetched, err := f.run(ctx, into)
		if ctx.Err() != nil {
			return
		}
		select {
		case s.runs <- run{into, fetched, err}:
		case <-ctx.Done():
			return
		}
		if err != nil {
			<-ctx.Done() // the error has been told: the source is of no more use
			return
		}
	}
}

// fetcher speaks with the partition's leader.
type fetcher struct {
	source   *Source
	conn     *connection
	version  int16 // of the Fetch API that is spoken on it
	next     int64
	lost     int64 // offsets passed over since the last run
	maxBytes int
	asked    bool // there is a request under way
	askedFor int64
}

// run of messages: fetch until there are some, or the position has moved.
func (f *fetcher) run(ctx context.Context, into *response) (out pipeline.Fetched, err error) {
	s := f.source
	for out.Next <= f.next && err == nil && ctx.Err() == nil {
		s.cfg.Asked()
		err = s.cluster.mend(ctx, "Fetch", s.doing, 0, func() (err error) {
			if out, err = f.fetch(ctx, into); err == nil {
				s.cfg.Answered()
				return nil
			}
			f.disconnect() // whatever it was, the next try begins with a new look at who leads
			if errors.Is(err, kafkago.OffsetOutOfRange) {
				return f.outOfRange(ctx)
			}
			return err
		})
	}
	var gone *OffsetError
	var other *TopicError
	switch {
	case errors.As(err, &gone):
		return pipeline.Fetched{}, gone
	case errors.As(err, &other):
		return pipeline.Fetched{}, other
	}
	if err != nil {
		return pipeline.Fetched{}, failed(err, "%s, offset %d", s.doing, f.next)
	}
	f.next = out.Next
	out.Lost, f.lost = f.lost, 0
	return out, nil
}

// outOfRange says what there is instead. A leader that has just been elected may know of less than there is: it is asked again. Where loss is accepted, or none,
// fetching goes on at the first offset that is left.
func (f *fetcher) outOfRange(ctx context.Context) error {
	cfg := f.source.cfg
	first, end, err := f.source.cluster.Bounds(ctx, cfg.Topic, cfg.Partition)
	if err != nil {
		return err
	}
	if first <= f.next && f.next <= end {
		return kafkago.OffsetNotAvailable
	}
	if f.next > end || !cfg.Compacted && !cfg.AcceptLoss {
		return &OffsetError{Topic: cfg.Topic, Partition: cfg.Partition, Offset: f.next, First: first, End: end}
	}
	if !cfg.Compacted {
		f.source.cluster.log.Warn().Str("topic", cfg.Topic).Int("partition", cfg.Partition).Int64("from", f.next).Int64("to", first).Int64("offsets", first-f.next).
			Msg("kafka: offsets were deleted before they were learned from: going on behind them, as input.on_data_loss says")
		f.lost += first - f.next
	}
	f.next = first
	return nil // to be asked again, from there
}

// fetch once. Next is where it began if there was nothing new.
func (f *fetcher) fetch(ctx context.Context, into *response) (out pipeline.Fetched, err error) {
	if err := f.exchange(ctx, into); err != nil {
		return out, err
	}
	if err := parseFetch(into.buffer, f.version, &into.parsed); err != nil {
		return out, err
	}
	if into.parsed.throttle > 0 {
		if err := pause(ctx, into.parsed.throttle); err != nil {
			return out, err
		}
	}
	if err := f.askAhead(ctx, into.parsed.records); err != nil {
		return out, err
	}
	p, err := into.records.read(&into.parsed, f.next)
	if err != nil {
		return out, err
	}
	if err := f.resize(p, len(into.parsed.records)); err != nil {
		return out, err
	}
	return pipeline.Fetched{Messages: into.records.messages, Next: p.next, End: into.parsed.highWatermark}, nil
}

// exchange a request, unless it is under way already, for a response.
func (f *fetcher) exchange(ctx context.Context, into *response) error {
	if f.asked && f.askedFor != f.next {
		f.disconnect() // an answer for another position must never be taken for this one's
	}
	if err := f.connect(ctx); err != nil {
		return err
	}
	if cap(into.buffer) > 2*f.source.cfg.MaxBytes {
		into.buffer = nil // it was for one large batch
	}
	return f.conn.during(ctx, requestTimeout+f.source.cfg.MaxWait, func() (err error) {
		if !f.asked {
			if err := f.ask(f.next); err != nil {
				return err
			}
		}
		into.buffer, err = f.conn.response(into.buffer)
		f.asked = false
		return err
	})
}

// askAhead for what follows a response, before its records are verified and read, so that the broker works meanwhile. Where they are compressed it is not
// known yet how many of them will be taken.
func (f *fetcher) askAhead(ctx context.Context, records []byte) error {
	next, plain := following(records)
	if !plain || next <= f.next {
		return nil
	}
	return f.conn.during(ctx, requestTimeout, func() error { return f.ask(next) })
}

func (f *fetcher) ask(offset int64) error {
	f.asked, f.askedFor = true, offset
	return f.conn.request(f.request(offset))
}

const smallestFetch = 64 << 10

// resize the next fetch: larger if the next batch is larger than what was asked for, smaller while what arrives decompresses to too much.
func (f *fetcher) resize(p progress, arrived int) error {
	switch {
	case arrived > 0 && p.bytes == 0:
		if f.maxBytes >= largestFetch {
			return fmt.Errorf("the record batch at offset %d is larger than %d bytes", f.next, largestFetch)
		}
		f.maxBytes *= 2
	case p.full:
		f.maxBytes = max(p.bytes, smallestFetch)
	case p.bytes > 0 && p.next == f.next:
		return fmt.Errorf("record batches of before offset %d, and none after: %w", f.next, kafkago.InvalidMessage)
	default:
		f.maxBytes = min(2*f.maxBytes, f.source.cfg.MaxBytes)
	}
	return nil
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

func (f *fetcher) request(offset int64) *kmsg.FetchRequest {
	cfg := f.source.cfg
	partition, topic, out := kmsg.NewFetchRequestTopicPartition(), kmsg.NewFetchRequestTopic(), kmsg.NewPtrFetchRequest()
	partition.Partition, partition.FetchOffset, partition.PartitionMaxBytes = int32(cfg.Partition), offset, int32(f.maxBytes)
	topic.Topic, topic.TopicID, topic.Partitions = cfg.Topic, f.source.topicID, []kmsg.FetchRequestTopicPartition{partition}
	out.Version, out.Topics = f.version, []kmsg.FetchRequestTopic{topic}
	out.MaxWaitMillis, out.MinBytes, out.MaxBytes, out.IsolationLevel = int32(cfg.MaxWait.Milliseconds()), 1, int32(f.maxBytes), readCommitted
	out.SessionEpoch = -1 // no fetch session: every request says all it wants
	return out
}

// connect to the partition's leader, and settle which version is spoken: by the topic's id, wherever the broker can. A name may become another topic's from one
// fetch to the next.
func (f *fetcher) connect(ctx context.Context) error {
	if f.conn != nil {
		return nil
	}
	c, cfg := f.source.cluster, f.source.cfg
	address, err := c.leader(ctx, cfg.Topic, cfg.Partition)
	if err != nil {
		return err
	}
	id := ""
	if cfg.TopicID != "" {
		if id, err = c.topicID(ctx, cfg.Topic); err != nil {
			return err
		}
		if id != "" && id != cfg.TopicID {
			return &TopicError{Topic: cfg.Topic, Was: cfg.TopicID, Is: id}
		}
	}
	conn, err := c.connect(ctx, address)
	if err != nil {
		return err
	}
	f.conn, f.version = conn, namedVersion
	conn.arrived = func() { // the broker is there, however slow the way to it
		cfg.Answered()
		cfg.Asked()
	}
	if id == "" { // nobody asked for it, or the broker that was asked does not know it
		return nil
	}
	newest, err := conn.newest(ctx, kmsg.Fetch)
	if newest >= identifiedVersion {
		f.version = identifiedVersion
	}
	return err
}

func (f *fetcher) disconnect() {
	if f.conn != nil {
		f.conn.Close()
		f.conn = nil
	}
	f.asked = false
}
