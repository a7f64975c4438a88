package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"
	kafkago "github.com/segmentio/kafka-go"
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
		if p == never || p == anew || corrupt >= corruptTries {
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
