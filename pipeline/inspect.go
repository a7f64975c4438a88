package pipeline

// ParseCheckpoint reads the value of a state record that is a checkpoint, for whoever looks into the state topic from outside. The snapshot refers to b.
func ParseCheckpoint(b []byte) (*Checkpoint, error) { return parseCheckpoint(b) }
