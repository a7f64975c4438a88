package kafka

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/streamfit/streamfit/pipeline"
)

// Codes that several APIs document, in Kafka's words.
var (
	moving      = []*kerr.Error{kerr.NotLeaderForPartition, kerr.UnknownTopicOrPartition, kerr.LeaderNotAvailable, kerr.KafkaStorageError, kerr.FencedLeaderEpoch, kerr.UnknownLeaderEpoch}
	coordinator = []*kerr.Error{kerr.CoordinatorLoadInProgress, kerr.CoordinatorNotAvailable, kerr.NotCoordinator}
	producing   = []*kerr.Error{kerr.ProducerFenced, kerr.InvalidProducerEpoch, kerr.InvalidTxnState, kerr.InvalidProducerIDMapping, kerr.TransactionCoordinatorFenced}
	membership  = []*kerr.Error{kerr.IllegalGeneration, kerr.UnknownMemberID, kerr.FencedInstanceID, kerr.RebalanceInProgress}
)

func those(sets ...any) (out []*kerr.Error) {
	for _, set := range sets {
		switch s := set.(type) {
		case []*kerr.Error:
			out = append(out, s...)
		case *kerr.Error:
			out = append(out, s)
		}
	}
	return out
}

// bench is a broker, topics on it, and what is tried on them.
type bench struct {
	*shop
	t      *testing.T
	broker *kfake.Cluster
}

// api is a kind of request, the codes that Kafka documents for it, and something that makes such a request. ready does what must be done before the faults.
type api struct {
	key   kmsg.Key
	codes []*kerr.Error
	ready func(b *bench) (try func(ctx context.Context) error)
}

