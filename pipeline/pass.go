package pipeline

import (
	"context"
	"io"
)

// again reads the input once more from its beginning, for another pass over the same rows; io.EOF says that the last pass has ended. The passes after
// the first make no updates of their own: what an update says of rows and losses is of the first pass.
func (s *Shard) again(ctx context.Context) error {
	if s.ports.Again == nil || s.model == nil {
		return io.EOF
	}
	source, err := s.ports.Again(ctx)
	if err != nil {
		return err
	}
	s.stopFetching()
	s.fetcher = startFetcher(ctx, source, s.tick())
	s.model.EndPass()
	s.published, s.announced = -1, nil // the same positions come again, and the model is another
	s.position, err = s.ports.Start(ctx)
	return err
}
