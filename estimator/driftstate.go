package estimator

import "math"

func (d *detector) appendState(e *encoder) {
	e.word(d.rows)
	e.word(d.hold)
	e.alarm(&d.alarm)
	for _, n := range d.counts {
		e.word(n)
	}
	e.word(truth(d.raised))
	e.word(truth(d.monitor != nil))
	if d.monitor != nil {
		d.monitor.appendState(e)
	}
}

func (d *monitor) appendState(e *encoder) {
	e.float(d.scale)
	d.level.appendState(e)
	e.floats(d.windows.sum[:]...)
	e.floats(d.windows.first[:]...)
	e.word(uint64(d.windows.used))
	d.spread.appendState(e)
	o := &d.out
	e.floats(o.n, o.rate, o.sum, o.in, o.above, o.count, o.far)
	e.float(d.slopes.n)
	for j := range d.slopes.watched {
		for _, v := range d.slopes.state(j) {
			e.float(*v)
		}
	}
	e.floats(d.history.last[:]...)
	e.word(d.history.rows)
	e.floats(d.history.blocks[:]...)
	e.word(d.history.n)
}

func (e *encoder) alarm(a *Alarm) {
	known, time := truth(isFinite(a.Time)), a.Time
	if known == 0 {
		time = 0
	}
	e.word(uint64(a.Kind))
	e.word(a.Row)
	e.word(known)
	e.float(time)
	e.word(uint64(a.Feature + 1))
	e.float(a.Size)
}

func (c *channel) appendState(e *encoder) {
	e.floats(c.n, c.mean, c.square, c.product, c.before, c.sum, c.squares, c.products, c.weights, c.whitened)
	chains := len(c.chains)
	e.floats(c.up[:chains]...)
	e.floats(c.down[:chains]...)
	e.floats(c.run[:]...)
}

func (d *detector) restoreState(in *decoder, features int) {
	d.rows, d.hold = in.word(), in.word()
	in.alarm(&d.alarm, features)
	for i := range d.counts {
		d.counts[i] = in.word()
	}
	d.raised = in.word() == 1
	if d.monitor = nil; in.word() == 1 {
		d.monitor = newMonitor(in.float(), features)
		d.monitor.restoreState(in)
	}
}

func (d *monitor) restoreState(in *decoder) {
	if !(d.scale > 0) {
		in.fail("residuals of scale %v", d.scale)
	}
	d.level.restoreState(in)
	in.bounded(d.windows.sum[:], 1e6)
	in.bounded(d.windows.first[:], 1e6)
	if d.windows.used = int(in.word()); d.windows.used < 0 || d.windows.used > windowCount {
		in.fail("%d windows", d.windows.used)
		d.windows.used = 0
	}
	d.spread.restoreState(in)
	o := &d.out
	for _, v := range [...]*float64{&o.n, &o.rate, &o.sum, &o.in, &o.above, &o.count, &o.far} {
		*v = in.within(0, channelRows)
	}
	o.renew()
	d.slopes.n = in.within(0, slopeBlocks)
	for j := range d.slopes.watched {
		for _, v := range d.slopes.state(j) {
			*v = in.within(-1e6, 1e6)
		}
	}
	in.bounded(d.history.last[:], 1e6)
	d.history.rows = in.word()
	in.bounded(d.history.blocks[:], 1e6)
	d.history.n = in.word()
}

// state of a coefficient.
func (s *slopes) state(j int) [8]*float64 {
	return [...]*float64{&s.Sum[j], &s.Squares[j], &s.Mean[j], &s.Recent[j], &s.Up[j], &s.Up2[j], &s.Down[j], &s.Down2[j]}
}

func (d *decoder) alarm(a *Alarm, features int) {
	kind := d.word()
	a.Row = d.word()
	known, time := d.word(), d.float()
	if a.Time = time; known == 0 {
		a.Time = math.NaN()
	}
	feature := d.word()
	a.Size = d.float()
	if kind >= uint64(alarmKinds) || feature > uint64(features) {
		d.fail("an alarm of kind %d, of feature %d", kind, feature)
		return
	}
	a.Kind, a.Feature = AlarmKind(kind), int(feature)-1
}

// within bounds.
func (d *decoder) within(low, high float64) float64 {
	v := d.float()
	if !(v >= low && v <= high) {
		d.fail("a number of %v", v)
		return low
	}
	return v
}

func (c *channel) restoreState(d *decoder) {
	c.n = d.within(0, channelRows)
	for _, v := range [...]*float64{&c.mean, &c.square, &c.product, &c.before, &c.sum, &c.squares, &c.products} {
		*v = d.within(-1e6, 1e6)
	}
	c.weights, c.whitened = d.within(0, driftBlock), d.within(-1e6, 1e6)
	chains := len(c.chains)
	d.bounded(c.up[:chains], 1e9)
	d.bounded(c.down[:chains], 1e9)
	d.bounded(c.run[:], 0x1p53)
	c.renew()
	share, _ := c.evidence()
	c.over = share >= 1
}
