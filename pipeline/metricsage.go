package pipeline

import (
	"math"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// ages are the metrics that grow by themselves while a shard stands still: they are taken when somebody asks, not when something happens, because what
// matters is when nothing does.
type ages struct {
	lag, checkpoint *prometheus.Desc
	mu              sync.Mutex
	shards          map[*age]bool
}

// age of what one shard has behind it.
type age struct {
	of     *ages
	labels []string

	next, end   int64     // position, and the partition's end as last heard of
	passedAt    time.Time // when the message before the position was made
	savedNext   int64     // position of the newest acknowledged checkpoint
	waitingFrom time.Time // since when something waits for a checkpoint
}

func newAges(labels []string) *ages {
	return &ages{
		lag: prometheus.NewDesc("streamfit_lag_seconds",
			"Age of the newest message learned from, while there are others behind it; 0 at the partition's end.", labels, nil),
		checkpoint: prometheus.NewDesc("streamfit_checkpoint_age_seconds",
			"For how long something learned has been waiting to be in an acknowledged checkpoint; 0 when all of it is.", labels, nil),
		shards: map[*age]bool{},
	}
}

// Describe implements prometheus.Collector.
func (a *ages) Describe(out chan<- *prometheus.Desc) {
	out <- a.lag
	out <- a.checkpoint
}

// Collect implements prometheus.Collector.
func (a *ages) Collect(out chan<- prometheus.Metric) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	for s := range a.shards {
		lag, checkpoint := time.Duration(0), time.Duration(0)
		if s.end > s.next {
			lag = max(0, now.Sub(s.passedAt))
		}
		if s.next > s.savedNext {
			checkpoint = max(0, now.Sub(s.waitingFrom))
		}
		out <- prometheus.MustNewConstMetric(a.lag, prometheus.GaugeValue, lag.Seconds(), s.labels...)
		out <- prometheus.MustNewConstMetric(a.checkpoint, prometheus.GaugeValue, checkpoint.Seconds(), s.labels...)
	}
}

// open a shard at a position that is in a checkpoint. Until it passes a message, its age counts from here. One that makes no checkpoints never waits for one.
func (a *ages) open(labels []string, position int64, checkpoints bool) *age {
	now := time.Now()
	s := &age{of: a, labels: labels, next: position, savedNext: position, passedAt: now, waitingFrom: now}
	if !checkpoints {
		s.savedNext = math.MaxInt64
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.shards[s] = true
	return s
}

func (a *ages) leave(s *age) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.shards, s)
}

// passed a run of messages.
func (s *age) passed(run Fetched) {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	if s.next == s.savedNext && run.Next > s.next {
		s.waitingFrom = time.Now()
	}
	s.next = run.Next
	if run.End >= 0 {
		s.end = run.End
	}
	if n := len(run.Messages); n > 0 && run.Messages[n-1].Time > 0 {
		s.passedAt = time.UnixMilli(run.Messages[n-1].Time)
	}
}

// saved a position. What was learned meanwhile waits from now on.
func (s *age) saved(position int64) {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	s.savedNext, s.waitingFrom = position, time.Now()
}
