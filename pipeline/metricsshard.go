package pipeline

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/streamfit/streamfit/estimator"
	"github.com/streamfit/streamfit/pipeline/arrowipc"
)

// shardMetrics are the metrics of one shard with their labels filled in.
type shardMetrics struct {
	all             *Metrics
	labels          []string
	stage           map[string]prometheus.Counter
	checkpointBytes prometheus.Gauge
	last            estimator.Rows         // counted so far
	refused         [len(keyFaults)]uint64 // counted so far
	age             *age
}

func (m *Metrics) shard(model string, p Partition) *shardMetrics {
	s := &shardMetrics{all: m, labels: []string{model, p.Topic, strconv.Itoa(p.ID)}, stage: map[string]prometheus.Counter{}}
	for _, stage := range []string{stageFetch, stageDecode, stageFit, stagePublish, stageCheckpoint} {
		s.stage[stage] = m.stage.WithLabelValues(s.with(stage)...)
	}
	s.checkpointBytes = m.checkpointBytes.WithLabelValues(s.labels...)
	s.appear()
	return s
}

// appear at zero with what is to stay there: Prometheus sees an increase only of a series that it has seen before.
func (s *shardMetrics) appear() {
	s.all.fenced.WithLabelValues(s.labels...)
	s.all.lost.WithLabelValues(s.labels...)
	s.all.stalled.WithLabelValues(s.labels...)
	for _, reason := range append(arrowipc.Reasons(), reasonOther) {
		s.all.deadLetters.WithLabelValues(s.with(reason)...)
	}
	for _, fault := range keyFaults {
		s.all.deadLetters.WithLabelValues(s.with(fault)...)
	}
	for reason := range s.last.Skipped {
		s.all.skipped.WithLabelValues(s.with(estimator.Reason(reason).String())...)
		s.all.deadLetters.WithLabelValues(s.with(estimator.Reason(reason).String())...)
	}
}

// open says that a shard is restored, since it began to be, and reads its partition.
func (s *shardMetrics) open(of *Shard, since time.Time) {
	s.all.epoch.WithLabelValues(s.labels...).Set(float64(of.epoch))
	s.all.restore.WithLabelValues(s.labels...).Set(time.Since(since).Seconds())
	s.age = s.all.ages.open(s.labels, of.position, of.ports.Store != nil)
	s.last = of.rows() // counters count what this process did
	if of.keys != nil {
		s.refused = of.keys.refused
	}
}

// leave takes down what is true of the shard only while it is this process's; what the process did stays counted.
func (s *shardMetrics) leave() {
	s.all.ages.leave(s.age)
	for _, g := range s.all.ofShards() {
		g.DeletePartialMatch(prometheus.Labels{"model": s.labels[0], "topic": s.labels[1], "partition": s.labels[2]})
	}
}

// failed counts what ended the shard, where it is of a kind that somebody should know of.
func (s *shardMetrics) failed(err error) {
	if errors.Is(err, ErrFenced) {
		s.all.fenced.WithLabelValues(s.labels...).Inc()
	}
	var gone interface{ Lost() int64 }
	if errors.As(err, &gone) {
		s.lose(gone.Lost())
	}
}

// lose offsets that were deleted before they were learned from.
func (s *shardMetrics) lose(offsets int64) {
	s.all.lost.WithLabelValues(s.labels...).Add(float64(offsets))
}

func (s *shardMetrics) with(label string) []string {
	return append(append(make([]string, 0, len(s.labels)+1), s.labels...), label)
}

// time adds what has passed since begin to a station.
func (s *shardMetrics) time(stage string, begin time.Time) {
	s.stage[stage].Add(time.Since(begin).Seconds())
}

// stalled adds what has passed since begin to the time that the shard stood still.
func (s *shardMetrics) stalled(begin time.Time) {
	s.all.stalled.WithLabelValues(s.labels...).Add(time.Since(begin).Seconds())
}

// sampleEvery: at a microsecond a message, reading the clock for each would cost as much as the work.
const sampleEvery = 16

// sample reads the clock for one message in sampleEvery; the zero time says that this is none of them.
func (s *Shard) sample() time.Time {
	if s.position%sampleEvery != 0 {
		return time.Time{}
	}
	return time.Now()
}

// sampled adds what a sampled message took, times the messages that it stands for.
func (s *shardMetrics) sampled(stage string, begin time.Time) {
	if !begin.IsZero() {
		s.stage[stage].Add(sampleEvery * time.Since(begin).Seconds())
	}
}

func (s *shardMetrics) deadLetter(reason string) {
	s.all.deadLetters.WithLabelValues(s.with(reason)...).Inc()
}

// passed counts a run of messages.
func (s *shardMetrics) passed(run Fetched, now estimator.Rows) {
	s.all.messages.WithLabelValues(s.labels...).Add(float64(len(run.Messages)))
	s.all.position.WithLabelValues(s.labels...).Set(float64(run.Next))
	if run.End >= 0 {
		s.all.lag.WithLabelValues(s.labels...).Set(float64(max(0, run.End-run.Next)))
	}
	s.age.passed(run)
	if len(run.Messages) == 0 {
		return
	}
	s.all.rows.WithLabelValues(s.with("learned")...).Add(float64(now.Learned - s.last.Learned))
	s.all.rows.WithLabelValues(s.with("outlier")...).Add(float64(now.Outliers - s.last.Outliers))
	s.all.rows.WithLabelValues(s.with("guarded")...).Add(float64(now.Guarded - s.last.Guarded))
	for reason := range now.Skipped {
		s.all.skipped.WithLabelValues(s.with(estimator.Reason(reason).String())...).Add(float64(now.Skipped[reason] - s.last.Skipped[reason]))
	}
	s.last = now
}

// checkpointed counts a checkpoint of a position that the state topic has acknowledged.
func (s *shardMetrics) checkpointed(position int64) {
	s.age.saved(position)
	s.all.checkpoints.WithLabelValues(s.labels...).Inc()
	s.all.checkpointTime.WithLabelValues(s.labels...).SetToCurrentTime()
}

func (s *shardMetrics) update(u *Update) {
	s.all.updates.WithLabelValues(s.labels...).Inc()
	for kind, v := range map[string]Number{
		"mean": u.Loss.Mean, "window": u.Loss.Window, "baseline": u.Loss.Baseline, "mae": u.Loss.MAE, "rmse": u.Loss.RMSE,
	} {
		s.all.loss.WithLabelValues(s.with(kind)...).Set(float64(v))
	}
	s.all.scale.WithLabelValues(s.labels...).Set(float64(u.Scale))
	for _, status := range []estimator.Status{estimator.StatusWarmup, estimator.StatusOK, estimator.StatusDrift, estimator.StatusDegenerate} {
		is := 0.0
		if status == u.Status {
			is = 1
		}
		s.all.status.WithLabelValues(s.with(string(status))...).Set(is)
	}
	s.coefficient("(intercept)", u.Intercept)
	for _, c := range u.Coefficients {
		s.coefficient(c.Name, c.Interval)
	}
}

// coefficient of a feature. With features: ["*"] its name is what a message called its column, and Prometheus takes no label that is not UTF-8.
func (s *shardMetrics) coefficient(feature string, i Interval) {
	feature = strings.ToValidUTF8(feature, "\uFFFD")
	s.all.coefficient.WithLabelValues(s.with(feature)...).Set(float64(i.Value))
	s.all.coefficientSE.WithLabelValues(s.with(feature)...).Set(float64(i.SE))
}
