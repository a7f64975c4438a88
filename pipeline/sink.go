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

// Shipment is what leaves a shard together: what its rows gave, and the state that has learned them.
type Shipment struct {
	DeadLetters, Updates, State []Record
	Position                    int64 // that the state has learned up to, for the group
}

// Transactor makes one thing of a shipment: whoever reads committed records sees all of it or nothing, and sees it once.
type Transactor interface {
	// Begin shuts earlier owners of the shard out: what they have not committed is void, and what they try from now on is ErrFenced. The state is read after it.
	Begin(ctx context.Context) error
	// Commit returns when the shipment is committed. After an error, ErrFenced or another, it is not known whether it is: the shard must begin again.
	Commit(ctx context.Context, s Shipment) error
}
