package pipeline

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/streamfit/streamfit/estimator"
)

// The stations of the data path, as they are called in metrics, logs and dead letters.
const (
	stageFetch      = "fetch"
	stageDecode     = "decode"
	stageFit        = "fit"
	stagePublish    = "publish"
	stageCheckpoint = "checkpoint"
)

// Metrics of all shards of a process.
type Metrics struct {
	messages, rows, skipped, deadLetters, updates, checkpoints, stage *prometheus.CounterVec
	lag, position, checkpointTime, checkpointBytes                    *prometheus.GaugeVec
	loss, scale, coefficient, coefficientSE                           *prometheus.GaugeVec
	known                                                             keyMetrics
}

// NewMetrics registered with r.
func NewMetrics(r prometheus.Registerer) *Metrics {
	shard := []string{"model", "topic", "partition"}
	with := func(labels ...string) []string { return append(append([]string{}, shard...), labels...) }
	counter := func(name, help string, labels []string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "streamfit", Name: name, Help: help}, labels)
		r.MustRegister(c)
		return c
	}
	gauge := func(name, help string, labels []string) *prometheus.GaugeVec {
		g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "streamfit", Name: name, Help: help}, labels)
		r.MustRegister(g)
		return g
	}
	return &Metrics{
		messages:        counter("messages_total", "Messages passed, dead letters and tombstones among them.", shard),
		rows:            counter("rows_total", "Rows by what became of them: learned; of those outlier (beyond the knee) and guarded (far in x).", with("result")),
		skipped:         counter("rows_skipped_total", "Rows that could not be learned from, by reason.", with("reason")),
		deadLetters:     counter("dead_letters_total", "Messages that could not be decoded, by reason.", with("reason")),
		updates:         counter("updates_total", "Update records made.", shard),
		checkpoints:     counter("checkpoints_total", "Checkpoints acknowledged by the state topic.", shard),
		stage:           counter("stage_seconds_total", "Seconds spent at each station of the data path.", with("stage")),
		lag:             gauge("lag_messages", "Messages between the position and the partition's end.", shard),
		position:        gauge("position", "Next offset to learn from.", shard),
		checkpointTime:  gauge("checkpoint_timestamp_seconds", "Unix time of the newest acknowledged checkpoint.", shard),
		checkpointBytes: gauge("checkpoint_bytes", "Size of the newest checkpoint.", shard),
		loss:            gauge("loss", "Progressive-validation loss: mean since the start, window, baseline (best constant), mae, rmse.", with("kind")),
		scale:           gauge("scale", "Robust scale of the residuals.", shard),
		coefficient:     gauge("coefficient", "Coefficients in raw units; the intercept is feature \"(intercept)\".", with("feature")),
		coefficientSE:   gauge("coefficient_standard_error", "Standard errors of the coefficients.", with("feature")),
		known: keyMetrics{
			keys:      gauge("keys", "Keys known, each with a model of its own (scope: key).", shard),
			inMemory:  gauge("keys_in_memory", "Models in memory, those used last (scope: key).", shard),
			coldBytes: gauge("cold_bytes", "Size of the temporary file of the models that are not in memory (scope: key).", shard),
		},
	}
}

// shardMetrics are the metrics of one shard with their labels filled in.
type shardMetrics struct {
	all             *Metrics
	labels          []string
	stage           map[string]prometheus.Counter
	checkpointBytes prometheus.Gauge
	last            estimator.Rows         // counted so far
	refused         [len(keyFaults)]uint64 // counted so far
}

func (m *Metrics) shard(model string, p Partition) *shardMetrics {
	s := &shardMetrics{all: m, labels: []string{model, p.Topic, strconv.Itoa(p.ID)}, stage: map[string]prometheus.Counter{}}
	for _, stage := range []string{stageFetch, stageDecode, stageFit, stagePublish, stageCheckpoint} {
		s.stage[stage] = m.stage.WithLabelValues(s.with(stage)...)
	}
	s.checkpointBytes = m.checkpointBytes.WithLabelValues(s.labels...)
	return s
}

func (s *shardMetrics) with(label string) []string {
	return append(append(make([]string, 0, len(s.labels)+1), s.labels...), label)
}

// time adds what has passed since begin to a station.
func (s *shardMetrics) time(stage string, begin time.Time) {
	s.stage[stage].Add(time.Since(begin).Seconds())
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

// begin at the counts of a restored model: counters count what this process did.
func (s *shardMetrics) begin(rows estimator.Rows) { s.last = rows }

// passed counts a run of messages.
func (s *shardMetrics) passed(run Fetched, now estimator.Rows) {
	s.all.messages.WithLabelValues(s.labels...).Add(float64(len(run.Messages)))
	s.all.position.WithLabelValues(s.labels...).Set(float64(run.Next))
	if run.End >= 0 {
		s.all.lag.WithLabelValues(s.labels...).Set(float64(max(0, run.End-run.Next)))
	}
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

func (s *shardMetrics) checkpointed() {
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
	s.coefficient("(intercept)", u.Intercept)
	for _, c := range u.Coefficients {
		s.coefficient(c.Name, c.Interval)
	}
}

func (s *shardMetrics) coefficient(feature string, i Interval) {
	s.all.coefficient.WithLabelValues(s.with(feature)...).Set(float64(i.Value))
	s.all.coefficientSE.WithLabelValues(s.with(feature)...).Set(float64(i.SE))
}
