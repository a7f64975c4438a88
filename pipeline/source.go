package pipeline

import "context"

// Message is one record of an input partition: its coordinates and the Arrow IPC stream it carries.
type Message struct {
	Offset  int64
	Time    int64  // Unix milliseconds that the producer or the broker gave it
	Key     []byte // nil: none
	Value   []byte // one self-contained Arrow IPC stream; nil: a tombstone
	Headers []Header
}

// Header of a record.
type Header struct {
	Key   string
	Value []byte
}

// Fetched is a run of messages of one partition, in order. The bytes it refers to are valid until the next Fetch.
type Fetched struct {
	Messages []Message
	Next     int64 // the position after the run: past holes of compaction, control records and aborted records
	Lost     int64 // offsets that were deleted before they could be fetched, and are passed over because the configuration accepts it
	End      int64 // the partition's end as the broker last said; End − Next is the lag. -1: unknown
}

// Source wraps Fetch, which hands out what one input partition holds, from the position it was opened at.
//
// Fetch blocks until there is at least one message or the position has moved past records that are no rows (then Messages is empty and Next
// larger than before). io.EOF says that the input has ended for good, as files do and partitions never. After any other error the Source
// is of no use and must be closed.
type Source interface {
	Fetch(ctx context.Context) (Fetched, error)
	Close() error
}
