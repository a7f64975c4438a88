// Package httpapi serves what a running streamfit shows over HTTP: liveness, readiness, Prometheus metrics and the newest update of every model.
// It listens where it is told to and changes nothing.
package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/streamfit/streamfit/pipeline"
)

// Site is what the pages are made of.
type Site struct {
	Metrics prometheus.Gatherer
	Board   *pipeline.Board
	Ready   func() error // why the process is not ready to be relied on; nil: it is
	Version any          // written as JSON
}

// Handler of /ping, /ready, /metrics, /models and /version.
func (s Site) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ping", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "pong") })
	mux.HandleFunc("GET /ready", s.ready)
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.Metrics, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /models", s.models)
	mux.HandleFunc("GET /version", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, s.Version) })
	return mux
}

func (s Site) ready(w http.ResponseWriter, _ *http.Request) {
	if err := s.Ready(); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ready")
}

// model is one shard's newest update with the lag behind its partition's end.
type model struct {
	Topic     string           `json:"topic"`
	Partition int              `json:"partition"`
	Lag       *int64           `json:"lag_messages"`
	Update    *pipeline.Update `json:"update"`
}

func (s Site) models(w http.ResponseWriter, r *http.Request) {
	if s.Board.Keyed() {
		s.keys(w, r)
		return
	}
	models, lags := []model{}, s.Board.Lags()
	for p, u := range s.Board.Updates() {
		m := model{Topic: p.Topic, Partition: p.ID, Update: u}
		if lag, known := lags[p]; known && lag >= 0 {
			m.Lag = &lag
		}
		models = append(models, m)
	}
	slices.SortFunc(models, func(a, b model) int { return a.Partition - b.Partition })
	writeJSON(w, models)
}

func writeJSON(w http.ResponseWriter, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(append(body, '\n')) //nolint:errcheck // the reader went away: there is no one left to tell
}

// Serve the handler on an address until ctx ends. started is told the address that is really listened on, which differs for port 0.
func Serve(ctx context.Context, address string, h http.Handler, started func(net.Addr)) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("http: cannot listen on %s: %w", address, err)
	}
	started(listener.Addr())
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second,
		IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
	}
	stop := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		server.Shutdown(grace) //nolint:errcheck // whoever is still reading after the grace is cut off
		server.Close()
	})
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("http: %w", err)
	}
	return nil
}
