package pipeline

import (
	"context"
	"time"
)

// fetcher runs Fetch beside the fit, one run ahead: while the shard works on one run of messages the Source waits for the broker. A Source's bytes are
// valid until its next Fetch, so that call waits until the shard is done with the last run; Sources that prefetch keep buffers of their own.
type fetcher struct {
	source  Source
	runs    chan fetched
	next    chan struct{} // the shard is done with the last run
	holding bool          // the shard has a run that it is not done with
	clock   *time.Ticker  // wakes the shard when there is nothing to fetch; nil: never
	cancel  context.CancelFunc
	done    chan struct{}
}

type fetched struct {
	run Fetched
	err error
}

// startFetcher with a clock that ticks every so often; 0: no clock.
func startFetcher(ctx context.Context, source Source, every time.Duration) *fetcher {
	ctx, cancel := context.WithCancel(ctx)
	f := &fetcher{source: source, runs: make(chan fetched), next: make(chan struct{}), cancel: cancel, done: make(chan struct{})}
	if every > 0 {
		f.clock = time.NewTicker(every)
	}
	go f.loop(ctx)
	return f
}

func (f *fetcher) loop(ctx context.Context) {
	defer close(f.done)
	for {
		run, err := f.source.Fetch(ctx)
		select {
		case f.runs <- fetched{run, err}:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
		select {
		case <-f.next:
		case <-ctx.Done():
			return
		}
	}
}

// stop waits until the source is closed and no goroutine is left.
func (f *fetcher) stop() error {
	f.cancel()
	<-f.done
	if f.clock != nil {
		f.clock.Stop()
	}
	return f.source.Close()
}

// release the run that the shard held, so that the source may fetch the next.
func (f *fetcher) release() {
	if !f.holding {
		return
	}
	f.holding = false
	select {
	case f.next <- struct{}{}:
	case <-f.done:
	}
}

func (f *fetcher) ticks() <-chan time.Time {
	if f.clock == nil {
		return nil
	}
	return f.clock.C
}

// questions of those who look on, which are answered between two runs of messages.
func (s *Shard) questions() <-chan func(*Shard) {
	if s.keys == nil {
		return nil
	}
	return s.keys.asks
}

// fetch waits for the next run of messages, or for the clock: then the run is empty and only what time decides is due.
func (s *Shard) fetch(ctx context.Context) (Fetched, error) {
	defer s.metrics.time(stageFetch, time.Now())
	s.fetcher.release()
	select {
	case got := <-s.fetcher.runs:
		s.fetcher.holding = got.err == nil
		s.lost += uint64(got.run.Lost) // before the run's first message
		s.metrics.lose(got.run.Lost)
		return got.run, got.err
	case <-s.fetcher.ticks():
		return Fetched{Next: s.position, End: -1}, nil
	case ask := <-s.questions():
		ask(s)
		return Fetched{Next: s.position, End: -1}, nil
	case <-s.shipper.failed:
		return Fetched{}, s.shipper.err
	case <-ctx.Done():
		return Fetched{}, ctx.Err()
	}
}
