package pipeline

import "fmt"

// ParseCheckpoint reads the value of a state record that is a checkpoint, for whoever looks into the state topic from outside. The snapshot refers to b.
func ParseCheckpoint(b []byte) (*Checkpoint, error) { return parseCheckpoint(b) }

// KeyState is what a state record says of the model of one key (model.scope key).
type KeyState struct {
	Key      string
	Epoch    uint64 // of the owner that wrote it; the highest wins, and within it the later record
	Position int64  // rows of messages before it have been learned
	Learned  uint64 // rows
	State    []byte // of the model, as estimator.Linear.AppendState gives it
}

// ParseKeyState reads a state record, for whoever looks into the state topic from outside; nil if it is no key's record of this model, or a tombstone. The state refers
// to r.Value.
func ParseKeyState(r Record, model string) (*KeyState, error) {
	name, epoch, ok := parseKeyStateKey(r.Key, model)
	if !ok || r.Value == nil {
		return nil, nil
	}
	c, err := parseKeyCheckpoint(r.Value)
	if err != nil {
		return nil, fmt.Errorf("key %q: %w", name, err)
	}
	return &KeyState{Key: name, Epoch: epoch, Position: c.position, Learned: c.learned, State: c.state}, nil
}
