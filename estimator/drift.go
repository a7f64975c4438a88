package estimator

import "math"

// detector watches the residuals of a model that has arrived, each as it was before its row was learned, and raises an alarm when they are no longer what they
// were. With s the scale σ̂ when it began and u = (y − prediction)/s, two scores of a row are watched,
//
//	level   x = clip(u, ±2.5)      spread   min((u − μ̂ − ρ̂(x₋ − μ̂))², 9)
//
// with μ̂ and ρ̂ of the level, so that the spread is that of what the row before does not foretell. Each is centred, whitened and scaled by its own mean,
// variance and autocorrelation at lag 1 over the rows before, those of the last 65,536 counting most:
//
//	e = (x − μ̂ − ρ̂(x₋ − μ̂)) / √(v̂(1 − ρ̂²))
//
// so that neither skewed nor autocorrelated residuals look like a change. Two-sided CUSUMs S ← max(0, S ± e − k) run over both: two over the level, which find
// large changes from row to row, and four over the spread. Small changes of the level, jumps and ramps, are found by the likelihood ratios of [windows]. A
// coefficient's score e·zⱼ is summed over 16 rows and divided by the root of the sum of its squares, which a change of the spread of z or e does not move, and
// two CUSUMs run over these.
//
// Spikes are outliers, not alarms: a row counts less from |u| = 4 on, and from 6 on not at all. What is out there is counted by itself: only when most rows
// are for a while is that an alarm, since they are then not spikes but the new level, or the new spread.
//
// The thresholds are such that all of it together raises less than one false alarm in a million rows; docs/measured/drift.md has the figures.
//
// References: E. S. Page, Continuous inspection schemes, Biometrika 41 (1954); D. Siegmund, Sequential Analysis (1985), 2.52; G. Lorden, Ann. Math. Statist. 42
// (1971), on CUSUMs side by side; P. J. Huber, Robust Statistics (1981), 10.3, on tests with clipped scores.
type detector struct {
	rows uint64 // seen, of the stream
	hold uint64 // rows that are left out after an alarm, while the model recovers

	alarm  Alarm // the last one
	counts [alarmKinds]uint64
	raised bool // in this block

	*monitor // nil: not begun
}

// monitor is what the detector knows of the residuals since it has begun.
type monitor struct {
	scale, perScale float64 // s
	level, spread   channel
	windows         windows // of the level
	out             farOut
	slopes          slopes
	history         history
}

// The detector's blocks: of the stream, however it is cut.
const (
	driftBlock = 16
	driftHold  = 256 // rows after an alarm that are left out

	// FreshAlarm is the number of rows for which an alarm is fresh.
	FreshAlarm = 1000
)

// AlarmKind says what has changed.
type AlarmKind uint8

// The kinds of alarms.
const (
	AlarmJump     AlarmKind = iota // the level or a coefficient, at once
	AlarmSlope                     // the level, little by little
	AlarmVariance                  // the spread of the residuals
	alarmKinds
)

// String is the kind's name in update records, metrics and logs.
func (k AlarmKind) String() string { return [...]string{"jump", "slope", "variance"}[k] }

// Alarm of the detector.
type Alarm struct {
	Kind    AlarmKind
	Row     uint64  // learned rows up to it, that of the alarm included; 0: there was none
	Time    float64 // event time of that row in seconds since the epoch; NaN: not known
	Feature int     // index of the coefficient that has changed; -1: the level, or the spread
	Size    float64 // jump and slope: how far the residuals have moved, in σ̂; a coefficient: per robust standard deviation of its feature; variance: new standard deviation/old
}

func newDetector() *detector {
	return &detector{alarm: Alarm{Time: math.NaN(), Feature: -1}}
}

// newMonitor of residuals of such a scale.
func newMonitor(scale float64, features int) *monitor {
	scale = max(scale, smallestScale)
	m := &monitor{
		scale: scale, perScale: 1 / scale, level: newChannel(levelChains), windows: newWindows(), spread: newChannel(spreadChains), slopes: newSlopes(features),
	}
	m.out.renew()
	return m
}

