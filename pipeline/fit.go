package pipeline

import (
	"math"

	"github.com/streamfit/streamfit/estimator"
)

// The policies for rows that cannot be learned from.
const (
	policySkip       = "skip"
	policyDeadLetter = "dead_letter"
	policyFail       = "fail"
)

// fit predicts, then learns, every row of the message in order. Rows that cannot be learned from are counted by the model, and dealt with here as
// the configuration says for their reason.
func (s *Shard) fit(m *Message, batches []rows) error {
	if s.keys != nil {
		return s.fitKeys(m, batches)
	}
	begin := s.sample()
	defer func() { s.metrics.sampled(stageFit, begin) }()
	bad := badRows{message: m}
	for i := range batches {
		b := &batches[i]
		before := s.model.Alarms()
		s.skipped = s.model.Learn(s.skipped[:0], b.Columns)
		s.sayDrift(s.model, before, "")
		if err := s.treatAll(&bad, s.skipped); err != nil {
			return err
		}
		s.advanceClock(b)
		bad.first += b.Rows
	}
	return nil
}

// badRows of a message on the way: where its batch at hand begins, and whether it is a dead letter already.
type badRows struct {
	message *Message
	first   int
	copied  bool
}

// treatAll rows that a model has skipped as their policies say.
func (s *Shard) treatAll(bad *badRows, skipped []estimator.Skipped) error {
	for _, skip := range skipped {
		if err := s.treat(bad, skip.Row, skip.Reason.String(), s.policy[skip.Reason]); err != nil {
			return err
		}
	}
	return nil
}

// treat a row that cannot be learned from as a policy says.
func (s *Shard) treat(bad *badRows, row int, reason, policy string) error {
	if policy == policySkip {
		return nil
	}
	fault := &RowError{Partition: s.partition, Offset: bad.message.Offset, Row: bad.first + row, Reason: reason}
	if policy == policyFail {
		return fault
	}
	if !bad.copied {
		s.hold(&s.letters, deadLetter(s.partition, s.cfg.Model.Name, stageFit, reason, bad.message, fault))
		s.metrics.deadLetter(reason)
		bad.copied = true
	}
	return nil
}

// advanceClock moves the event time to the latest of the rows. A time that no date can show, as a damaged one, would stop the clock for good: it moves nothing.
func (s *Shard) advanceClock(b *rows) {
	latest := math.Inf(-1)
	for i, t := range b.times.Values {
		if t > latest && (b.times.Valid == nil || b.times.Valid[i/8]>>(i%8)&1 == 1) && isDate(t) {
			latest = t
		}
	}
	if !math.IsInf(latest, -1) && (s.eventTime == nil || latest > *s.eventTime) {
		s.eventTime = &latest
	}
}

// policies by reason, with the default filled in.
func policies(b BadRows) (p [estimator.Reasons]string) {
	p[estimator.ReasonNull], p[estimator.ReasonNonFinite], p[estimator.ReasonWeight], p[estimator.ReasonRange] = b.Null, b.NonFinite, b.Weight, b.Range
	for i := range p {
		if p[i] == "" {
			p[i] = policySkip
		}
	}
	return p
}
