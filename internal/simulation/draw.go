package simulation

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/streamfit/streamfit/estimator"
)

// Sample is a stream that was drawn, with what was true of its last row.
type Sample struct {
	Columns estimator.Columns
	Truth   []float64 // the raw slopes
	Unit    []float64 // what a raw slope is divided by for the slope of z in units of the noise: σ/scaleⱼ
}

// The target's units: a level far from 0, where a model that starts at 0 has a long way to go.
const (
	sigma = 7
	level = 1200
)

// Names of the features.
func (s Scenario) Names() []string {
	names := make([]string, s.Features)
	for j := range names {
		names[j] = fmt.Sprintf("x%d", j+1)
	}
	return names
}

// scaleOf feature j: 1e-3 to 1e4 over the features.
func (s Scenario) scaleOf(j int) float64 {
	return math.Pow(10, -3+7*float64(j)/float64(max(1, s.Features-1)))
}

// offsetOf feature j: from 20 scales away from 0 on, to both sides.
func (s Scenario) offsetOf(j int) float64 {
	return s.scaleOf(j) * 20 * float64(1+j%5) * float64(1-2*(j%2))
}

// Draw the rows of a seed.
func (s Scenario) Draw(seed uint64) Sample {
	d := &drawing{Scenario: s, random: rand.New(rand.NewPCG(seed, 0x5EED)), truth: make([]float64, s.Features+1), z: make([]float64, s.Features)}
	out := Sample{Columns: estimator.Columns{Rows: s.Rows, Target: make([]float64, s.Rows)}}
	scales, offsets := make([]float64, s.Features), make([]float64, s.Features)
	for j := range s.Features {
		d.truth[j+1] = float64(1+j%3) * float64(1-2*(j%2)) / 2
		scales[j], offsets[j] = s.scaleOf(j), s.offsetOf(j)
		out.Columns.Features = append(out.Columns.Features, make([]float64, s.Rows))
	}
	for i := range s.Rows {
		out.Columns.Target[i] = level + sigma*d.row(i)
		for j, z := range d.z {
			out.Columns.Features[j][i] = offsets[j] + scales[j]*z
		}
	}
	for j, scale := range scales {
		out.Unit = append(out.Unit, sigma/scale)
		out.Truth = append(out.Truth, d.truth[j+1]*sigma/scale)
	}
	return out
}

// drawing of a stream, row by row.
type drawing struct {
	Scenario
	random *rand.Rand
	truth  []float64
	z      []float64 // of this row, as it will be seen
	clean  []float64 // of this row and of the one before it, without what is put in its place
	noise  float64   // of this row, before its scale
}

// row i: it leaves z, and returns the target in units of the noise, about the level.
func (d *drawing) row(i int) float64 {
	if d.Drift != nil {
		d.Drift(i, d.truth)
	}
	d.features(i)
	y := d.truth[0] + d.error1(i)
	for j, z := range d.clean {
		y += d.truth[j+1] * z
	}
	copy(d.z, d.clean)
	d.spoil()
	return y
}

// features of row i.
func (d *drawing) features(i int) {
	if d.clean == nil {
		d.clean = make([]float64, d.Features)
	}
	stretch := d.student(d.TailX, true)
	chain := 0.0
	for j := range d.clean {
		e := d.random.NormFloat64()
		if j == 0 {
			chain = e
		} else {
			chain = rho*chain + math.Sqrt(1-rho*rho)*e
		}
		d.clean[j] = d.follow(i, d.clean[j], chain*stretch)
	}
}

// follow the value of the row before.
func (d *drawing) follow(i int, before, fresh float64) float64 {
	if i == 0 {
		return fresh
	}
	return d.Phi*before + math.Sqrt(1-d.Phi*d.Phi)*fresh
}

// student is what makes a normal number one of Student's t.
func (d *drawing) student(freedom float64, standard bool) float64 {
	if freedom == 0 {
		return 1
	}
	squares := 0.0
	for range int(freedom) {
		e := d.random.NormFloat64()
		squares += e * e
	}
	stretch := math.Sqrt(freedom / squares)
	if standard && freedom > 2 {
		stretch *= math.Sqrt((freedom - 2) / freedom)
	}
	return stretch
}

// error1 is the noise of row i, and the outlier's error if it is one.
func (d *drawing) error1(i int) float64 {
	d.noise = d.follow(i, d.noise, d.random.NormFloat64()*d.student(d.TailNoise, false))
	e := d.noise
	if d.Skedastic && d.Features > 0 {
		e *= math.Sqrt((1 + d.clean[0]*d.clean[0]) / 2)
	}
	if o := d.Outliers; o.Share > 0 && d.random.Float64() < o.Share {
		size := o.Low + (o.High-o.Low)*d.random.Float64()
		if !o.OneSided && d.random.IntN(2) == 0 {
			size = -size
		}
		e += size
	}
	return e
}

// spoil what is seen of x.
func (d *drawing) spoil() {
	far := d.FarRows > 0 && d.random.Float64() < d.FarRows
	for j := range d.z {
		switch {
		case far:
			d.z[j] = 100 * d.random.NormFloat64()
		case d.GlitchCells > 0 && d.random.Float64() < d.GlitchCells:
			d.z[j] = 20 * d.random.NormFloat64()
		}
	}
}
