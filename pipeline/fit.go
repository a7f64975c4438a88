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
	begin := s.sample()
	defer func() { s.metrics.sampled(stageFit, begin) }()
	first, copied := 0, false
	for i := range batches {
		b := &batches[i]
		s.skipped = s.model.Learn(s.skipped[:0], b.Columns)
		for _, skip := range s.skipped {
			row := &RowError{Partition: s.partition, Offset: m.Offset, Row: first + skip.Row, Reason: skip.Reason.String()}
			switch s.policy[skip.Reason] {
			case policyFail:
				return row
			case policyDeadLetter:
				if !copied {
					s.hold(&s.letters, deadLetter(s.partition, s.cfg.Model.Name, stageFit, row.Reason, m, row))
					copied = true
				}
			}
		}
		s.advanceClock(b)
		first += b.Rows
	}
	return nil
}

// advanceClock moves the event time to the latest of the rows.
func (s *Shard) advanceClock(b *rows) {
	latest := math.Inf(-1)
	for i, t := range b.times.Values {
		if t > latest && (b.times.Valid == nil || b.times.Valid[i/8]>>(i%8)&1 == 1) && !math.IsInf(t, 0) {
			latest = t
		}
	}
	if !math.IsInf(latest, -1) && (s.eventTime == nil || latest > *s.eventTime) {
		s.eventTime = &latest
	}
}

// policies by reason, with the default filled in.
func policies(b BadRows) (p [3]string) {
	p[estimator.ReasonNull], p[estimator.ReasonNonFinite], p[estimator.ReasonWeight] = b.Null, b.NonFinite, b.Weight
	for i := range p {
		if p[i] == "" {
			p[i] = policySkip
		}
	}
	return p
}
