package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"

	kafkago "github.com/segmentio/kafka-go"
)

func TestPatience(t *testing.T) {
	for want, errs := range map[patience][]error{
		always: {
			kafkago.LeaderNotAvailable, kafkago.NotLeaderForPartition, kafkago.NotEnoughReplicas, kafkago.GroupCoordinatorNotAvailable, kafkago.RequestTimedOut,
			io.EOF, io.ErrUnexpectedEOF, syscall.ECONNREFUSED, &net.OpError{Op: "dial", Err: syscall.ECONNRESET}, os.ErrDeadlineExceeded,
			&net.DNSError{Err: "no such host"}, context.DeadlineExceeded, &unreachable{[]error{io.EOF, syscall.ECONNREFUSED}},
		},
		few: {kafkago.InvalidMessage, &Error{Err: kafkago.InvalidMessage}},
		never: {
			kafkago.TopicAuthorizationFailed, kafkago.SASLAuthenticationFailed, kafkago.MessageSizeTooLarge, kafkago.OffsetOutOfRange, kafkago.UnsupportedVersion,
			context.Canceled, errMalformed, ErrUnknownTopic, &OffsetError{}, &tls.CertificateVerificationError{Err: errors.New("unknown authority")},
			&net.OpError{Op: "remote error", Err: tls.AlertError(42)}, &unreachable{[]error{io.EOF, kafkago.SASLAuthenticationFailed}},
		},
	} {
		for _, err := range errs {
			for _, err := range []error{err, fmt.Errorf("wrapped: %w", err)} {
				if got := patienceWith(err); got != want {
					t.Errorf("%v: patience %d, want %d", err, got, want)
				}
			}
		}
	}
}

func TestOffsetErrorSaysWhichWay(t *testing.T) {
	for want, e := range map[string]OffsetError{
		"topic t, partition 2: offset 5 is where to go on, but the first is 9: 4 offsets were deleted before they were learned from; raise the topic's retention, or set input.on_data_loss to accept to go on behind them": {Topic: "t", Partition: 2, Offset: 5, First: 9, End: 20},
		"topic t, partition 2: offset 5 is where to go on, but the partition ends at 3: was the topic deleted and made again? Start once with --reset-state, or give the model another name, to start over":                 {Topic: "t", Partition: 2, Offset: 5, End: 3},
	} {
		if got := e.Error(); got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
}
