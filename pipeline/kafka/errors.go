package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/cenkalti/backoff/v5"
	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// Error is what Kafka, or the way to it, answered to something that was asked of it.
type Error struct {
	Doing string // as "fetch from topic flights, partition 0"
	Err   error
}

func (e *Error) Error() string { return e.Doing + ": " + e.Err.Error() }

// Unwrap gives the cause: often one of kafka-go's error codes.
func (e *Error) Unwrap() error { return e.Err }

func failed(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return &Error{Doing: fmt.Sprintf(format, args...), Err: err}
}

// Errors that say what to do.
var (
	ErrUnknownTopic = errors.New("there is no such topic")
	ErrPartitions   = errors.New("the topic has too few partitions")
	ErrSettings     = errors.New("the topic's settings would lose state")
)

// OffsetError is a position that the partition does not have. Nothing is ever reset silently: it means rows that are gone, or another topic.
type OffsetError struct {
	Topic      string
	Partition  int
	Offset     int64 // asked for
	First, End int64 // what there is
}

// Lost is the number of offsets that were deleted before they were learned from.
func (e *OffsetError) Lost() int64 { return max(0, e.First-e.Offset) }

func (e *OffsetError) Error() string {
	if e.Offset < e.First {
		return fmt.Sprintf("topic %s, partition %d: offset %d is where to go on, but the first is %d: %d offsets were deleted before they were learned from; "+
			"raise the topic's retention, or set input.on_data_loss to accept to go on behind them", e.Topic, e.Partition, e.Offset, e.First, e.Lost())
	}
	return fmt.Sprintf("topic %s, partition %d: offset %d is where to go on, but the partition ends at %d: was the topic deleted and made again? "+
		"Start once with --reset-state, or give the model another name, to start over", e.Topic, e.Partition, e.Offset, e.End)
}

// TopicError is a topic that was deleted and made again: its offsets mean other messages now, even where it has as many.
type TopicError struct{ Topic, Was, Is string }

func (e *TopicError) Error() string {
	return fmt.Sprintf("topic %s was deleted and made again while it was read (its id was %s, is %s): start once with --reset-state, or give the model another name, to start over",
		e.Topic, e.Was, e.Is)
}

// patience is how often asking again can help.
type patience int

const (
	never  patience = iota // the same question gets the same answer
	few                    // bytes that were damaged on the way arrive whole the next time; bytes that are damaged on the broker's disk never do
	always                 // until somebody starts the broker, or elects the leader
)

// manyFailures of what passes as a rule are worth a warning.
const manyFailures = 10

// corruptTries is how often damaged bytes are asked for again.
const corruptTries = 5

// patienceWith an error: the one place that decides what is tried again, and why.
func patienceWith(err error) patience {
	var code kafkago.Error
	if errors.As(err, &code) {
		switch code {
		case kafkago.UnknownTopicOrPartition, // made a moment ago, or its leader does not know yet
			kafkago.LeaderNotAvailable, kafkago.NotLeaderForPartition, kafkago.ReplicaNotAvailable, kafkago.FencedLeaderEpoch, kafkago.UnknownLeaderEpoch, // moved
			kafkago.OffsetNotAvailable, kafkago.ListenerNotFound, // a leader that has just been elected
			kafkago.BrokerNotAvailable, kafkago.NetworkException, kafkago.RequestTimedOut, kafkago.KafkaStorageError, // a broker that comes back, or another
			kafkago.NotEnoughReplicas, kafkago.NotEnoughReplicasAfterAppend, // until they are in sync again; the second may have written: duplicates are harmless here
			kafkago.GroupLoadInProgress, kafkago.GroupCoordinatorNotAvailable, kafkago.NotCoordinatorForGroup, // a broker that has just started
			kafkago.ConcurrentTransactions, // the transaction before this one is being ended
			kafkago.ThrottlingQuotaExceeded, kafkago.NotController, kafkago.StaleControllerEpoch:
			return always
		case kafkago.InvalidMessage: // a CRC that does not fit
			return few
		}
		return never
	}
	var unknown *protocol.TopicError
	var unknownPartition *protocol.TopicPartitionError
	if errors.As(err, &unknown) || errors.As(err, &unknownPartition) {
		return always // kafka-go's own picture of the cluster is a second old: a partition that was just added, a leader that is being elected
	}
	var alert *net.OpError
	var network net.Error
	switch {
	case errors.As(err, &alert) && (alert.Op == "remote error" || alert.Op == "local error"):
		return never // a TLS alert, in crypto/tls's clothes: a certificate that is not liked now will not be liked later
	case errors.As(err, &network), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed), errors.Is(err, io.ErrClosedPipe),
		errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, os.ErrDeadlineExceeded):
		return always // the broker is down, or restarts
	}
	return never
}

// lost tells the codes that say that another owner has come, or that the broker has given up the transaction.
func lost(code kafkago.Error) bool {
	switch code {
	case kafkago.ProducerFenced, kafkago.InvalidProducerEpoch, // another owner began; or the broker aborted a transaction that had lasted too long
		kafkago.TransactionCoordinatorFenced,                        // as the two before, told by a coordinator that has moved
		kafkago.InvalidTransactionState,                             // the transaction that this belongs to is over
		kafkago.InvalidProducerIDMapping, kafkago.UnknownProducerId, // the id was not used for so long that the broker forgot it
		kafkago.OutOfOrderSequenceNumber,                                             // a batch before this one is not there: what else is missing nobody knows
		kafkago.IllegalGeneration, kafkago.UnknownMemberId, kafkago.FencedInstanceID: // the group went on without this process
		return true
	}
	return false
}

// mend keeps trying what can be tried again, until ctx ends or the time is up (0: never). api is Kafka's name for what is asked. It says once that it does, and once that it worked in the end.
func (c *Cluster) mend(ctx context.Context, api, doing string, atMost time.Duration, try func() error) error {
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval, pauses.MaxInterval = 20*time.Millisecond, 2*time.Second
	failures, corrupt, warned := 0, 0, false
	var last error
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		err := try()
		if err == nil || ctx.Err() != nil {
			return struct{}{}, err
		}
		last = err
		p := patienceWith(err)
		if p == few {
			corrupt++
		}
		if p == never || corrupt >= corruptTries {
			err = backoff.Permanent(err)
		}
		return struct{}{}, err
	}, backoff.WithBackOff(pauses), backoff.WithMaxElapsedTime(atMost), backoff.WithNotify(func(err error, pause time.Duration) {
		event := c.log.Debug()
		passing := errors.Is(err, kafkago.ConcurrentTransactions) // as a rule it is over before the second try
		if !passing && !warned || passing && failures == manyFailures {
			event, warned = c.log.Warn(), true
		}
		failures++
		c.metrics.retried(api, err)
		event.Err(err).Str("doing", doing).Dur("again_in", pause).Msg("kafka: trying again until it works")
	}))
	switch {
	case err == nil && warned:
		c.log.Info().Str("doing", doing).Int("failures", failures).Msg("kafka: works again")
	case err != nil && ctx.Err() != nil && last != nil:
		return fmt.Errorf("%w; the last try said: %w", ctx.Err(), last)
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	}
	return explain(api, err)
}
