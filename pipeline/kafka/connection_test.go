package kafka

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// answering gives a connection on which one answer of so many bytes comes, a piece at a time with a pause before each.
func answering(size int, pause time.Duration) (_ *connection, ended chan struct{}) {
	here, there := net.Pipe()
	ended = make(chan struct{})
	go func() {
		defer close(ended)
		defer there.Close()
		head := binary.BigEndian.AppendUint32(nil, uint32(size)+4)
		there.Write(binary.BigEndian.AppendUint32(head, 0)) //nolint:errcheck // nobody may be listening any more
		for piece := make([]byte, pieceBytes); size > 0; size -= len(piece) {
			time.Sleep(pause) // the bubble's clock
			if _, err := there.Write(piece[:min(size, len(piece))]); err != nil {
				return
			}
		}
	}()
	return &connection{Conn: here}, ended
}

// A slow link brings a large answer in many times the patience; a dead one is given up after it, and a conversation that is ended at once.
func TestAnAnswerMayTakeItsTimeAsLongAsItComes(t *testing.T) {
	for _, tt := range []struct {
		pause, cancel time.Duration
		want          error
	}{{15 * time.Second, 0, nil}, {25 * time.Second, 0, os.ErrDeadlineExceeded}, {15 * time.Second, 40 * time.Second, context.Canceled}} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if tt.cancel > 0 {
				time.AfterFunc(tt.cancel, cancel)
			}
			begin := time.Now()
			c, ended := answering(20*pieceBytes+7, tt.pause)
			var body []byte
			err := c.during(ctx, 20*time.Second, func() (err error) {
				body, err = c.response(nil)
				return err
			})
			took := time.Since(begin)
			c.Close()
			<-ended
			if !errors.Is(err, tt.want) || err == nil && len(body) != 20*pieceBytes+7 || errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("pauses of %s: %d bytes, error %v, want %v", tt.pause, len(body), err, tt.want)
			}
			if tt.cancel > 0 && took != tt.cancel {
				t.Errorf("it took %s to end a conversation after %s", took, tt.cancel)
			}
		})
	}
}
