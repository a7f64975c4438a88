package estimator

import (
	"math"
	"slices"
)

// mixture is how much each solver of [tracking] weighs. How often the best of them changes is not known either, so the weights are followed for several rates of it
// at once: with ℓₖ the loss of solver k since the last judgement and αₐ the rate a,
//
//	wₐₖ ← wₐₖ·exp(−ηℓₖ),   Lₐ = Σₖ wₐₖ,   wₐₖ ← (1 − αₐ)wₐₖ/Lₐ + αₐ/K      fixed share: any solver can be the best again soon
//	vₐ ← vₐLₐ,             vₐ ← (1 − ε)vₐ/Σv + ε/A                         which of the rates to believe
//	wₖ = Σₐ vₐwₐₖ
//
// In a world that stands still the smallest rate is believed in, and one solver gets nearly all weight; when the world begins to move, a large one is within a few judgements.
// At first the solver that never forgets has nine tenths of the weight: that the world stands still is what the others have to disprove.
//
// References: M. Herbster and M. Warmuth, Tracking the best expert, Machine Learning 32 (1998), for fixed share; C. Monteleoni and T. Jaakkola, Online learning of
// non-stationary sequences, NIPS 16 (2003), for following several rates; V. Vovk, Competitive on-line statistics, Int. Stat. Rev. 69 (2001), on η.
type mixture struct {
	weight [experts]float64              // wₖ
	byRate [len(shares)][experts]float64 // wₐₖ
	trust  [len(shares)]float64          // vₐ
}

// shares are the rates α. docs/measured/tracking.md has what they were chosen by.
var shares = [...]float64{0.016, 0.0005, 1e-7}

const (
	learningRate = 0.7   // η
	trustShare   = 0.001 // ε
	firstWeight  = 0.9   // of the first solver, at first
)

func newMixture() (m mixture) {
	for a := range m.byRate {
		m.trust[a] = 1.0 / float64(len(shares))
		for k := range m.byRate[a] {
			m.byRate[a][k] = (1 - firstWeight) / (experts - 1)
		}
		m.byRate[a][0] = firstWeight
	}
	m.weigh()
	return m
}

// judge the solvers by their losses.
func (m *mixture) judge(loss *[experts]float64) {
	least := slices.Min(loss[:])
	var likelihood [experts]float64
	for k, l := range loss {
		likelihood[k] = math.Exp(-learningRate * (l - least))
	}
	all := 0.0
	for a := range m.byRate {
		m.trust[a] = float64(m.trust[a] * follow(&m.byRate[a], &likelihood, shares[a]))
		all += m.trust[a]
	}
	keep := (1 - trustShare) / all
	for a, v := range m.trust {
		m.trust[a] = float64(keep*v) + trustShare/float64(len(shares))
	}
	m.weigh()
}

// follow the solvers at a rate; it gives the likelihood of what they said.
func follow(weight, likelihood *[experts]float64, share float64) (total float64) {
	for k := range weight {
		weight[k] = float64(weight[k] * likelihood[k])
		total += weight[k]
	}
	keep := (1 - share) / total
	for k, w := range weight {
		weight[k] = float64(keep*w) + share/experts
	}
	return total
}

// weigh the solvers as all rates together do.
func (m *mixture) weigh() {
	m.weight = [experts]float64{}
	for a, v := range m.trust {
		for k, w := range m.byRate[a] {
			m.weight[k] += float64(v * w)
		}
	}
}

// of the solvers' values the mean.
func (m *mixture) of(value func(k int) float64) float64 {
	sum := 0.0
	for k, w := range m.weight {
		sum += float64(w * value(k))
	}
	return sum
}

// average of several, which have seen so many rows; of none it stays what it is.
func (m *mixture) average(of []*mixture, rows []float64) {
	sum, total := mixture{}, 0.0
	for i, n := range rows {
		total += n
		for a := range sum.trust {
			sum.trust[a] += float64(n * of[i].trust[a])
			for k := range sum.byRate[a] {
				sum.byRate[a][k] += float64(n * of[i].byRate[a][k])
			}
		}
	}
	if total == 0 {
		return
	}
	for a := range m.trust {
		m.trust[a] = sum.trust[a] / total
		for k := range m.byRate[a] {
			m.byRate[a][k] = sum.byRate[a][k] / total
		}
	}
	m.weigh()
}

func (m *mixture) appendState(e *encoder) {
	e.floats(m.trust[:]...)
	for a := range m.byRate {
		e.floats(m.byRate[a][:]...)
	}
}

func (m *mixture) restoreState(d *decoder) {
	d.weights(m.trust[:])
	for a := range m.byRate {
		d.weights(m.byRate[a][:])
	}
	m.weigh()
}

// weights that add up to one.
func (d *decoder) weights(into []float64) {
	sum := 0.0
	for i := range into {
		into[i] = d.within(0, 1)
		sum += into[i]
	}
	if math.Abs(sum-1) > 1e-9 {
		d.fail("weights that add up to %v", sum)
	}
}
