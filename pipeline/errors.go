package pipeline

import (
	"errors"
	"fmt"
	"strings"
)

// Partition of an input topic. Replay's partitions are files: the topic is the file's name and the ID is 0.
type Partition struct {
	Topic string
	ID    int
}

func (p Partition) String() string { return fmt.Sprintf("%s/%d", p.Topic, p.ID) }

// DecodeError is a message that is no Arrow IPC stream with the columns asked for.
type DecodeError struct {
	Partition Partition
	Offset    int64
	Err       error
}

func (e *DecodeError) Error() string {
	return fmt.Sprintf("topic %s, partition %d, offset %d: cannot decode the message: %v", e.Partition.Topic, e.Partition.ID, e.Offset, e.Err)
}

// Unwrap gives the decoder's error.
func (e *DecodeError) Unwrap() error { return e.Err }

// RowError is a row that cannot be learned from, where the configuration says that this is fatal.
type RowError struct {
	Partition Partition
	Offset    int64
	Row       int // within the message, from 0
	Reason    string
}

func (e *RowError) Error() string {
	setting, _, _ := strings.Cut(e.Reason, "_") // key_null, key_long, … are all of key
	return fmt.Sprintf("topic %s, partition %d, offset %d, row %d: the row cannot be learned from (%s), and input.bad_rows.%s is fail",
		e.Partition.Topic, e.Partition.ID, e.Offset, e.Row, e.Reason, setting)
}

// ErrFenced ends a shard that another owner has taken over, or whose transaction the broker has given up. What it has not recorded is void: whoever has the
// partition next goes on from the newest checkpoint.
var ErrFenced = errors.New("the partition has another owner now")

// Errors of restoring a shard.
var (
	// ErrState is a state topic that does not hold what this shard can go on from.
	ErrState = errors.New("the state topic does not fit this run")
	// ErrCheckpoint is a state record whose bytes are damaged or not a checkpoint.
	ErrCheckpoint = errors.New("not a checkpoint")
)
