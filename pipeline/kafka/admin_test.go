package kafka

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/streamfit/streamfit/pipeline"
)

func TestEnsureTopicMakesWhatIsMissing(t *testing.T) {
	onBrokers(t, func(t *testing.T, brokers []string) {
		c := open(t, brokers)
		wanted := Topic{Name: "-state", Partitions: 3, Compacted: true, Settings: map[string]string{"segment.bytes": "2000000", maxMessageBytes: "3000000"}}
		name := topic(t, c, wanted)
		if n, err := c.Partitions(t.Context(), name); n != 3 || err != nil {
			t.Errorf("%d partitions, error %v", n, err)
		}
		if got, err := c.settings(t.Context(), name); err != nil || got[cleanupPolicy] != "compact" || got[maxMessageBytes] != "3000000" {
			t.Errorf("settings %v, error %v", got, err)
		}
		wanted.Name = name
		if err := c.EnsureTopic(t.Context(), wanted); err != nil {
			t.Errorf("the second time: %v", err)
		}
		for _, refused := range []struct {
			topic Topic
			is    error
			says  string
		}{
			{Topic{Name: name, Partitions: 4}, ErrPartitions, "--alter --topic " + name + " --partitions 4"},
			{Topic{Name: name, Compacted: true, Settings: map[string]string{maxMessageBytes: "4000000"}}, ErrSettings, "max.message.bytes is 3000000, it must be at least 4000000"},
			{Topic{Name: topic(t, c, Topic{}), Compacted: true}, ErrSettings, `cleanup.policy is "delete", it must be "compact"`},
			{Topic{Name: topic(t, c, Topic{Name: "-both", Settings: map[string]string{cleanupPolicy: "compact,delete"}}), Compacted: true}, ErrSettings, `cleanup.policy is "compact,delete"`},
		} {
			err := c.EnsureTopic(t.Context(), refused.topic)
			if !errors.Is(err, refused.is) || !strings.Contains(err.Error(), refused.says) || !strings.Contains(err.Error(), refused.topic.Name) {
				t.Errorf("error %v, want one that says %q", err, refused.says)
			}
		}
	})
}

func TestEnsureTopicTwiceAtOnce(t *testing.T) {
	c := open(t, embedded(t).ListenAddrs())
	errs := make(chan error)
	for range 4 {
		go func() { errs <- c.EnsureTopic(t.Context(), Topic{Name: "state", Partitions: 2, Compacted: true}) }()
	}
	for range 4 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

// TestEnsureTopicGoesOnWithoutTheRightToLook at settings.
func TestEnsureTopicGoesOnWithoutTheRightToLook(t *testing.T) {
	broker := embedded(t)
	log := listen()
	c := openLogged(t, zerolog.New(log), broker.ListenAddrs())
	broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.DescribeConfigs}, Err: kerr.TopicAuthorizationFailed, Count: -1})
	topic(t, c, Topic{Compacted: true})
	log.await(t.Context(), t, "not checked that it keeps its state")
}

func TestATopicThatIsNotThere(t *testing.T) {
	onBrokers(t, func(t *testing.T, brokers []string) {
		c := open(t, brokers)
		_, err := c.Partitions(t.Context(), "nowhere")
		if !errors.Is(err, ErrUnknownTopic) || !strings.Contains(err.Error(), "kafka-topics --create --topic nowhere") || !strings.Contains(err.Error(), brokers[0]) {
			t.Errorf("error %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := c.AwaitTopic(ctx, "nowhere"); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		if _, err := c.Partitions(t.Context(), "nowhere"); !errors.Is(err, ErrUnknownTopic) {
			t.Errorf("asking made it: error %v", err)
		}
	})
}

func TestPing(t *testing.T) {
	c := open(t, append([]string{silent(t)}, embedded(t).ListenAddrs()...))
	if err := c.Ping(t.Context()); err != nil {
		t.Errorf("one broker of two is up: %v", err)
	}
	gone := silent(t)
	log := listen()
	c = openLogged(t, zerolog.New(log), []string{gone})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		log.await(t.Context(), t, "trying again")
		cancel()
	}()
	if err := c.Ping(ctx); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "broker "+gone) || !strings.Contains(err.Error(), "refused") {
		t.Errorf("error %v", err)
	}
}

// silent is an address that nobody listens on.
func silent(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestABrokerThatIsUpLater is waited for.
func TestABrokerThatIsUpLater(t *testing.T) {
	address := silent(t)
	log := listen()
	c := openLogged(t, zerolog.New(log), []string{address})
	done := make(chan error)
	go func() { done <- c.OpenSink("flights").Write(t.Context(), pipeline.Record{Value: []byte("v")}) }()
	log.await(t.Context(), t, "trying again")
	broker := embedded(t, kfake.SeedTopics(1, "flights"), kfake.ListenFn(func(network, _ string) (net.Listener, error) { return net.Listen(network, address) }))
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if end := broker.PartitionInfo("flights", 0).HighWatermark; end != 1 {
		t.Errorf("%d records", end)
	}
}

func TestOpenWithoutBrokers(t *testing.T) {
	if _, err := Open(Config{}); err == nil || !strings.Contains(err.Error(), "no broker") {
		t.Errorf("error %v", err)
	}
}

// A topic that follows another one gets the partitions it lacks, once, however many ask for it.
func TestTopicsGrow(t *testing.T) {
	onBrokers(t, func(t *testing.T, brokers []string) {
		c := open(t, brokers)
		name := topic(t, c, Topic{Partitions: 2})
		asked := make(chan error, 3)
		for range 3 {
			go func() { asked <- c.EnsureTopic(t.Context(), Topic{Name: name, Partitions: 4, Grows: true}) }()
		}
		for range 3 {
			if err := <-asked; err != nil {
				t.Error(err)
			}
		}
		if n, err := c.Partitions(t.Context(), name); n != 4 || err != nil {
			t.Errorf("%d partitions, error %v", n, err)
		}
		written(t, c.OpenSink(name), "a", "b", "c", "d")
	})
}

// A group that was told a position is not new.
func TestCommitted(t *testing.T) {
	onBrokers(t, func(t *testing.T, brokers []string) {
		s := openShop(t, brokers)
		if at, err := s.c.Committed(t.Context(), s.input, s.input, 0); at != -1 || err != nil {
			t.Errorf("a new group is at %d, error %v", at, err)
		}
		if err := s.member.Commit(t.Context(), 0, 7); err != nil {
			t.Fatal(err)
		}
		if at, err := s.c.Committed(t.Context(), s.input, s.input, 0); at != 7 || err != nil {
			t.Errorf("at %d, error %v; want 7", at, err)
		}
	})
}