var apis = []api{
	{kmsg.Produce, those(moving, kerr.RequestTimedOut, kerr.NotEnoughReplicas, kerr.NotEnoughReplicasAfterAppend, kerr.CorruptMessage, kerr.MessageTooLarge, kerr.RecordListTooLarge,
		kerr.InvalidTopicException, kerr.InvalidRequiredAcks, kerr.InvalidTimestamp, kerr.InvalidRecord, kerr.UnsupportedForMessageFormat, kerr.UnsupportedCompressionType,
		kerr.TopicAuthorizationFailed, kerr.ClusterAuthorizationFailed, kerr.UnknownServerError), func(b *bench) func(context.Context) error {
		sink := b.c.OpenSink(b.output)
		return func(ctx context.Context) error { return sink.WriteTo(ctx, 0, pipeline.Record{Value: []byte("v")}) }
	}},
	{kmsg.Produce, those(moving, coordinator, producing, kerr.ConcurrentTransactions, kerr.OutOfOrderSequenceNumber, kerr.UnknownProducerID, kerr.TransactionalIDAuthorizationFailed), transacting},
	{kmsg.InitProducerID, those(coordinator, kerr.ConcurrentTransactions, kerr.InvalidTransactionTimeout, kerr.TransactionalIDAuthorizationFailed, kerr.ClusterAuthorizationFailed,
		kerr.ProducerFenced, kerr.InvalidProducerEpoch), func(b *bench) func(context.Context) error { return b.transactor().Begin }},
	{kmsg.AddPartitionsToTxn, those(coordinator, producing, kerr.ConcurrentTransactions, kerr.UnknownTopicOrPartition, kerr.TopicAuthorizationFailed, kerr.TransactionalIDAuthorizationFailed), transacting},
	{kmsg.AddOffsetsToTxn, those(coordinator, producing, kerr.ConcurrentTransactions, kerr.GroupAuthorizationFailed, kerr.TransactionalIDAuthorizationFailed), transacting},
	{kmsg.TxnOffsetCommit, those(coordinator, producing, membership, kerr.UnknownTopicOrPartition, kerr.OffsetMetadataTooLarge, kerr.InvalidCommitOffsetSize, kerr.InvalidGroupID,
		kerr.GroupAuthorizationFailed, kerr.TopicAuthorizationFailed, kerr.TransactionalIDAuthorizationFailed), transacting},
	{kmsg.EndTxn, those(coordinator, producing, kerr.ConcurrentTransactions, kerr.TransactionalIDAuthorizationFailed), transacting},
	{kmsg.Fetch, those(moving, kerr.ReplicaNotAvailable, kerr.OffsetNotAvailable, kerr.CorruptMessage, kerr.TopicAuthorizationFailed, kerr.UnsupportedCompressionType, kerr.UnknownServerError,
		kerr.UnknownTopicID, kerr.InconsistentTopicID), func(b *bench) func(context.Context) error {
		written(b.t, b.c.OpenSink(b.input), "v")
		return func(ctx context.Context) error {
			_, err := source(b.t, b.c, SourceConfig{Topic: b.input, MaxWait: time.Millisecond}).Fetch(ctx)
			return err
		}
	}},
	{kmsg.ApiVersions, those(kerr.UnsupportedVersion, kerr.InvalidRequest), func(b *bench) func(context.Context) error {
		return func(ctx context.Context) error {
			conn, err := b.c.connect(ctx, b.broker.ListenAddrs()[0])
			if err != nil {
				return err
			}
			defer conn.Close()
			_, err = conn.newest(ctx, kmsg.Fetch)
			return err
		}
	}},
	{kmsg.ListOffsets, those(moving, kerr.OffsetNotAvailable, kerr.UnsupportedForMessageFormat, kerr.TopicAuthorizationFailed), func(b *bench) func(context.Context) error {
		return func(ctx context.Context) error {
			_, _, err := b.c.Bounds(ctx, b.input, 0)
			return err
		}
	}},
	{kmsg.Metadata, those(kerr.UnknownTopicOrPartition, kerr.LeaderNotAvailable, kerr.InvalidTopicException, kerr.TopicAuthorizationFailed), func(b *bench) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := b.c.AwaitTopic(ctx, b.input)
			return err
		}
	}},
	{kmsg.OffsetFetch, those(coordinator, kerr.UnstableOffsetCommit, kerr.GroupAuthorizationFailed, kerr.TopicAuthorizationFailed), func(b *bench) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := b.c.Committed(ctx, b.input, b.input, 0)
			return err
		}
	}},
	{kmsg.CreateTopics, those(kerr.NotController, kerr.RequestTimedOut, kerr.ThrottlingQuotaExceeded, kerr.InvalidTopicException, kerr.InvalidReplicationFactor, kerr.InvalidConfig,
		kerr.PolicyViolation, kerr.ClusterAuthorizationFailed, kerr.TopicAuthorizationFailed), func(b *bench) func(context.Context) error {
		return func(ctx context.Context) error { return b.c.EnsureTopic(ctx, Topic{Name: "another", Partitions: 1}) }
	}},
	{kmsg.CreatePartitions, those(kerr.NotController, kerr.RequestTimedOut, kerr.ThrottlingQuotaExceeded, kerr.ReassignmentInProgress, kerr.InvalidRequest, kerr.PolicyViolation,
		kerr.ClusterAuthorizationFailed, kerr.TopicAuthorizationFailed), func(b *bench) func(context.Context) error {
		return func(ctx context.Context) error {
			return b.c.EnsureTopic(ctx, Topic{Name: b.input, Partitions: 5, Grows: true})
		}
	}},
	{kmsg.DescribeConfigs, those(kerr.UnknownTopicOrPartition, kerr.RequestTimedOut, kerr.InvalidTopicException), func(b *bench) func(context.Context) error {
		return func(ctx context.Context) error {
			return b.c.EnsureTopic(ctx, Topic{Name: b.state, Partitions: 1, Compacted: true})
		}
	}},
}

// transacting makes every request of a transaction but the first.
func transacting(b *bench) func(context.Context) error {
	tr := b.begin(b.t)
	return func(ctx context.Context) error { return tr.Commit(ctx, shipment(1, "update")) }
}

// otherwise than Kafka's protocol says, which franz-go has from it, with the reason in patience.go: they pass, but no client is expected to wait. The last of them
// is what kafka-go's ListOffsets makes of a broken connection.
var otherwise = map[*kerr.Error]bool{kerr.ConcurrentTransactions: true, kerr.ReassignmentInProgress: true, kerr.UnknownServerError: true}

