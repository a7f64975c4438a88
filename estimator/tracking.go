package estimator

import "math"

// tracking follows a model that moves, without a half-life to choose: newton solvers of several forgetting factors learn side by side, and their mean by weights
// predicts, see [mixture]. With rₖ the residual of solver k, σ̂ their common scale and ρ the Huber loss with the knee 1.345, clipped so that no spike says much, the
// weights follow the losses Σ min(ρ(rₖ/σ̂), ρ(4)) of eight rows of the stream at a time. In the warm-up they stand still.
type tracking struct {
	bank     [experts]*newton
	mix      mixture
	loss     [experts]float64 // Σ min(ρ, ρ(4)) of this block
	inBlock  int
	perScale float64 // 1/σ̂, in force in this block; 0 in the warm-up, which is the same for all
}

const (
	experts      = 4
	trackingRows = 8
	lossClip     = 4 // σ̂
)

// memories are the effective numbers of rows 1/(1 − λ) of the solvers.
var memories = [experts]float64{math.Inf(1), 5000, 1000, 200}

func newTracking(c Config) *tracking {
	s := &tracking{mix: newMixture()}
	for k, rows := range memories {
		c.HalfLife = -1 / math.Log2(1-1/rows)
		if math.IsInf(rows, 1) {
			c.HalfLife = rows
		}
		s.bank[k] = newNewton(c)
	}
	s.shareRows()
	return s
}

// shareRows of the warm-up: the first solver keeps them.
func (s *tracking) shareRows() {
	for _, n := range s.bank[1:] {
		n.rows, n.reads = s.bank[0].rows, true
	}
}

// endBlock weighs the solvers anew, and takes up their scale.
func (s *tracking) endBlock() {
	if s.perScale > 0 {
		s.mix.judge(&s.loss)
	}
	s.loss, s.inBlock, s.perScale = [experts]float64{}, 0, 0
	if scale := s.residualScale(); s.bank[0].rows == nil && scale > smallestScale {
		s.perScale = 1 / scale
	}
}

func (s *tracking) predict(x []float64) float64 {
	sum := 0.0
	for k, n := range s.bank {
		sum += float64(s.mix.weight[k] * n.predict(x))
	}
	return saturate(sum)
}

func (s *tracking) endPass() {
	for _, n := range s.bank {
		n.endPass()
	}
}

func (s *tracking) settled() bool     { return s.bank[0].settled() }
func (s *tracking) basisNow() *basis  { return s.bank[0].basisNow() }
func (s *tracking) basisStands() bool { return s.bank[0].basisStands() }
func (s *tracking) residualScale() float64 {
	return s.mix.of(func(k int) float64 { return s.bank[k].residualScale() })
}

func (s *tracking) relax() {
	for _, n := range s.bank {
		n.relax()
	}
}

// memory is the longest of them.
func (s *tracking) memory() float64 { return math.Inf(1) }

// remembers the solvers' effective numbers of rows, by their weights in units of information.
func (s *tracking) remembers(rows float64) float64 {
	sum := 0.0
	for k, memory := range memories {
		sum += s.mix.weight[k] / effectiveRows(rows, 1-1/memory)
	}
	return 1 / sum
}

// merge the shards' solvers, memory by memory. Their weights are averaged by the rows they have learned.
func (s *tracking) merge(models []*Linear) error {
	rows, most := make([]float64, len(models)), models[0]
	mixtures := make([]*mixture, len(models))
	for i, m := range models {
		rows[i], mixtures[i] = float64(m.rows.Learned), &m.solver.(*tracking).mix
		if m.rows.Learned > most.rows.Learned {
			most = m
		}
	}
	s.mix.average(mixtures, rows)
	for k, n := range s.bank {
		shards := make([]*Linear, len(models))
		for i, m := range models {
			shard := *m
			shard.solver = m.solver.(*tracking).bank[k]
			shards[i] = &shard
		}
		if err := n.merge(most.solver.(*tracking).bank[k], shards); err != nil {
			return err
		}
	}
	return nil
}

func (s *tracking) appendState(e *encoder) {
	s.mix.appendState(e)
	e.floats(s.loss[:]...)
	e.float(s.perScale)
	e.word(uint64(s.inBlock))
	for _, n := range s.bank {
		n.appendState(e)
	}
}

func (s *tracking) restoreState(d *decoder) {
	s.mix.restoreState(d)
	for k := range s.loss {
		s.loss[k] = d.within(0, 1e6)
	}
	s.perScale, s.inBlock = d.within(0, math.MaxFloat64), int(d.word())
	if s.inBlock < 0 || s.inBlock >= trackingRows {
		d.fail("%d rows of a block", s.inBlock)
	}
	for k, n := range s.bank {
		if n.restoreState(d); k == 0 {
			s.shareRows()
		}
	}
}