// room is the number of rows that are left of the block.
func (d *detector) room() int { return driftBlock - int(d.rows%driftBlock) }

// open a block, or go on with it, before its rows are learned. The solver's basis changes with the last row of a block at most.
func (d *detector) open(s adaptive, t *tile) {
	if d.rows%driftBlock == 0 {
		d.raised = false
		if d.monitor == nil && d.hold == 0 && s.settled() {
			d.monitor = newMonitor(s.residualScale(), t.d)
		}
	}
	if d.monitor != nil {
		if d.rows%driftBlock == 0 {
			d.windows.within(min(s.memory(), d.level.n/2))
		}
		d.slopes.standardiseBy(s.basisNow())
		if t.trend.given() && t.features < d.slopes.watched {
			d.slopes.scale[t.features], d.slopes.perScale[t.features] = 0, 0 // the time runs away, and takes its origin along
		}
	}
}

// watch the rows of a tile, which are of one block: all at once, unless one of them may raise an alarm, which is then to have its row.
func (d *detector) watch(t *tile) {
	if d.monitor == nil {
		d.skip(t.n)
		return
	}
	if t.n > 1 && d.watchRows(t, 0, t.n) {
		d.rows += uint64(t.n)
	} else {
		for i := range t.n {
			d.rows++
			d.watchRows(t, i, i+1)
			if !d.raised && (d.level.over || d.out.sum >= d.out.threshold) {
				d.raise(t.timeOf(i))
			}
		}
	}
	if d.rows%driftBlock == 0 {
		d.endBlock(t.timeOf(t.n - 1))
	}
}

// skip rows that are not watched.
func (d *detector) skip(n int) {
	d.rows += uint64(n)
	if d.rows%driftBlock == 0 {
		d.hold -= min(d.hold, driftBlock)
	}
}

// smallestScale of residuals: of an exact fit.
const smallestScale = 1e-290

const (
	levelClip            = 2.5
	spreadClip           = 9
	innermost, outermost = 4, 6 // |u| from which a row counts less, and not at all
	beyond               = 5    // |u| that is out
)

// endBlock looks at what is summed over blocks, and renews what stands still within one. After an alarm all begins anew.
func (d *detector) endBlock(time float64) {
	if d.level.weights == 0 && d.out.count == 0 {
		return // all its rows were stale
	}
	d.slopes.endBlock()
	d.spread.endChains()
	score := d.level.blockScore()
	over := d.windows.slide(score, &d.history)
	if !d.raised && (over || d.level.over || d.slopes.over || d.spread.over) && max(d.exceeded(), d.blockExceeded()) >= 1 {
		d.raise(time)
	}
	if d.raised {
		d.monitor, d.hold = nil, driftHold
		return
	}
	d.history.endBlock(score)
	if d.level.measured() {
		d.spread.endBlock()
	} else {
		d.spread.forgetBlock() // its score is of what the level's autocorrelation leaves
	}
	d.level.endBlock()
	d.out.endBlock()
}

// report what was found. A nil detector finds nothing.
func (d *detector) report(features []string) Drift {
	if d == nil {
		return Drift{Statistic: math.NaN(), LastAlarmRow: -1, LastAlarmTime: math.NaN(), Size: math.NaN()}
	}
	r := Drift{Statistic: d.statistic(), LastAlarmRow: -1, LastAlarmTime: d.alarm.Time, Size: math.NaN(), Counts: d.counts}
	if d.alarm.Row == 0 {
		return r
	}
	r.LastAlarmRow, r.Alarm = int64(d.alarm.Row), d.age() < FreshAlarm
	r.Kind, r.Size = d.alarm.Kind.String(), d.alarm.Size
	if d.alarm.Feature >= 0 {
		r.Feature = features[d.alarm.Feature]
	}
	return r
}

// age of the last alarm in rows.
func (d *detector) age() uint64 { return d.rows - d.alarm.Row }

func (d *detector) copy(features int) *detector {
	var e encoder
	d.appendState(&e)
	out := newDetector()
	out.restoreState(&decoder{in: e.out}, features)
	return out
}
