package pipeline

import (
	"context"
	"errors"
	"io"

	"github.com/streamfit/streamfit/estimator"
)

// Score predicts every row of a source, which it closes, by the model as Run has left it, and learns none of them. Each is called with them run by run,
// and the rows that could not have been learned from are counted by reason. It is for use after Run has returned.
func (s *Shard) Score(ctx context.Context, source Source, each func(estimator.Predicted)) (skipped [estimator.Reasons]uint64, err error) {
	defer func() { err = errors.Join(err, source.Close()) }()
	for {
		run, err := source.Fetch(ctx)
		if errors.Is(err, io.EOF) {
			return skipped, nil
		}
		if err != nil {
			return skipped, err
		}
		for i := range run.Messages {
			if err := s.score(&skipped, &run.Messages[i], each); err != nil {
				return skipped, err
			}
		}
	}
}

func (s *Shard) score(skipped *[estimator.Reasons]uint64, m *Message, each func(estimator.Predicted)) error {
	if m.Value == nil { // a tombstone
		return nil
	}
	batches, err := s.tryDecode(m.Value)
	if err != nil {
		return &DecodeError{Partition: s.partition, Offset: m.Offset, Err: err}
	}
	for i := range batches {
		s.skipped = s.model.Score(s.skipped[:0], batches[i].Columns, each)
		for _, skip := range s.skipped {
			skipped[skip.Reason]++
		}
	}
	return nil
}
