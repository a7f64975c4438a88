package file

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/streamfit/streamfit/pipeline"
	"github.com/streamfit/streamfit/pipeline/arrowipc"
)

var _ pipeline.Source = (*Source)(nil)

// Source hands out a table as the messages of an input partition: each record is one message, a self-contained Arrow IPC stream without
// compression. The first has offset 0. Messages have no key and no time.
type Source struct {
	name    string
	reader  Reader
	next    int64
	from    int64
	buffer  []byte
	message [1]pipeline.Message
	err     error
}

// NewSource reads r, which it closes, from message number from on. The name is for errors, which an *Error carries already.
func NewSource(name string, r Reader, from int64) *Source {
	return &Source{name: name, reader: r, from: from}
}

// Fetch hands out one message, whose bytes are overwritten by the next, and io.EOF at the end.
func (s *Source) Fetch(ctx context.Context) (pipeline.Fetched, error) {
	if s.err == nil {
		s.err = s.fetch(ctx)
	}
	if s.err != nil {
		return pipeline.Fetched{Next: s.next, End: -1}, s.err
	}
	return pipeline.Fetched{Messages: s.message[:], Next: s.next, End: -1}, nil
}

func (s *Source) fetch(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		rec, err := s.reader.Next()
		if errors.Is(err, io.EOF) && s.next < s.from {
			return fmt.Errorf("%s: it has %d messages, but message %d is where to go on; is it another file, or cut into other batches?", s.name, s.next, s.from)
		}
		if err != nil {
			return err
		}
		offset := s.next
		s.next++
		if offset < s.from {
			continue
		}
		if s.buffer, err = arrowipc.Encode(s.buffer[:0], rec, arrowipc.Uncompressed); err != nil {
			return fmt.Errorf("%s: message %d: %w", s.name, offset, err)
		}
		s.message[0] = pipeline.Message{Offset: offset, Value: s.buffer}
		return nil
	}
}

// Close closes the reader.
func (s *Source) Close() error { return s.reader.Close() }
