//go:build unix

package soak

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/streamfit/streamfit/pipeline"
)

// sample of the process, once a second.
type sample struct {
	at                                time.Time
	memory, goroutines, lag, age, cpu float64
}

// watch the process by its metrics until ctx ends.
func watch(ctx context.Context, t testing.TB, address string, every time.Duration) <-chan []sample {
	out := make(chan []sample, 1)
	go func() {
		var samples []sample
		clock := time.NewTicker(every)
		defer clock.Stop()
		for {
			select {
			case <-ctx.Done():
				out <- samples
				return
			case <-clock.C:
			}
			m, err := scrape(ctx, address)
			if err != nil {
				continue // it is starting, or under more load than it can answer in a second
			}
			samples = append(samples, sample{time.Now(), m["process_resident_memory_bytes"], m["go_goroutines"], m["streamfit_lag_messages"], m["streamfit_checkpoint_age_seconds"], m["process_cpu_seconds_total"]})
		}
	}()
	return out
}

// scrape the sums of all metrics over their labels.
func scrape(ctx context.Context, address string) (map[string]float64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	answer, err := (&http.Client{Timeout: time.Second}).Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(answer.Body)
	if err != nil {
		return nil, err
	}
	out := map[string]float64{}
	for name, f := range families {
		for _, m := range f.GetMetric() {
			out[name] += m.GetGauge().GetValue() + m.GetCounter().GetValue() + m.GetUntyped().GetValue()
		}
	}
	return out, nil
}

func of(samples []sample, from, to time.Time, what func(sample) float64) (values []float64) {
	for _, s := range samples {
		if !s.at.Before(from) && s.at.Before(to) {
			values = append(values, what(s))
		}
	}
	return values
}

// quantile of values; NaN-free, and 0 of none.
func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

// reader of updates: what has been learned, and how long each message took to be seen in one.
type reader struct {
	position  int64
	learned   uint64
	letters   uint64
	latencies []float64 // seconds
}

// follow the updates until ctx ends. A message's time is that of the first update that has it.
func (r *reader) follow(ctx context.Context, source pipeline.Source, p *producer, mu sync.Locker, seen func()) error {
	for {
		run, err := source.Fetch(ctx)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // the error is that nobody reads any more
		}
		if err != nil {
			return err
		}
		now := time.Now()
		mu.Lock()
		for _, m := range run.Messages {
			position, learned, letters, err := positionOf(m.Value)
			if err != nil {
				mu.Unlock()
				return err
			}
			for ; r.position < position; r.position++ {
				r.latencies = append(r.latencies, float64(now.UnixNano()-p.sent[r.position%remembered].Load())/1e9)
			}
			r.learned, r.letters = learned, letters
		}
		mu.Unlock()
		seen()
	}
}

func (r *reader) String() string {
	return fmt.Sprintf("p50 %.1f ms, p99 %.1f ms, p99.9 %.1f ms, longest %.1f ms of %d messages", 1e3*quantile(r.latencies, 0.5), 1e3*quantile(r.latencies, 0.99),
		1e3*quantile(r.latencies, 0.999), 1e3*quantile(r.latencies, 1), len(r.latencies))
}
