//go:build unix

package endtoend

import (
	"bytes"
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/cenkalti/backoff/v5"
	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/streamfit/streamfit/internal/programtest"
	"github.com/streamfit/streamfit/pipeline"
)

// What an operator can do to the topics and the group of a run. Each test says what must come of it: going on to the bit, or an end that says what happened.

const exitState = 5 // "the saved state does not fit the configuration or the input"

// learned runs until so many rows are learned, stops in order, and gives the last update.
func learned(w *world, rows uint64, extra ...string) []byte {
	w.T.Helper()
	updates := w.Read(w.Output)
	updates.SkipToEnd()
	run := w.Start(extra...)
	raw, u := updates.Update()
	for u.Rows.Learned < rows {
		raw, u = updates.Update()
	}
	w.Stop(run)
	return raw
}

// refuses to run: it ends by itself, with the exit code of state that does not fit, and says these words.
func refuses(w *world, words []string, extra ...string) {
	w.T.Helper()
	ended(w, w.Start(extra...), words)
}

func ended(w *world, run *programtest.Program, words []string) {
	w.T.Helper()
	timer := time.AfterFunc(programtest.Patience, func() { run.Process.Kill() }) //nolint:errcheck // it has ended, then
	defer timer.Stop()
	var exit *exec.ExitError
	if err := run.Wait(); !errors.As(err, &exit) || exit.ExitCode() != exitState {
		w.T.Errorf("it ended with %v, want exit code %d", err, exitState)
	}
	for _, word := range words {
		if !strings.Contains(run.Said(), word) {
			w.T.Errorf("it does not say %q", word)
		}
	}
}

// admin is the operator's hands.
func admin(w *world) *kafkago.Client {
	transport := &kafkago.Transport{}
	w.T.Cleanup(transport.CloseIdleConnections)
	return &kafkago.Client{Addr: kafkago.TCP(strings.Split(w.Brokers, ",")...), Transport: transport}
}

// remove a topic, and wait until its name is free.
func remove(w *world, topic string) {
	w.T.Helper()
	answer, err := admin(w).DeleteTopics(w.T.Context(), &kafkago.DeleteTopicsRequest{Topics: []string{topic}})
	if err = errors.Join(err, answerError(answer, topic)); err != nil {
		w.T.Fatal(err)
	}
	_, err = backoff.Retry(w.T.Context(), func() (struct{}, error) {
		meta, err := admin(w).Metadata(w.T.Context(), &kafkago.MetadataRequest{Topics: []string{topic}})
		if err == nil && (len(meta.Topics) == 0 || !errors.Is(meta.Topics[0].Error, kafkago.UnknownTopicOrPartition)) {
			err = errors.New("it is still there")
		}
		return struct{}{}, err
	}, backoff.WithBackOff(backoff.NewConstantBackOff(50*time.Millisecond)), backoff.WithMaxElapsedTime(programtest.Patience))
	if err != nil {
		w.T.Fatal(err)
	}
}

// deleteBefore an offset of a topic of one partition; kafka-go has no request for it.
func deleteBefore(w *world, topic string, offset int64) {
	w.T.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(w.Brokers, ",")...))
	if err != nil {
		w.T.Fatal(err)
	}
	defer client.Close()
	req := kmsg.NewPtrDeleteRecordsRequest()
	req.TimeoutMillis = 5000
	req.Topics = []kmsg.DeleteRecordsRequestTopic{{Topic: topic, Partitions: []kmsg.DeleteRecordsRequestTopicPartition{{Partition: 0, Offset: offset}}}}
	answer, err := req.RequestWith(w.T.Context(), client)
	if err == nil {
		err = kerr.ErrorForCode(answer.Topics[0].Partitions[0].ErrorCode)
	}
	if err != nil {
		w.T.Fatal(err)
	}
}

func answerError(answer *kafkago.DeleteTopicsResponse, topic string) error {
	if answer == nil {
		return nil
	}
	return answer.Errors[topic]
}

func TestInputThatIsMadeAgainIsNoLongerTheSame(t *testing.T) {
	onEachBroker(t, func(t *testing.T, w *world) {
		w.Produce("--batch-rows", "10000")
		learned(w, flightRows)
		remove(w, w.Input)
		w.Produce("--batch-rows", "1000") // more messages than before: the position is there, and means other rows
		refuses(w, []string{"deleted and made again", "--reset-state"})
		raw := learned(w, flightRows, "--reset-state")
		if got, want := programtest.WithoutPosition(t, raw), programtest.WithoutPosition(t, w.Replayed(programtest.Flights)); got != want {
			t.Errorf("after --reset-state:\n   run %s\nreplay %s", got, want)
		}
		run := w.Start()
		if err := run.AwaitClaim(t.Context()); err != nil {
			t.Fatal(err)
		}
		remove(w, w.Input)
		w.Produce("--batch-rows", "100") // while it runs
		ended(w, run, []string{"deleted and made again"})
	})
}

