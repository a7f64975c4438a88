package pipeline

import "context"

// Record is what goes out: to the output topic, the dead letters or the state topic.
type Record struct {
	Key     []byte
	Value   []byte // nil: a tombstone
	Headers []Header
	Time    int64 // Unix milliseconds; 0: now
}

// Sink wraps Write, which returns once all replicas have acknowledged every record, or with the error of the first that was not. Records that
// were acknowledged before the error stay written: writing again may double them.
type Sink interface {
	Write(ctx context.Context, records ...Record) error
}

// StateLog is one partition of the compacted state topic.
type StateLog interface {
	// Replay calls each for every record from an offset (0: the partition's beginning) to the end that the partition had when Replay was called, and
	// returns that end: where a later Replay goes on.
	Replay(ctx context.Context, from int64, each func(offset int64, r Record) error) (end int64, err error)
	Sink
}
