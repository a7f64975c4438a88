package pipeline

import "github.com/prometheus/client_golang/prometheus"

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
	fenced, lost, stalled                                             *prometheus.CounterVec
	lag, position, checkpointTime, checkpointBytes                    *prometheus.GaugeVec
	epoch, restore, status                                            *prometheus.GaugeVec
	loss, scale, coefficient, coefficientSE                           *prometheus.GaugeVec
	known                                                             keyMetrics
	ages                                                              *ages
	driftAlarms                                                       *prometheus.CounterVec
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
	m := &Metrics{
		messages:        counter("messages_total", "Messages passed, dead letters and tombstones among them.", shard),
		rows:            counter("rows_total", "Rows by what became of them: learned; of those outlier (beyond the knee) and guarded (far in x).", with("result")),
		skipped:         counter("rows_skipped_total", "Rows that could not be learned from, by reason.", with("reason")),
		deadLetters:     counter("dead_letters_total", "Messages copied to the dead-letter topic, by what was wrong with them or with a row of theirs.", with("reason")),
		updates:         counter("updates_total", "Update records made.", shard),
		checkpoints:     counter("checkpoints_total", "Checkpoints acknowledged by the state topic.", shard),
		driftAlarms:     counter("drift_alarms_total", "Alarms of the drift detector, by kind: jump, slope, variance.", with("kind")),
		stage:           counter("stage_seconds_total", "Seconds spent at each station of the data path.", with("stage")),
		fenced:          counter("fenced_total", "Times that this process was shut out of a partition which another owner had taken over.", shard),
		lost:            counter("lost_offsets_total", "Offsets that the topic's retention deleted before they were learned from.", shard),
		stalled:         counter("backpressure_seconds_total", "Seconds that the shard stood still because what it had to write was not taken.", shard),
		lag:             gauge("lag_messages", "Messages between the position and the partition's end.", shard),
		position:        gauge("position", "Next offset to learn from.", shard),
		checkpointTime:  gauge("checkpoint_timestamp_seconds", "Unix time of the newest acknowledged checkpoint.", shard),
		checkpointBytes: gauge("checkpoint_bytes", "Size of the newest checkpoint.", shard),
		epoch:           gauge("epoch", "Owners that the partition has had, over all processes and restarts.", shard),
		restore:         gauge("restore_seconds", "How long this process took to read the partition's state and to claim it.", shard),
		status:          gauge("model_status", "1 for the status that the model has: warmup, ok, drift, degenerate.", with("status")),
		loss:            gauge("loss", "Progressive-validation loss: mean since the start, window, baseline (best constant), mae, rmse.", with("kind")),
		scale:           gauge("scale", "Robust scale of the residuals.", shard),
		coefficient:     gauge("coefficient", "Coefficients in raw units; the intercept is feature \"(intercept)\".", with("feature")),
		coefficientSE:   gauge("coefficient_standard_error", "Standard errors of the coefficients.", with("feature")),
		known: keyMetrics{
			keys:      gauge("keys", "Keys known, each with a model of its own (scope: key).", shard),
			inMemory:  gauge("keys_in_memory", "Models in memory, those used last (scope: key).", shard),
			coldBytes: gauge("cold_bytes", "Size of the temporary file of the models that are not in memory (scope: key).", shard),
		},
		ages: newAges(shard),
	}
	r.MustRegister(m.ages)
	return m
}

// ofShards are the gauges that say something of a shard as it is now: they end with it.
func (m *Metrics) ofShards() []*prometheus.GaugeVec {
	return []*prometheus.GaugeVec{
		m.lag, m.position, m.checkpointTime, m.checkpointBytes, m.epoch, m.restore, m.status, m.loss, m.scale, m.coefficient, m.coefficientSE,
		m.known.keys, m.known.inMemory, m.known.coldBytes,
	}
}
