package pipeline

import "github.com/prometheus/client_golang/prometheus"

// keyMetrics are of shards with many models. No key is a label: a stream could make as many time series as it liked.
type keyMetrics struct {
	keys, inMemory, coldBytes *prometheus.GaugeVec
}

// passedKeys sets the gauges, and counts the rows without a key that can be used.
func (s *shardMetrics) passedKeys(k *keyModels) {
	s.all.known.keys.WithLabelValues(s.labels...).Set(float64(len(k.byName)))
	s.all.known.inMemory.WithLabelValues(s.labels...).Set(float64(k.awake))
	s.all.known.coldBytes.WithLabelValues(s.labels...).Set(float64(k.cold.Bytes()))
	for i, n := range k.refused {
		s.all.skipped.WithLabelValues(s.with(keyFaults[i])...).Add(float64(n - s.refused[i]))
	}
	s.refused = k.refused
}

func (s *shardMetrics) updateOfKey() { s.all.updates.WithLabelValues(s.labels...).Inc() }