func TestStateThatIsGoneDamagedOrAnothersIsSaid(t *testing.T) {
	onEachBroker(t, func(t *testing.T, w *world) {
		w.Produce("--batch-rows", "10000")
		want := programtest.WithoutPosition(t, w.Replayed(programtest.Flights))
		check := func(raw []byte) {
			t.Helper()
			if got := programtest.WithoutPosition(t, raw); got != want {
				t.Errorf("\n   run %s\nreplay %s", got, want)
			}
		}
		check(learned(w, flightRows))

		refuses(w, []string{"learned with another configuration", "half_life was +Inf, is 1000", "--reset-state"}, "--half-life", "1000")

		damaged := pipeline.Record{Key: []byte("delays@1"), Value: []byte("no checkpoint")}
		if err := w.Cluster.OpenStateLog(w.State, 0).Write(t.Context(), damaged); err != nil {
			t.Fatal(err)
		}
		refuses(w, []string{"topic " + w.State, "offset", "the record is damaged", "not a checkpoint"})
		check(learned(w, flightRows, "--reset-state"))

		remove(w, w.State)
		refuses(w, []string{"was the state topic deleted?", "--reset-state"})
		check(learned(w, flightRows, "--reset-state"))
	})
}

func TestRowsThatWereDeletedBeforeTheyWereLearned(t *testing.T) {
	onEachBroker(t, func(t *testing.T, w *world) {
		w.Produce("--batch-rows", "10000")
		learned(w, flightRows)
		w.Produce("--batch-rows", "10000")
		deleteBefore(w, w.Input, 25) // as retention does
		refuses(w, []string{"the first is 25: 5 offsets were deleted", "on_data_loss"})
		raw := learned(w, flightRows+15*10_000, "--set", "input.on_data_loss=accept")
		if !bytes.Contains(raw, []byte(`"lost_offsets":5`)) {
			t.Errorf("the update does not say what was lost: %s", raw)
		}
	})
}

// The group's own records expire, or somebody deletes them: its generations begin at 1 again. The state does not mind.
func TestAGroupThatIsForgottenGoesOn(t *testing.T) {
	onEachBroker(t, func(t *testing.T, w *world) {
		w.Produce("--batch-rows", "10000")
		learned(w, flightRows)
		answer, err := admin(w).DeleteGroups(t.Context(), &kafkago.DeleteGroupsRequest{GroupIDs: []string{w.Group}})
		if err == nil {
			err = answer.Errors[w.Group]
		}
		if err != nil {
			t.Fatal(err)
		}
		w.Produce("--batch-rows", "10000")
		raw := learned(w, 2*flightRows)
		if got, want := programtest.WithoutPosition(t, raw), programtest.WithoutPosition(t, w.Replayed(programtest.Flights, programtest.Flights)); got != want {
			t.Errorf("\n   run %s\nreplay %s", got, want)
		}
	})
}

// Partitions that are added while it runs are learned from their first message on, and their state has a place.
func TestPartitionsMayBeAddedWhileItRuns(t *testing.T) {
	onEachBroker(t, func(t *testing.T, w *world) {
		w.Produce("--batch-rows", "1000")
		updates := w.Read(w.Output)
		run := w.Start("--start", "latest", "--every", "100ms")
		if err := run.AwaitClaim(t.Context()); err != nil {
			t.Fatal(err)
		}
		answer, err := admin(w).CreatePartitions(t.Context(), &kafkago.CreatePartitionsRequest{Topics: []kafkago.TopicPartitionsConfig{{Name: w.Input, Count: 3}}})
		if err == nil {
			err = answer.Errors[w.Input]
		}
		if err != nil {
			t.Fatal(err)
		}
		w.Produce("--batch-rows", "1000") // round and round
		var u pipeline.Update
		for u.Rows.Learned < flightRows {
			_, u = updates.Update()
		}
		if u.Rows.Learned != flightRows || len(u.Position[w.Input]) != 3 {
			t.Errorf("%d rows learned at %v", u.Rows.Learned, u.Position)
		}
		w.Stop(run)
	})
}
