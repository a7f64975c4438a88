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
	// Replay calls each for every record from the partition's beginning to the end it had when Replay was called.
	Replay(ctx context.Context, each func(offset int64, r Record) error) error
	Sink
}
