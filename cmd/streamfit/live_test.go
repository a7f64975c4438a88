package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/streamfit/streamfit/pipeline"
	"github.com/streamfit/streamfit/pipeline/arrowipc"
	"github.com/streamfit/streamfit/pipeline/kafka"
)

// While the state topic takes nothing, /ready says so and names it, and nothing is fetched; when it takes again, everything goes on, and nothing is missing.
func TestReadySaysWhatIsWaitedFor(t *testing.T) {
	t.Run("at least once", func(t *testing.T) {
		broker, cfg := readyBroker(t)
		testReadySays(t, broker, cfg, cfg.StateTopic(), "its checkpoint, on the way to topic "+cfg.StateTopic())
	})
	t.Run("exactly once", func(t *testing.T) {
		broker, cfg := readyBroker(t)
		cfg.ExactlyOnce = true
		testReadySays(t, broker, cfg, cfg.Output.Topic, "its transaction, on the way to topic flights-model, flights-dead, "+cfg.StateTopic())
	})
}

// testReadySays what waits for a topic that takes nothing.
func testReadySays(t *testing.T, broker *kfake.Cluster, cfg pipeline.Config, topic, what string) {
	ctx, stop := context.WithCancel(t.Context())
	ended, board := make(chan error, 1), &pipeline.Board{}
	go func() { ended <- runLive(ctx, cfg, board, zerolog.Nop(), false) }()
	awaitReady(t, cfg.HTTP, "ready")
	shut := broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: topic, Err: kerr.NotEnoughReplicas, Count: -1})
	c, err := kafka.Open(kafka.Config{Brokers: broker.ListenAddrs(), Kafka: cfg.Kafka, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	sink, sent := c.OpenSink("flights"), 0
	for says := what + ", is not taken; nothing is fetched, and nothing dropped"; sent < 4 || !strings.Contains(askReady(cfg.HTTP), says); sent++ {
		if err := sink.Write(t.Context(), pipeline.Record{Value: oneRow(t, float64(sent))}); err != nil {
			t.Fatal(err)
		}
	}
	shut.Remove()
	awaitReady(t, cfg.HTTP, "ready")
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// While the brokers do not answer, /ready says so, although there is nothing to write.
func TestReadySaysThatNobodyAnswers(t *testing.T) {
	broker, cfg := readyBroker(t)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- runLive(ctx, cfg, &pipeline.Board{}, zerolog.Nop(), false) }()
	awaitReady(t, cfg.HTTP, "ready")
	silent := broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: cfg.Input.Topic, Err: kerr.NotLeaderForPartition, Count: -1})
	awaitReady(t, cfg.HTTP, "s and has not answered: the broker that leads it cannot be reached, or there is none")
	silent.Remove()
	awaitReady(t, cfg.HTTP, "ready")
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// Of many models, /models shows those with an alarm, first of all or alone.
func TestModelsShowWhereTheAlarmIs(t *testing.T) {
	broker, cfg := readyBroker(t)
	cfg.Model.Scope, cfg.Model.Key = "key", pipeline.KeyOfMessage
	c, err := kafka.Open(kafka.Config{Brokers: broker.ListenAddrs(), Kafka: cfg.Kafka, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	var sent []pipeline.Record
	for i, key := range []string{"a calm", "the jumping", "z calm"} {
		sent = append(sent, pipeline.Record{Key: []byte(key), Value: noisyRows(t, uint64(i), 3000, 0)})
		jump := 0.0
		if key == "the jumping" {
			jump = 10
		}
		sent = append(sent, pipeline.Record{Key: []byte(key), Value: noisyRows(t, uint64(i+10), 300, jump)})
	}
	if err := c.OpenSink("flights").Write(t.Context(), sent...); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- runLive(ctx, cfg, &pipeline.Board{}, zerolog.Nop(), false) }()
	keys := regexp.MustCompile(`"key": ?"([^"]*)"`)
	for query, want := range map[string]string{"": "the jumping, a calm, z calm", "?alarmed=true": "the jumping", "?prefix=z": "z calm"} {
		awaitAnswer(t, func() (string, bool) {
			body := ask(cfg.HTTP, "/models"+query)
			var got []string
			for _, key := range keys.FindAllStringSubmatch(body, -1) {
				got = append(got, key[1])
			}
			return fmt.Sprintf("/models%s: %v: %s", query, got, body), strings.Join(got, ", ") == want
		})
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// noisyRows of a line, which has moved up by so much.
func noisyRows(t *testing.T, seed uint64, n int, up float64) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	x, y := make([]float64, n), make([]float64, n)
	for i := range n {
		x[i] = r.NormFloat64()
		y[i] = 2*x[i] + up + r.NormFloat64()
	}
	value, err := arrowipc.EncodeNumbers(nil, []string{"x", "y"}, [][]float64{x, y})
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// readyBroker with a topic to run on, for a process that has no patience.
func readyBroker(t *testing.T) (*kfake.Cluster, pipeline.Config) {
	readyPatience = 0
	broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "flights"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Close)
	return broker, readyConfig(t, broker.ListenAddrs())
}

func readyConfig(t *testing.T, brokers []string) pipeline.Config {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cfg := pipeline.DefaultConfig()
	cfg.Model.Target, cfg.Model.Features = "y", []string{"x"}
	cfg.Input.Brokers, cfg.Input.Topic, cfg.Input.DeadLetter, cfg.Output.Topic = brokers, "flights", "flights-dead", "flights-model"
	cfg.State.Every, cfg.HTTP = time.Millisecond, l.Addr().String()
	return cfg
}

func oneRow(t *testing.T, x float64) []byte {
	value, err := arrowipc.EncodeNumbers(nil, []string{"x", "y"}, [][]float64{{x}, {2 * x}})
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func askReady(address string) string { return strings.TrimSpace(ask(address, "/ready")) }

// ask for a page; if there is no answer, that is the answer.
func ask(address, page string) string {
	r, err := http.Get("http://" + address + page)
	if err != nil {
		return err.Error()
	}
	defer r.Body.Close()
	body, _ := io.ReadAll(r.Body)
	return string(body)
}

// awaitReady, or why it is not, of which want is a part.
func awaitReady(t *testing.T, address, want string) {
	t.Helper()
	awaitAnswer(t, func() (string, bool) {
		got := askReady(address)
		return got, got == want || want != "ready" && strings.Contains(got, want)
	})
}

// awaitAnswer asks until the answer is the one.
func awaitAnswer(t *testing.T, ask func() (got string, right bool)) {
	t.Helper()
	_, err := backoff.Retry(t.Context(), func() (struct{}, error) {
		if got, right := ask(); !right {
			return struct{}{}, errors.New(got)
		}
		return struct{}{}, nil
	}, backoff.WithBackOff(backoff.NewConstantBackOff(20*time.Millisecond)), backoff.WithMaxElapsedTime(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
}

// A key that comes in through two partitions ends the run before two models go by its name, and each run that is started again.
func TestAKeyOfTwoPartitionsEndsTheRun(t *testing.T) {
	broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(2, "flights"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Close)
	cfg := readyConfig(t, broker.ListenAddrs())
	cfg.Model.Scope, cfg.Model.Key, cfg.Output.Every = "key", pipeline.KeyOfMessage, time.Millisecond
	c, err := kafka.Open(kafka.Config{Brokers: broker.ListenAddrs(), Kafka: cfg.Kafka, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	send := func(partition int) {
		if err := c.OpenSink("flights").WriteTo(t.Context(), partition, pipeline.Record{Key: []byte("one key"), Value: oneRow(t, 1)}); err != nil {
			t.Fatal(err)
		}
	}
	run := func(reset bool, until func(end context.CancelFunc)) error {
		ctx, end := context.WithTimeout(t.Context(), time.Minute)
		defer end()
		ended := make(chan error, 1)
		go func() { ended <- runLive(ctx, cfg, &pipeline.Board{}, zerolog.Nop(), reset) }()
		until(end)
		return <-ended
	}
	updates := func() (n int) {
		if _, err := c.OpenStateLog("flights-model", 0).Replay(t.Context(), 0, func(int64, pipeline.Record) error { n++; return nil }); err != nil {
			t.Fatal(err)
		}
		return n
	}
	send(0)
	if err := run(false, func(end context.CancelFunc) {
		awaitReady(t, cfg.HTTP, "ready")
		for updates() == 0 {
			runtime.Gosched()
		}
		end()
	}); err != nil {
		t.Fatal(err)
	}
	published := updates()
	send(1)
	for range 2 {
		err := run(false, func(context.CancelFunc) {})
		var shared *pipeline.SharedKeyError
		if !errors.As(err, &shared) || shared.Key != "one key" || shared.Home != 0 || shared.Other != 1 || exitCode(err) != exitInput {
			t.Fatalf("error %v, exit code %d", err, exitCode(err))
		}
		if n := updates(); n != published {
			t.Errorf("%d updates after the key came in through another partition", n-published)
		}
	}
}
