//go:build unix

package endtoend

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/streamfit/streamfit/internal/devbroker"
	"github.com/streamfit/streamfit/internal/kafkatest"
	"github.com/streamfit/streamfit/pipeline"
	"github.com/streamfit/streamfit/pipeline/kafka"
)

// streamfit is the program, built for these tests.
var streamfit string

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "streamfit-end-to-end-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	streamfit = filepath.Join(dir, "streamfit")
	if out, err := exec.Command("go", "build", "-o", streamfit, "github.com/streamfit/streamfit/cmd/streamfit").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build streamfit: %v\n%s", err, out)
		return 1
	}
	return kafkatest.Main(m)
}

// onEachBroker runs a test against the embedded broker and against a real one.
func onEachBroker(t *testing.T, test func(t *testing.T, w *world)) {
	t.Run("embedded", func(t *testing.T) {
		b, err := devbroker.Start(devbroker.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(b.Close)
		test(t, newWorld(t, b.Brokers()[0]))
	})
	t.Run("apache", func(t *testing.T) { test(t, newWorld(t, kafkatest.Shared(t).Addr())) })
}

// world is a broker, and topics of the test's own on it.
type world struct {
	t                                *testing.T
	broker                           string
	cluster                          *kafka.Cluster
	input, output, deadLetter, group string
}

func newWorld(t *testing.T, broker string) *world {
	cfg := pipeline.DefaultConfig().Kafka
	cluster, err := kafka.Open(kafka.Config{Brokers: []string{broker}, Kafka: cfg, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cluster.Close() })
	name := kafkatest.TopicName(t, "rows")
	return &world{t: t, broker: broker, cluster: cluster, input: name, output: name + "-model", deadLetter: name + "-dead", group: name}
}

const flights = "../../examples/data/flights-200k.arrow"

// program is a process of streamfit, and what it says on stderr.
type program struct {
	*exec.Cmd
	mu      sync.Mutex
	said    []byte
	claimed chan struct{} // closed once it has a partition
}

// Write implements io.Writer for stderr.
func (p *program) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	had := bytes.Contains(p.said, []byte("claimed"))
	p.said = append(p.said, b...)
	if !had && bytes.Contains(p.said, []byte("claimed")) {
		close(p.claimed)
	}
	return len(b), nil
}

// command of streamfit; what it says on stderr is shown if the test fails.
func (w *world) command(args ...string) *program {
	p := &program{Cmd: exec.CommandContext(w.t.Context(), streamfit, args...), claimed: make(chan struct{})}
	p.Env = append(os.Environ(), "STREAMFIT_STATE_EVERY=20ms",
		"STREAMFIT_KAFKA_HEARTBEAT=200ms", "STREAMFIT_KAFKA_SESSION_TIMEOUT=6s", "STREAMFIT_KAFKA_SHUTDOWN_TIMEOUT=2s")
	p.Stderr = p
	w.t.Cleanup(func() {
		if w.t.Failed() {
			p.mu.Lock()
			defer p.mu.Unlock()
			w.t.Logf("%v said:\n%s", p.Args[1:], p.said[max(0, len(p.said)-3000):])
		}
	})
	return p
}

// must run to its end, and gives what it printed.
func (w *world) must(args ...string) []byte {
	w.t.Helper()
	out, err := w.command(args...).Output()
	if err != nil {
		w.t.Fatalf("%v: %v", args, err)
	}
	return out
}

// start a run of the pipeline.
func (w *world) start(extra ...string) *program {
	w.t.Helper()
	args := append([]string{"run", "--brokers", w.broker, "--topic", w.input, "--group", w.group, "--name", "delays", "--target", "delay",
		"--features", "distance,time", "--output-topic", w.output, "--dead-letter", w.deadLetter, "--every-rows", "10000", "--every", "100ms"}, extra...)
	cmd := w.command(args...)
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	return cmd
}

// stop it as an operator does: it must end well.
func (w *world) stop(cmd *program) {
	w.t.Helper()
	select {
	case <-cmd.claimed: // before that it may not have got to minding signals
	case <-time.After(patience):
		w.t.Fatal("it has not claimed a partition")
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		w.t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		w.t.Fatalf("after SIGTERM: %v", err)
	}
}

// kill it as a machine does.
func (w *world) kill(cmd *program) {
	w.t.Helper()
	if err := cmd.Process.Kill(); err != nil {
		w.t.Fatal(err)
	}
	cmd.Wait() //nolint:errcheck // it was killed: that is its error
}

// replayed is what a single pass over the files says.
func (w *world) replayed(file string, extra ...string) []byte {
	w.t.Helper()
	return w.must(append([]string{"replay", "--name", "delays", "--target", "delay", "--features", "distance,time", "-o", "json", file}, extra...)...)
}

// reader of a topic of one partition.
type reader struct {
	w      *world
	source pipeline.Source
	ahead  []pipeline.Message
}

func (w *world) read(topic string) *reader {
	w.t.Helper()
	if err := w.cluster.EnsureTopic(w.t.Context(), kafka.Topic{Name: topic, Partitions: 1}); err != nil {
		w.t.Fatal(err)
	}
	source, err := w.cluster.OpenSource(kafka.SourceConfig{Topic: topic})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { source.Close() })
	return &reader{w: w, source: source}
}

// patience bounds how long a test waits for what must come.
const patience = 60 * time.Second

// next message, whose bytes are the caller's.
func (r *reader) next() pipeline.Message {
	r.w.t.Helper()
	for len(r.ahead) == 0 {
		ctx, cancel := context.WithTimeout(r.w.t.Context(), patience)
		run, err := r.source.Fetch(ctx)
		cancel()
		if err != nil {
			r.w.t.Fatalf("nothing more to read: %v", err)
		}
		r.ahead = run.Messages
	}
	m := r.ahead[0]
	r.ahead = r.ahead[1:]
	m.Key, m.Value = bytes.Clone(m.Key), bytes.Clone(m.Value)
	return m
}

// update is the next of the output topic.
func (r *reader) update() (raw []byte, u pipeline.Update) {
	r.w.t.Helper()
	raw = r.next().Value
	if err := json.Unmarshal(raw, &u); err != nil {
		r.w.t.Fatalf("%v: %s", err, raw)
	}
	return raw, u
}

// withoutPosition of an update, and without what a replay says of its fit: the two things in which a run and a replay differ.
func withoutPosition(t *testing.T, raw []byte) string {
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
