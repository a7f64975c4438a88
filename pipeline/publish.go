package pipeline

import (
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"time"

	"github.com/streamfit/streamfit/estimator"
)

// An update is a function of the rows before its position and of the configuration, of nothing else: not of the clock, nor of what was published
// before, nor of how the rows were cut into messages. That is why it needs no transaction, though it can have one: whoever publishes it again, after a crash or as a zombie,
// publishes the same bytes. Two of its fields have to be defined with care for that: seq counts the intervals of output.every_rows rows, and
// loss.since_last runs since the last multiple of output.every_rows, whether or not the clock called for updates in between.

// publish makes the update that is due: by rows when their number has passed a multiple of output.every_rows, by the clock when there is something
// new, here or of a peer, and at the end.
func (s *Shard) publish() error {
	if s.keys != nil {
		return s.publishKeys()
	}
	if s.model == nil {
		return nil
	}
	learned := s.model.Rows().Learned
	every := s.interval()
	byRows := s.cfg.Output.EveryRows > 0 && learned/every != s.learned/every
	byClock := s.cfg.Output.Every > 0 && time.Since(s.publishedAt) >= s.cfg.Output.Every
	s.learned = learned
	switch {
	case s.position == s.published && !s.peers.news():
		return nil
	case byRows || byClock || s.closing:
		return s.announce()
	case s.board.wants(s.partition, learned):
		u, err := s.update()
		if err != nil {
			return err
		}
		s.board.show(s.partition, u)
	}
	return nil
}

// announce puts the update on its way: it leaves with the next shipment.
func (s *Shard) announce() error {
	u, err := s.update()
	if err != nil {
		return err
	}
	s.published, s.publishedAt = s.position, time.Now()
	at := u.Position[s.partition.Topic]
	if maps.Equal(at, s.announced) { // by an earlier owner, whose checkpoint says so
		return nil
	}
	s.announced = at
	value, err := json.Marshal(u)
	if err != nil {
		return fmt.Errorf("update of model %s: %w", s.cfg.Model.Name, err)
	}
	s.metrics.update(u)
	s.board.show(s.partition, u)
	if s.ports.Output != nil {
		s.hold(&s.updates, Record{Key: []byte(s.cfg.Model.Name), Value: value})
	}
	return nil
}

// update of the model as it stands: this shard's, merged with its peers' where it speaks for them.
func (s *Shard) update() (*Update, error) {
	u := s.describe(s.model.Report())
	u.DeadLetters, u.LostOffsets = s.deadLetters, s.lost
	u.Position = map[string]map[string]int64{s.partition.Topic: {strconv.Itoa(s.partition.ID): s.position}}
	if s.eventTime != nil {
		u.EventTime = formatEventTime(*s.eventTime)
	}
	return s.peers.merge(s.model, u)
}

// describe a report under the model's name.
func (s *Shard) describe(r estimator.Report) *Update {
	u := newUpdate(s.cfg.Model.Name, r)
	u.Trend = trendUpdate(r.Trend, s.cfg.Model.Trend.Unit)
	if s.cfg.Output.Intervals == IntervalsSequence {
		u.addSequences(r)
	}
	u.Seq = (u.Rows.Learned + s.interval() - 1) / s.interval()
	return &u
}

// interval in rows that seq counts and since_last runs over; the default stands in where only the clock publishes.
func (s *Shard) interval() uint64 {
	if every := s.cfg.Output.EveryRows; every > 0 {
		return uint64(every)
	}
	return defaultEveryRows
}

const defaultEveryRows = 10_000
