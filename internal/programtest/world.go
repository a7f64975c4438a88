//go:build unix

package programtest

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/streamfit/streamfit/internal/kafkatest"
	"github.com/streamfit/streamfit/pipeline"
	"github.com/streamfit/streamfit/pipeline/kafka"
)

// World is brokers, and topics of the test's own on them.
type World struct {
	T                                       testing.TB
	Brokers                                 string
	Cluster                                 *kafka.Cluster
	Input, Output, DeadLetter, State, Group string

	// Embedded brokers (kfake) never let go of a new member that dies while it joins: its connection is gone before its session has begun, and the partitions
	// that it is given are no one's. Against them only members that have joined are killed.
	Embedded bool
}

// NewWorld on these brokers.
func NewWorld(t testing.TB, brokers ...string) *World {
	cluster, err := kafka.Open(kafka.Config{Brokers: brokers, Kafka: pipeline.DefaultConfig().Kafka, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cluster.Close() })
	name := kafkatest.TopicName(t, "rows")
	return &World{
		T: t, Brokers: strings.Join(brokers, ","), Cluster: cluster,
		Input: name, Output: name + "-model", DeadLetter: name + "-dead", Group: name, State: name + "-state",
	}
}

// Flights is the file of sample data, from a package beside this one.
const (
	Flights    = "../../examples/data/flights-200k.arrow"
	FlightRows = 200_000
)

// Must run to its end, and gives what it printed.
func (w *World) Must(args ...string) []byte {
	w.T.Helper()
	out, err := Command(w.T, args...).Output()
	if err != nil {
		w.T.Fatalf("%v: %v", args, err)
	}
	return out
}

// RunArgs is the command line of a run of the pipeline on the world's topics.
func (w *World) RunArgs(extra ...string) []string {
	return append([]string{"run", "--brokers", w.Brokers, "--topic", w.Input, "--group", w.Group, "--name", "delays", "--target", "delay",
		"--features", "distance,time", "--output-topic", w.Output, "--dead-letter", w.DeadLetter, "--every-rows", "10000", "--every", "100ms"}, extra...)
}

// Start a run of the pipeline.
func (w *World) Start(extra ...string) *Program {
	w.T.Helper()
	cmd := Command(w.T, w.RunArgs(extra...)...)
	if err := cmd.Start(); err != nil {
		w.T.Fatal(err)
	}
	return cmd
}

// Stop it as an operator does: it must end well.
func (w *World) Stop(p *Program) {
	w.T.Helper()
	if err := p.AwaitClaim(w.T.Context()); err != nil {
		w.T.Fatal(err)
	}
	if err := p.Stop(); err != nil {
		w.T.Fatalf("after SIGTERM: %v", err)
	}
}

// Kill it as a machine does.
func (w *World) Kill(p *Program) {
	w.T.Helper()
	if w.Embedded {
		if err := p.AwaitClaim(w.T.Context()); err != nil {
			w.T.Fatal(err)
		}
	}
	if err := p.Kill(); err != nil {
		w.T.Fatal(err)
	}
}

// Replayed is what a single pass over a file says.
func (w *World) Replayed(file string, extra ...string) []byte {
	w.T.Helper()
	return w.Must(append([]string{"replay", "--name", "delays", "--target", "delay", "--features", "distance,time", "-o", "json", file}, extra...)...)
}

// Produce the flights.
func (w *World) Produce(extra ...string) {
	w.T.Helper()
	w.Must(append([]string{"produce", "--brokers", w.Brokers, "--topic", w.Input, Flights}, extra...)...)
}

// Reader of a topic of one partition.
type Reader struct {
	w      *World
	topic  string
	source pipeline.Source
	ahead  []pipeline.Message
}

// Read a topic of one partition from its beginning; it is made if it is missing.
func (w *World) Read(topic string) *Reader {
	w.T.Helper()
	if err := w.Cluster.EnsureTopic(w.T.Context(), kafka.Topic{Name: topic, Partitions: 1}); err != nil {
		w.T.Fatal(err)
	}
	source, err := w.Cluster.OpenSource(kafka.SourceConfig{Topic: topic})
	if err != nil {
		w.T.Fatal(err)
	}
	r := &Reader{w: w, topic: topic, source: source}
	w.T.Cleanup(func() { r.source.Close() })
	return r
}

// SkipToEnd passes over what the topic holds now.
func (r *Reader) SkipToEnd() {
	r.w.T.Helper()
	_, end, err := r.w.Cluster.Bounds(r.w.T.Context(), r.topic, 0)
	if err == nil {
		err = r.source.Close()
	}
	if err == nil {
		r.ahead = nil
		r.source, err = r.w.Cluster.OpenSource(kafka.SourceConfig{Topic: r.topic, Offset: end})
	}
	if err != nil {
		r.w.T.Fatal(err)
	}
}

// Next message, whose bytes are the caller's.
func (r *Reader) Next() pipeline.Message {
	r.w.T.Helper()
	for len(r.ahead) == 0 {
		ctx, cancel := context.WithTimeout(r.w.T.Context(), Patience)
		run, err := r.source.Fetch(ctx)
		cancel()
		if err != nil {
			r.w.T.Fatalf("nothing more to read: %v", err)
		}
		r.ahead = run.Messages
	}
	m := r.ahead[0]
	r.ahead = r.ahead[1:]
	m.Key, m.Value = bytes.Clone(m.Key), bytes.Clone(m.Value)
	return m
}

// Update is the next of the output topic.
func (r *Reader) Update() (raw []byte, u pipeline.Update) {
	r.w.T.Helper()
	raw = r.Next().Value
	if err := json.Unmarshal(raw, &u); err != nil {
		r.w.T.Fatalf("%v: %s", err, raw)
	}
	return raw, u
}

// WithoutPosition of an update, and without what a replay says of its fit: the two things in which a run and a replay differ.
func WithoutPosition(t testing.TB, raw []byte) string {
	t.Helper()
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &fields); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	delete(fields, "position")
	delete(fields, "fit")
	out, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
