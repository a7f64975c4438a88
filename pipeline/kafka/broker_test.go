package kafka

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"

	"github.com/streamfit/streamfit/pipeline"
)

// What a real broker's lane puts in place of these, where there is one.
var (
	runTests   = func(m *testing.M) int { return m.Run() }
	realBroker = func(t testing.TB) []string { t.Skip("no real Kafka on this platform"); return nil }
)

func TestMain(m *testing.M) {
	code := runTests(m)
	if err := goleak.Find(); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// onBrokers runs a test on the embedded broker and on a real one.
func onBrokers(t *testing.T, test func(t *testing.T, brokers []string)) {
	t.Run("embedded", func(t *testing.T) { test(t, embedded(t).ListenAddrs()) })
	t.Run("real", func(t *testing.T) { test(t, realBroker(t)) })
}

func embedded(t testing.TB, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1), kfake.GroupMinSessionTimeout(time.Second)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func open(t testing.TB, brokers []string, settings ...pipeline.Kafka) *Cluster {
	t.Helper()
	return openLogged(t, zerolog.Nop(), brokers, settings...)
}

func openLogged(t testing.TB, log zerolog.Logger, brokers []string, settings ...pipeline.Kafka) *Cluster {
	t.Helper()
	cfg := Config{Brokers: brokers, Log: log, Kafka: pipeline.Kafka{ClientID: "test", SessionTimeout: 6 * time.Second, Heartbeat: 100 * time.Millisecond}}
	for _, s := range settings {
		cfg.Kafka = s
	}
	c, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// topic of the test's own.
func topic(t testing.TB, c *Cluster, wanted Topic) string {
	t.Helper()
	wanted.Name = strings.NewReplacer("/", "-", " ", "-", "#", "-").Replace(t.Name()) + wanted.Name
	if wanted.Partitions == 0 {
		wanted.Partitions = 1
	}
	if err := c.EnsureTopic(t.Context(), wanted); err != nil {
		t.Fatal(err)
	}
	return wanted.Name
}

// franz is another maker's client, to write what ours does not: compressed and transactional batches.
func franz(t testing.TB, brokers []string, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	c, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner())}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// put records in one batch.
func put(t testing.TB, c *kgo.Client, topic string, values ...string) {
	t.Helper()
	var records []*kgo.Record
	for _, v := range values {
		records = append(records, &kgo.Record{Topic: topic, Value: []byte(v)})
	}
	if err := c.ProduceSync(t.Context(), records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// written by the sink under test.
func written(t testing.TB, s *Sink, values ...string) {
	t.Helper()
	if err := s.Write(t.Context(), valued(values...)...); err != nil {
		t.Fatal(err)
	}
}

func valued(values ...string) []pipeline.Record {
	var records []pipeline.Record
	for _, v := range values {
		records = append(records, pipeline.Record{Value: []byte(v)})
	}
	return records
}

// source that asks for the topic by its id, as the program does.
func source(t testing.TB, c *Cluster, cfg SourceConfig) *Source {
	t.Helper()
	if cfg.TopicID == "" {
		var err error
		if cfg.TopicID, err = c.TopicID(t.Context(), cfg.Topic); err != nil {
			t.Fatal(err)
		}
	}
	return anySource(t, c, cfg)
}

// anySource asks for the topic by its name where the configuration has no id, as of a broker before Kafka 3.1.
func anySource(t testing.TB, c *Cluster, cfg SourceConfig) *Source {
	t.Helper()
	s, err := c.OpenSource(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// message is what tests compare: a copy, since a Source's bytes are valid until its next Fetch only.
type message struct {
	Offset     int64
	Key, Value string
}

// take messages until there are so many, or the position is there, and give the position.
func take(t testing.TB, s *Source, enough int, position int64) (got []message, next int64) {
	t.Helper()
	for len(got) < enough || next < position {
		f, err := s.Fetch(t.Context())
		if err != nil {
			t.Fatalf("after %d messages: %v", len(got), err)
		}
		if f.Next <= next {
			t.Fatalf("the position went from %d to %d", next, f.Next)
		}
		for _, m := range f.Messages {
			got = append(got, message{m.Offset, string(m.Key), string(m.Value)})
		}
		next = f.Next
	}
	return got, next
}

func offsetsOf(messages []message) (out []int64) {
	for _, m := range messages {
		out = append(out, m.Offset)
	}
	return out
}

func valuesOf(messages []message) (out []string) {
	for _, m := range messages {
		out = append(out, m.Value)
	}
	return out
}

// heard collects what is logged.
type heard struct{ lines chan string }

func listen() heard { return heard{make(chan string, 1000)} }

func (h heard) Write(b []byte) (int, error) {
	select {
	case h.lines <- string(b):
	default:
	}
	return len(b), nil
}

// await a line that holds a text.
func (h heard) await(ctx context.Context, t testing.TB, text string) string {
	t.Helper()
	for {
		select {
		case line := <-h.lines:
			if strings.Contains(line, text) {
				return line
			}
		case <-ctx.Done():
			t.Fatalf("nothing logged that says %q", text)
		}
	}
}
