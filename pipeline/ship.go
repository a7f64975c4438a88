package pipeline

import (
	"context"
	"fmt"
	"time"
)

// shipment is what leaves the shard together after a run of messages. Its bytes are its own.
type shipment struct {
	letters    []Record
	updates    []Record
	checkpoint []byte
	position   int64 // of the checkpoint
}

// shipper writes shipments in order beside the fit, one at a time: waiting for acknowledgements costs the fit nothing, and a slow broker holds the
// shard back instead of filling memory.
type shipper struct {
	shard  *Shard
	ctx    context.Context
	cancel context.CancelFunc
	in     chan shipment
	failed chan struct{} // closed after the first error
	done   chan struct{}
	err    error
}

// startShipper outlives ctx by the shutdown timeout, so that what a stopping shard still has to say gets out.
func startShipper(ctx context.Context, s *Shard) *shipper {
	free, cancel := context.WithCancel(context.WithoutCancel(ctx))
	h := &shipper{shard: s, ctx: free, cancel: cancel, in: make(chan shipment, 1), failed: make(chan struct{}), done: make(chan struct{})}
	context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(s.cfg.Kafka.ShutdownTimeout, cancel)
		context.AfterFunc(free, func() { timer.Stop() })
	})
	go h.loop()
	return h
}

func (h *shipper) loop() {
	defer close(h.done)
	for load := range h.in {
		if h.err = h.write(load); h.err != nil {
			close(h.failed)
			return
		}
	}
}

// write a dead letter before the checkpoint that passes its message, and an update before the checkpoint that passes its rows: what a crash cuts off
// is then done again, never left out.
func (h *shipper) write(load shipment) error {
	if err := h.send(h.shard.ports.DeadLetters, "dead letters", load.letters); err != nil {
		return err
	}
	if err := h.publish(load); err != nil {
		return err
	}
	return h.save(load)
}

func (h *shipper) publish(load shipment) error {
	defer h.shard.metrics.time(stagePublish, time.Now())
	return h.send(h.shard.ports.Output, "updates", load.updates)
}

func (h *shipper) send(sink Sink, what string, records []Record) error {
	if sink == nil || len(records) == 0 {
		return nil
	}
	if err := sink.Write(h.ctx, records...); err != nil {
		return fmt.Errorf("%s of %s: %w", what, h.shard.partition, err)
	}
	return nil
}

func (h *shipper) save(load shipment) error {
	if load.checkpoint == nil {
		return nil
	}
	s := h.shard
	defer s.metrics.time(stageCheckpoint, time.Now())
	if err := s.ports.Store.Write(h.ctx, Record{Key: stateKey(s.cfg.Model.Name, s.epoch), Value: load.checkpoint}); err != nil {
		return fmt.Errorf("checkpoint of %s at position %d: %w", s.partition, load.position, err)
	}
	s.metrics.checkpointed()
	if s.ports.Commit == nil {
		return nil
	}
	if err := s.ports.Commit(h.ctx, load.position); err != nil { // the state topic is what counts
		s.log.Debug().Err(err).Int64("position", load.position).Msg("could not commit the position for lag displays")
	}
	return nil
}

// ship hands over what waits to leave.
func (h *shipper) ship(load shipment) error {
	if len(load.letters) == 0 && len(load.updates) == 0 && load.checkpoint == nil {
		return nil
	}
	select {
	case h.in <- load:
		return nil
	case <-h.failed:
		return h.err
	}
}

// close waits until everything handed over has been written.
func (h *shipper) close() error {
	close(h.in)
	<-h.done
	h.cancel()
	return h.err
}
