package pipeline

// fitKeys is fit for a shard with many models: the rows of each record batch go to the models of their keys.
func (s *Shard) fitKeys(m *Message, batches []rows) error {
	begin := s.sample()
	defer func() { s.metrics.sampled(stageFit, begin) }()
	bad := badRows{message: m}
	for i := range batches {
		b := &batches[i]
		split := s.keys.splitBatch(b, m, s.cfg.Model.columnOfKeys())
		for _, r := range split.refused {
			s.keys.refused[r.why]++
			if err := s.treat(&bad, r.row, keyFaults[r.why], s.keyPolicy); err != nil {
				return err
			}
		}
		for g := range split.groups {
			if err := s.fitGroup(b, &split.groups[g], &bad); err != nil {
				return err
			}
		}
		s.advanceClock(b)
		bad.first += b.Rows
	}
	return nil
}

// fitGroup predicts, then learns, the rows of one key in order.
func (s *Shard) fitGroup(b *rows, g *keyGroup, bad *badRows) error {
	if err := s.keys.wake(g.key); err != nil {
		return err
	}
	columns := b.Columns
	columns.Pick = g.pick
	before, alarms := g.key.model.Rows(), g.key.model.Alarms()
	s.skipped = g.key.model.Learn(s.skipped[:0], columns)
	s.sayDrift(g.key.model, alarms, g.key.name)
	g.key.eventTime = b.latest(g.key.eventTime, g.pick)
	s.keys.learned(g.key, before)
	return s.treatAll(bad, s.skipped)
}
