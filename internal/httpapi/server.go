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
	"net/http/pprof"
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
	Access  Access
	Debug   bool // profiles under /debug/pprof/
}

// Handler of /ping, /ready, /metrics, /models and /version. A probe has no credentials: it is told whether, not why.
func (s Site) Handler() http.Handler {
	mux := http.NewServeMux()
	page := func(pattern string, h http.Handler) { mux.Handle("GET "+pattern, s.Access.guard(h)) }
	mux.HandleFunc("GET /ping", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "pong") })
	mux.HandleFunc("GET /ready", s.ready)
	page("/metrics", promhttp.HandlerFor(s.Metrics, promhttp.HandlerOpts{MaxRequestsInFlight: mostScrapes}))
	page("/models", http.HandlerFunc(s.models))
	page("/version", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, s.Version) }))
	if s.Debug {
		page("/debug/pprof/", http.HandlerFunc(pprof.Index))
		page("/debug/pprof/cmdline", http.HandlerFunc(pprof.Cmdline))
		page("/debug/pprof/profile", http.HandlerFunc(pprof.Profile))
		page("/debug/pprof/trace", http.HandlerFunc(pprof.Trace))
	}
	return http.MaxBytesHandler(mux, largestBody)
}

const (
	mostScrapes = 4       // at a time: each one goes over all metrics
	largestBody = 1 << 10 // nothing that is asked has one
)

func (s Site) ready(w http.ResponseWriter, r *http.Request) {
	if err := s.Ready(); err != nil {
		text := "not ready"
		if s.Access.allows(r) {
			text = err.Error()
		}
		http.Error(w, text, http.StatusServiceUnavailable)
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

// Local is an address with its host: one without is this machine's own, 127.0.0.1. Who wants to be reached from elsewhere says so: 0.0.0.0:8080.
func Local(address string) string {
	if host, port, err := net.SplitHostPort(address); err == nil && host == "" {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return address
}

// Serve the handler on an address (see Local) until ctx ends. started is told the address that is really listened on, which differs for port 0.
func Serve(ctx context.Context, address string, h http.Handler, started func(net.Addr)) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", Local(address))
	if err != nil {
		return fmt.Errorf("http: cannot listen on %s: %w", address, err)
	}
	started(listener.Addr())
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second,
		IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
	}
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(closed)
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		server.Shutdown(grace) //nolint:errcheck // whoever is still reading after the grace is cut off
		server.Close()
	})
	defer func() {
		if !stop() {
			<-closed
		}
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("http: %w", err)
	}
	return nil
}