// Every code that is documented for an API in use does what its class says: it is tried again until it passes, is tried a few times, makes the shard begin
// again, or ends at once with an error that has the code.
func TestEveryCodeOfEveryAPI(t *testing.T) {
	for _, a := range apis {
		for _, code := range a.codes {
			t.Run(fmt.Sprint(a.key.Name(), " ", code.Message), func(t *testing.T) {
				t.Parallel()
				classified, known := codes[kafkago.Error(code.Code)]
				if !known || classified.why == "" {
					t.Fatal("nobody has thought about it: patience.go does not have it")
				}
				if again := classified.patience == always || classified.patience == few; again != code.Retriable && !otherwise[code] {
					t.Errorf("tried again: %t, where Kafka calls it retriable: %t", again, code.Retriable)
				}
				broker := embedded(t)
				try := a.ready(&bench{openShop(t, broker.ListenAddrs()), t, broker})
				count := -1
				if classified.patience == always {
					count = 2
				}
				h := broker.Fault(kfake.Fault{Keys: []kmsg.Key{a.key}, Err: code, Count: count})
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				err, hits := try(ctx), h.Hits()
				if a.key == kmsg.ListOffsets && classified.patience != always {
					hits /= 2 // kafka-go asks for the first and for the last offset apart
				}
				outcome(t, classified.patience, kafkago.Error(code.Code), err, hits)
			})
		}
	}
}

func outcome(t *testing.T, p patience, code kafkago.Error, err error, hits int) {
	t.Helper()
	mended := code == kafkago.MessageSizeTooLarge || code == kafkago.RecordListTooLarge || code == kafkago.InvalidTimestamp
	switch p {
	case always:
		if err != nil || hits != 2 {
			t.Errorf("error %v after %d faults, want none after 2", err, hits)
		}
	case few:
		if !errors.Is(err, code) || hits != corruptTries {
			t.Errorf("error %v after %d tries, want %v after %d", err, hits, code, corruptTries)
		}
	case anew:
		if !errors.Is(err, pipeline.ErrFenced) || !errors.Is(err, code) {
			t.Errorf("error %v, want ErrFenced with the code", err)
		}
	default:
		if !errors.Is(err, code) || hits != 1 && !mended {
			t.Errorf("error %v after %d tries, want %v at once", err, hits, code)
		}
	}
}

// The group's own requests are kafka-go's: it joins again by itself, and only what cannot help to join again ends the run.
func TestEveryCodeOfJoining(t *testing.T) {
	refusals := those(kerr.GroupAuthorizationFailed, kerr.TopicAuthorizationFailed, kerr.InvalidGroupID, kerr.InvalidSessionTimeout, kerr.InconsistentGroupProtocol, kerr.GroupMaxSizeReached)
	for _, key := range []kmsg.Key{kmsg.JoinGroup, kmsg.SyncGroup, kmsg.FindCoordinator} {
		for _, code := range those(coordinator, membership, kerr.MemberIDRequired, kerr.UnknownServerError, refusals) {
			t.Run(fmt.Sprint(key.Name(), " ", code.Message), func(t *testing.T) {
				t.Parallel()
				broker := embedded(t)
				c := open(t, broker.ListenAddrs())
				name := topic(t, c, Topic{})
				want := codes[kafkago.Error(code.Code)].patience == never
				count := 2
				if want {
					count = -1
				}
				broker.Fault(kfake.Fault{Keys: []kmsg.Key{key}, Err: code, Count: count})
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				joined := false
				err := c.RunGroup(ctx, GroupConfig{Group: name, Topic: name}, func(context.Context, Member, int) error {
					joined = true
					cancel()
					return nil
				})
				if joined == want || errors.Is(err, kafkago.Error(code.Code)) != want {
					t.Errorf("joined: %t, error %v", joined, err)
				}
			})
		}
	}
}

// Committing for lag displays is not worth a second try; what says that the group has gone on is worth an end.
func TestEveryCodeOfCommitting(t *testing.T) {
	for _, code := range those(coordinator, membership, kerr.OffsetMetadataTooLarge, kerr.InvalidCommitOffsetSize, kerr.GroupAuthorizationFailed, kerr.TopicAuthorizationFailed) {
		t.Run(code.Message, func(t *testing.T) {
			t.Parallel()
			broker := embedded(t)
			s := openShop(t, broker.ListenAddrs())
			broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetCommit}, Err: code, Count: 1})
			err := s.member.Commit(t.Context(), 0, 1)
			fenced := codes[kafkago.Error(code.Code)].patience == anew
			if !errors.Is(err, kafkago.Error(code.Code)) || errors.Is(err, pipeline.ErrFenced) != fenced {
				t.Errorf("error %v, ErrFenced wanted: %t", err, fenced)
			}
		})
	}
}
