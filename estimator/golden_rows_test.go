package estimator

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// goldenRecipe is golden/rows.py in Go: the same operations in the same order give the same bits.
type goldenRecipe struct {
	Seed      uint64
	Rows      int
	Offsets   []float64
	Scales    []float64
	Slopes    []float64
	Intercept float64
	Noise     float64
	Rho       float64
	Heavy     bool
	Share     float64
	TwoSided  bool `json:"two_sided"`
	Low, High float64
}

// goldenProbe holds the first and the last row: features, target, weight.
type goldenProbe struct{ First, Last []float64 }

// splitMix64 of Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
type splitMix64 uint64

func (s *splitMix64) uniform() float64 {
	*s += 0x9E3779B97F4A7C15
	z := uint64(*s)
	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9
	z = (z ^ (z >> 27)) * 0x94D049BB133111EB
	z ^= z >> 31
	return float64(z>>11) * 0x1p-53
}

// normal is the sum of twelve uniforms minus six.
func (s *splitMix64) normal() float64 {
	sum := s.uniform()
	for range 11 {
		sum += s.uniform()
	}
	return sum - 6
}

// columns of the recipe, with weights.
func (r goldenRecipe) columns() Columns {
	c := Columns{Rows: r.Rows, Target: make([]float64, r.Rows), Weights: make([]float64, r.Rows)}
	for range r.Slopes {
		c.Features = append(c.Features, make([]float64, r.Rows))
	}
	random := splitMix64(r.Seed)
	for i := range r.Rows {
		r.row(&random, c, i)
	}
	return c
}

func (r goldenRecipe) row(random *splitMix64, c Columns, i int) {
	rest := math.Sqrt(1 - float64(r.Rho*r.Rho))
	z, y := 0.0, r.Intercept
	for j := range r.Slopes {
		e := random.normal()
		if j == 0 {
			z = e
		} else {
			z = float64(r.Rho*z) + float64(rest*e)
		}
		c.Features[j][i] = r.Offsets[j] + float64(r.Scales[j]*z)
		y += float64(r.Slopes[j] * c.Features[j][i])
	}
	noise := random.normal()
	tail, gate, side, size, weight := random.uniform(), random.uniform(), random.uniform(), random.uniform(), random.uniform()
	if r.Heavy {
		noise /= math.Sqrt(1 - tail)
	}
	y += float64(r.Noise * noise)
	outlier := float64(r.Noise * (r.Low + float64((r.High-r.Low)*size)))
	if r.TwoSided && side < 0.5 {
		outlier = -outlier
	}
	if gate < r.Share {
		y += outlier
	}
	c.Target[i], c.Weights[i] = y, 0.5+float64(1.5*weight)
}

// check that the rows are those that the reference library saw.
func (p goldenProbe) check(t *testing.T, c Columns) {
	t.Helper()
	at := func(i int) []float64 {
		var row []float64
		for _, column := range c.Features {
			row = append(row, column[i])
		}
		return append(row, c.Target[i], c.Weights[i])
	}
	if !slices.Equal(at(0), p.First) || !slices.Equal(at(c.Rows-1), p.Last) {
		t.Fatalf("rows are not those of golden/rows.py: first %v, want %v; last %v, want %v", at(0), p.First, at(c.Rows-1), p.Last)
	}
}

// readGolden reads a gzipped file of the folder golden.
func readGolden(t testing.TB, name string) []byte {
	t.Helper()
	packed, err := os.ReadFile(filepath.Join("..", "golden", name))
	if err != nil {
		t.Fatal(err)
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(name, err)
	}
	content, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(name, err)
	}
	return content
}

func decodeGolden(t testing.TB, name string, v any) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(readGolden(t, name)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		t.Fatal(name, err)
	}
}
