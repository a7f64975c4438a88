package estimator

import "math"

// history of the residuals: what an alarm's kind and size are made of.
type history struct {
	last   [driftBlock]float64 // u of the newest rows, a ring
	rows   uint64
	blocks [historyBlocks]float64 // scores of blocks, a ring of the newest
	n      uint64
}

const historyBlocks = 64

func (h *history) endBlock(score float64) {
	h.blocks[h.n%historyBlocks] = score
	h.n++
}

// exceeded is the most evidence of the CUSUMs over rows, as a share of the threshold.
func (d *detector) exceeded() float64 {
	level, _ := d.level.evidence()
	return max(level, d.windows.evidence(), d.out.sum/d.out.threshold)
}

// blockExceeded is that of the evidence which is looked at after whole blocks. What shows in the spread first may be a change of a coefficient: if there are
// signs of one, the spread waits for a few blocks more.
func (d *detector) blockExceeded() float64 {
	spread, which := d.spread.evidence()
	slopes, _ := d.slopes.evidence()
	if slopes > suspicious && slopes < 1 && d.spread.run[which] < patience {
		return slopes
	}
	return max(spread, slopes)
}

const (
	suspicious = 0.15 // share of a coefficient's threshold
	patience   = 2 * driftBlock
)

// statistic is the share of the threshold that there is evidence for; from 1 on an alarm.
func (d *detector) statistic() float64 {
	if d.monitor == nil {
		return math.NaN()
	}
	return max(d.exceeded(), d.blockExceeded())
}

// raise the alarm.
func (d *detector) raise(time float64) {
	d.raised = true
	d.alarm = d.judge()
	d.alarm.Row, d.alarm.Time, d.alarm.Size = d.rows, time, saturate(d.alarm.Size)
	d.counts[d.alarm.Kind]++
}

// The shares of a threshold from which a change of the level, or of a coefficient, explains what the spread shows.
const (
	probableLevel = 0.4
	probableSlope = 0.3
)

// judge what has changed.
func (d *detector) judge() Alarm {
	level, _ := d.level.evidence()
	level = max(level, 2*d.windows.evidence()-1) // the most of so many ratios is seldom below half a threshold
	spread, which := d.spread.evidence()
	slope, feature := d.slopes.evidence()
	switch {
	case d.out.sum >= d.out.threshold:
		if above := d.out.above / d.out.in; above > 0.1 && above < 0.9 {
			return Alarm{Kind: AlarmVariance, Feature: -1, Size: d.history.spread()}
		}
		return Alarm{Kind: AlarmJump, Feature: -1, Size: d.history.level()}
	case slope > max(level, probableSlope):
		return Alarm{Kind: AlarmJump, Feature: feature, Size: d.slopes.size(feature, &d.level)}
	case level >= min(spread, probableLevel):
		kind, size := d.shape()
		return Alarm{Kind: kind, Feature: -1, Size: size}
	default:
		now := max(0, d.spread.center+d.spread.moved(which, d.inBlock()))
		return Alarm{Kind: AlarmVariance, Feature: -1, Size: math.Sqrt(now / max(d.spread.center, 1e-6))}
	}
}

// inBlock is the number of rows of this block.
func (d *detector) inBlock() float64 { return float64((d.rows+driftBlock-1)%driftBlock + 1) }

// quick is the number of rows up to which a change is a jump, and its size the median of the newest rows.
const quick = 3 * driftBlock

// shape of the level's change: of a jump at the end of some block, and a ramp that begins there, the likelier one. With m rows since then, sum S of their
// whitened scores and A = Σ i·eᵢ, the logarithms of the likelihoods of the best jump and the best ramp are S²/2m and A²/(2Σi²). Neither says when it began: what
// is compared are their sums over all beginnings.
func (d *detector) shape() (AlarmKind, float64) {
	h, unit := &d.history, (1-d.level.rho)*d.level.perScale
	sum, rows := d.level.whitened, d.inBlock()
	first := float64(sum * rows / 2)
	jump, ramp := newBeginnings(rows, sum*sum/rows/2, sum/rows), newBeginnings(rows, 0, 0)
	for back := uint64(0); back < min(h.n, historyBlocks); back++ {
		first += float64(driftBlock * sum) // all rows are further from the beginning
		b := h.blocks[(h.n-1-back)%historyBlocks]
		first += float64(b * driftBlock / 2)
		sum, rows = sum+b, rows+driftBlock
		squares := rows * rows * rows / 3
		jump.add(rows, sum*sum/rows/2, sum/rows)
		ramp.add(rows, first*first/squares/2, first/squares)
	}
	switch {
	case jump.rows <= quick:
		return AlarmJump, h.level()
	case ramp.all() > jump.all()+rampsTakeMore:
		return AlarmSlope, ramp.move * ramp.rows / unit
	default:
		return AlarmJump, jump.move / unit
	}
}

// rampsTakeMore evidence: of a jump that is not long ago, a ramp explains most.
const rampsTakeMore = 1

// beginnings of a change: the likeliest one, and the likelihoods of all of them.
type beginnings struct {
	rows, log, move float64 // since the likeliest, the logarithm of its likelihood, and what is then moved a row
	sum             float64 // of the likelihoods, as multiples of the largest
}

func newBeginnings(rows, log, move float64) beginnings { return beginnings{rows, log, move, 1} }

func (b *beginnings) add(rows, log, move float64) {
	if log > b.log {
		b.sum *= math.Exp(b.log - log)
		b.rows, b.log, b.move = rows, log, move
	}
	b.sum += math.Exp(log - b.log)
}

// all of them, by the logarithm of their likelihood.
func (b *beginnings) all() float64 { return b.log + math.Log(b.sum) }

// newest residuals, the last one first.
func (h *history) newest() []float64 {
	var out []float64
	for back := range min(driftBlock, h.rows) {
		out = append(out, h.last[(h.rows-1-back)%driftBlock])
	}
	return out
}

// level is the median of those of the newest residuals that stand out most together, not one by one.
func (h *history) level() float64 {
	newest := h.newest()
	sum, best, rows := 0.0, 0.0, 0
	for i, u := range newest {
		sum += max(-levelClip, min(levelClip, u))
		if l := sum * sum / float64(i+1); l > best {
			best, rows = l, i+1
		}
	}
	if rows == 0 {
		return 0
	}
	return median(newest[:rows])
}

// spread is the robust standard deviation of the newest residuals.
func (h *history) spread() float64 {
	newest := h.newest()
	for i, u := range newest {
		newest[i] = math.Abs(u)
	}
	return median(newest) / madToSigma
}
