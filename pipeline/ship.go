package pipeline

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// shipment is what leaves the shard together after a run of messages. Its bytes are its own.
type shipment struct {
	letters    []Record
	updates    []Record
	states     []Record // of keys
	fresh      []string // keys that are new
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

	told      int64        // the position that the group has last taken
	confirmed time.Time    // and when
	announced int          // announcements of keys
	doing     atomic.Value // string: what is being written
}

// startShipper outlives ctx by the shutdown timeout, so that what a stopping shard still has to say gets out.
func startShipper(ctx context.Context, s *Shard) *shipper {
	free, cancel := context.WithCancel(context.WithoutCancel(ctx))
	h := &shipper{shard: s, ctx: free, cancel: cancel, in: make(chan shipment, 1), failed: make(chan struct{}), done: make(chan struct{}), told: s.position, confirmed: s.opened}
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
	if err := h.announce(load.fresh); err != nil {
		return err
	}
	if h.shard.ports.Transactor != nil {
		return h.commit(load)
	}
	if err := h.confirm(); err != nil {
		return err
	}
	if err := h.send(h.shard.ports.DeadLetters, "dead letters", load.letters); err != nil {
		return err
	}
	if err := h.publish(load); err != nil {
		return err
	}
	if err := h.saveKeys(load); err != nil {
		return err
	}
	return h.save(load)
}

// commit all of a shipment, or nothing of it.
func (h *shipper) commit(load shipment) error {
	s := h.shard
	h.doing.Store("transaction")
	defer s.metrics.time(stageCheckpoint, time.Now())
	err := s.ports.Transactor.Commit(h.ctx, Shipment{
		DeadLetters: load.letters, Updates: load.updates, Position: load.position,
		State: append(load.states, Record{Key: stateKey(s.cfg.Model.Name, s.epoch), Value: load.checkpoint}),
	})
	if err != nil {
		return fmt.Errorf("commit %s at position %d: %w", s.partition, load.position, err)
	}
	s.metrics.checkpointed(load.position)
	return nil
}

// confirm that the partition is still this process's, when so much time has passed that the group may have given it away: a process that was asleep must not
// publish what its successor has long gone beyond. Only a transaction closes the last gap, the one between this question and the write.
func (h *shipper) confirm() error {
	s := h.shard
	if s.ports.Commit == nil || time.Since(h.confirmed) < s.cfg.Kafka.SessionTimeout/2 {
		return nil
	}
	for giveUp := time.Now().Add(s.cfg.Kafka.SessionTimeout / 2); ; {
		err := h.tell(h.told)
		if err == nil || errors.Is(err, ErrFenced) {
			return err
		}
		if !time.Now().Before(giveUp) || h.ctx.Err() != nil {
			return fmt.Errorf("%w: the group did not say whether this process still has the partition, so it is asked for anew: %w", ErrFenced, err)
		}
		select { // it may be looking for its coordinator
		case <-time.After(confirmPause):
		case <-h.ctx.Done():
		}
	}
}

const confirmPause = 500 * time.Millisecond

// tell the group a position. It is for lag displays; what matters is whether the group still takes it.
func (h *shipper) tell(position int64) error {
	if err := h.shard.ports.Commit(h.ctx, position); err != nil {
		return fmt.Errorf("commit %s at position %d: %w", h.shard.partition, position, err)
	}
	h.told, h.confirmed = position, time.Now()
	return nil
}

// announce new keys before anything of them leaves.
func (h *shipper) announce(fresh []string) error {
	if len(fresh) > 0 {
		h.doing.Store("announcement of keys")
	}
	h.announced++
	return h.shard.ports.Registry.announce(h.ctx, h.shard.partition, h.shard.epoch, h.announced, fresh)
}

// saveKeys writes keys' records before the checkpoint that says that they are there.
func (h *shipper) saveKeys(load shipment) error {
	defer h.shard.metrics.time(stageCheckpoint, time.Now())
	return h.send(h.shard.ports.Store, "states of keys", load.states)
}

func (h *shipper) publish(load shipment) error {
	defer h.shard.metrics.time(stagePublish, time.Now())
	return h.send(h.shard.ports.Output, "updates", load.updates)
}

func (h *shipper) send(sink Sink, what string, records []Record) error {
	if sink == nil || len(records) == 0 {
		return nil
	}
	h.doing.Store(what)
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
	h.doing.Store("checkpoint")
	defer s.metrics.time(stageCheckpoint, time.Now())
	if err := s.ports.Store.Write(h.ctx, Record{Key: stateKey(s.cfg.Model.Name, s.epoch), Value: load.checkpoint}); err != nil {
		return fmt.Errorf("checkpoint of %s at position %d: %w", s.partition, load.position, err)
	}
	s.metrics.checkpointed(load.position)
	if s.ports.Commit == nil {
		return nil
	}
	err := h.tell(load.position)
	if err != nil && !errors.Is(err, ErrFenced) { // the state topic is what counts
		s.log.Debug().Err(err).Msg("could not commit the position for lag displays")
		return nil
	}
	return err
}

// ship hands over what waits to leave.
func (h *shipper) ship(load shipment) error {
	if len(load.letters) == 0 && len(load.updates) == 0 && len(load.states) == 0 && load.checkpoint == nil {
		return nil
	}
	if k := h.shard.keys; k != nil {
		load.fresh, k.fresh = k.fresh, nil
	}
	select {
	case h.in <- load:
		return nil
	default:
		return h.wait(load)
	}
}

// wait until what was handed over before has been taken: this is the back-pressure.
func (h *shipper) wait(load shipment) error {
	s, begin := h.shard, time.Now()
	s.board.stall(s.partition, &h.doing)
	defer func() {
		s.board.move(s.partition)
		s.metrics.stalled(begin)
	}()
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
