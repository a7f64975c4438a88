//go:build unix

package soak

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/streamfit/streamfit/internal/kafkatest"
	"github.com/streamfit/streamfit/internal/programtest"
	"github.com/streamfit/streamfit/pipeline"
	"github.com/streamfit/streamfit/pipeline/kafka"
)

func TestMain(m *testing.M) { os.Exit(programtest.Main(m)) }

// setting from the environment.
func setting(t testing.TB, name, fallback string) string {
	t.Helper()
	if v := os.Getenv(name); v != "" {
		return v
	}
	return fallback
}

// TestSoak: SOAK_DURATION of steady load at 80 % of what the machine bears, then a burst, which must drain.
func TestSoak(t *testing.T) {
	if os.Getenv("SOAK_DURATION") == "" {
		t.Skip("takes minutes: set SOAK_DURATION, or make soak DURATION=30m")
	}
	duration, err := time.ParseDuration(os.Getenv("SOAK_DURATION"))
	if err != nil {
		t.Fatal(err)
	}
	seed, err := strconv.ParseUint(setting(t, "SOAK_SEED", "1"), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	s := begin(t, seed)
	most := s.calibrate(t, duration/10)
	steady := max(1, most*8/10)
	t.Logf("seed %d: the machine bears %d messages (%d rows) a second, producer and broker beside; steady: %d", seed, most, most*rows, steady)
	s.steady(t, duration, steady)
	s.burst(t, duration/20, steady)
	s.end(t)
}

// soak is a program under load.
type soak struct {
	*producer
	world   *programtest.World
	program *programtest.Program
	ended   chan error // how the program did
	address string

	mu   sync.Mutex
	read reader
	more chan struct{} // an update has come
}

func freeAddress(t testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func begin(t *testing.T, seed uint64) *soak {
	w := programtest.NewWorld(t, kafkatest.Shared(t).Addr())
	for _, topic := range []kafka.Topic{
		{Name: w.Input, Settings: map[string]string{"retention.bytes": "6442450944", "segment.bytes": "134217728", "max.message.bytes": "16777216"}},
		{Name: w.Output, Settings: map[string]string{"retention.bytes": "268435456", "segment.bytes": "67108864"}},
	} {
		topic.Partitions = 1
		if err := w.Cluster.EnsureTopic(t.Context(), topic); err != nil {
			t.Fatal(err)
		}
	}
	s := &soak{world: w, address: freeAddress(t), more: make(chan struct{}, 1), ended: make(chan error, 1)}
	ctx, stop := context.WithCancel(t.Context())
	s.producer = startProducer(ctx, w.Cluster.OpenSink(w.Input), messages(t, seed))
	source, err := w.Cluster.OpenSource(kafka.SourceConfig{Topic: w.Output})
	if err != nil {
		t.Fatal(err)
	}
	followed := make(chan error, 1)
	go func() { followed <- s.follow(ctx, source) }()
	t.Cleanup(func() {
		stop()
		<-s.done
		if err := <-followed; err != nil || s.err != nil {
			t.Errorf("reader: %v, producer: %v", err, s.err)
		}
		source.Close()
	})
	s.program = programtest.Command(t, "run", "--brokers", w.Brokers, "--topic", w.Input, "--group", w.Group, "--target", "y", "--features", strings.Join(featureNames(), ","),
		"--output-topic", w.Output, "--dead-letter", w.DeadLetter, "--every-rows", strconv.Itoa(rows), "--every", "1s", "--http", s.address, "--log-format", "json")
	s.program.Env = append(s.program.Env, "STREAMFIT_STATE_EVERY=1s")
	if err := s.program.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { s.ended <- s.program.Wait() }()
	if err := s.program.AwaitClaim(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *soak) follow(ctx context.Context, source pipeline.Source) error {
	return s.read.follow(ctx, source, s.producer, &s.mu, func() {
		select {
		case s.more <- struct{}{}:
		default:
		}
	})
}

// calibrate: with the producer going as fast as it can, what is learned in a second when it has settled.
func (s *soak) calibrate(t *testing.T, d time.Duration) int64 {
	defer func() {
		s.rate.Store(0)
		s.drain(t, 10*time.Minute)
	}()
	s.press(t, d/2)
	from, at := s.position(), time.Now()
	s.press(t, d)
	return int64(float64(s.position()-from) / time.Since(at).Seconds())
}

// mostAhead is how many messages a producer under no other bound may be ahead: the topic's retention must not overtake the program.
const mostAhead = 20_000

// press with all that the producer can for a time, but never far ahead.
func (s *soak) press(t *testing.T, d time.Duration) {
	for from := time.Now(); time.Since(from) < d; s.pass(t, tick) {
		rate := int64(0)
		if s.n.Load()-s.position() < mostAhead {
			rate = 1 << 20
		}
		s.rate.Store(rate)
	}
}

func (s *soak) position() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.read.position
}

// pass the time, while the program must live.
func (s *soak) pass(t *testing.T, d time.Duration) {
	t.Helper()
	deadline := time.After(d)
	for {
		select {
		case <-deadline:
			return
		case <-s.done:
			t.Fatalf("the producer ended: %v", s.err)
		case err := <-s.ended:
			t.Fatalf("the program ended: %v", err)
		case <-s.more:
		}
	}
}

// drain until all that was sent is learned.
func (s *soak) drain(t *testing.T, atMost time.Duration) time.Duration {
	t.Helper()
	begin, deadline := time.Now(), time.After(atMost)
	for s.position() < s.n.Load() {
		select {
		case <-s.more:
		case err := <-s.ended:
			t.Fatalf("the program ended: %v", err)
		case <-deadline:
			t.Fatalf("position %d of %d after %s", s.position(), s.n.Load(), atMost)
		}
	}
	return time.Since(begin)
}

func (s *soak) steady(t *testing.T, d time.Duration, rate int64) {
	ctx, stop := context.WithCancel(t.Context())
	watched := watch(ctx, t, s.address, time.Second)
	s.rate.Store(rate)
	s.pass(t, d/10) // it settles
	s.mu.Lock()
	s.read.latencies = nil
	s.mu.Unlock()
	from, sent := time.Now(), s.n.Load()
	s.pass(t, d)
	to := time.Now()
	stop()
	samples := <-watched
	third := to.Sub(from) / 3
	first := func(what func(sample) float64) float64 {
		return quantile(of(samples, from, from.Add(third), what), 0.5)
	}
	last := func(what func(sample) float64) float64 { return quantile(of(samples, to.Add(-third), to, what), 0.5) }
	memory, goroutines, lag := func(s sample) float64 { return s.memory / (1 << 20) }, func(s sample) float64 { return s.goroutines }, func(s sample) float64 { return s.lag }
	cpu := of(samples, from, to, func(s sample) float64 { return s.cpu })
	s.mu.Lock()
	t.Logf("steady for %s: %.0f messages a second; produce → update readable: %s", d, float64(s.n.Load()-sent)/to.Sub(from).Seconds(), &s.read)
	s.mu.Unlock()
	t.Logf("medians of the first and last third: resident memory %.1f and %.1f MiB, goroutines %.0f and %.0f, lag %.0f and %.0f messages; highest memory %.1f MiB, longest checkpoint age %.1f s, %.2f cores",
		first(memory), last(memory), first(goroutines), last(goroutines), first(lag), last(lag), quantile(of(samples, from, to, memory), 1),
		quantile(of(samples, from, to, func(s sample) float64 { return s.age }), 1), (quantile(cpu, 1)-quantile(cpu, 0))/to.Sub(from).Seconds())
	if measured := len(of(samples, from, to, lag)); float64(measured) < to.Sub(from).Seconds()/2 || first(memory) == 0 || first(goroutines) == 0 || quantile(cpu, 1) == 0 {
		t.Fatalf("%d samples of the process in %s, of %.1f MiB, %.0f goroutines, %.1f s of processor time: that measures nothing", measured, to.Sub(from), first(memory), first(goroutines), quantile(cpu, 1))
	}
	if last(memory) > 1.3*first(memory)+16 {
		t.Errorf("memory grows: %.1f MiB, then %.1f", first(memory), last(memory))
	}
	if last(goroutines) > first(goroutines)+4 {
		t.Errorf("goroutines grow: %.0f, then %.0f", first(goroutines), last(goroutines))
	}
	if last(lag) > 2*first(lag)+float64(rate)*5 {
		t.Errorf("the lag grows: %.0f messages, then %.0f, at %d a second", first(lag), last(lag), rate)
	}
}

// burst: from an eighth of the steady rate to as much as the broker takes, which is ten times that and more; then the steady rate goes on, and the lag drains.
func (s *soak) burst(t *testing.T, d time.Duration, steady int64) {
	calm := max(1, steady/8)
	s.rate.Store(calm)
	s.pass(t, d)
	most := int64(4<<30) / int64(len(s.what[0])) // the topic's retention must not overtake the program
	from, at := s.n.Load(), time.Now()
	s.rate.Store(1 << 20)
	highest := int64(0)
	for time.Since(at) < d && s.n.Load() < from+most {
		s.pass(t, 10*time.Millisecond)
		highest = max(highest, s.n.Load()-s.position())
	}
	took := time.Since(at)
	s.rate.Store(steady)
	end := s.n.Load()
	for at = time.Now(); s.position() < end; {
		s.pass(t, 10*time.Millisecond)
	}
	t.Logf("a burst of %d messages in %s (%.1f times the %d a second before it): the lag rose to %d messages and was learned %s after the burst, while %d a second went on", end-from,
		took.Round(time.Millisecond), float64(end-from)/took.Seconds()/float64(calm), calm, highest, time.Since(at).Round(time.Millisecond), steady)
}

// end: all that was sent is learned once, and the program ends well.
func (s *soak) end(t *testing.T) {
	s.rate.Store(0)
	s.pass(t, 2*time.Second) // a request may be under way
	s.drain(t, 10*time.Minute)
	if err := s.program.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if err := <-s.ended; err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if want := uint64(s.n.Load()) * rows; s.read.learned != want || s.read.letters != 0 {
		t.Errorf("%d rows learned of %d, %d dead letters", s.read.learned, want, s.read.letters)
	}
	t.Logf("%d messages, %d rows, all learned once; no dead letters", s.n.Load(), s.read.learned)
}

// positionOf an update of one partition.
func positionOf(value []byte) (position int64, learned, letters uint64, err error) {
	var u struct {
		Rows        struct{ Learned uint64 }
		DeadLetters uint64 `json:"dead_letters"`
		Position    map[string]map[string]int64
	}
	if err := json.Unmarshal(value, &u); err != nil {
		return 0, 0, 0, err
	}
	for _, partitions := range u.Position {
		position = partitions["0"]
	}
	return position, u.Rows.Learned, u.DeadLetters, nil
}
