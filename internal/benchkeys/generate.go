package main

import (
	"fmt"
	"math/rand/v2"
)

// stream of rows that is learned: what it holds, and how.
type stream interface {
	rows(n int64) (keys []string, columns [][]float64)
	columns() []string
	arguments() []string // of run: the model
	what() string
}

func (g *generator) columns() []string { return []string{"a", "b", "y"} }

func (g *generator) arguments() []string { return []string{"--target", "y", "--features", "a,b"} }

func (g *generator) what() string { return "rows of 2 features, in random order" }

// generator of rows: every pass takes all keys once, each pass in an order of its own.
type generator struct {
	keys, at int64
	step     int64 // coprime to the number of keys: steps around the ring of keys meet each once
	from     int64
	random   *rand.Rand
}

func newGenerator(keys int64) *generator {
	g := &generator{keys: keys, random: rand.New(rand.NewPCG(1, 2))}
	g.shuffle()
	return g
}

func (g *generator) shuffle() {
	g.at, g.from = 0, g.random.Int64N(g.keys)
	for g.step = 1 + g.random.Int64N(g.keys); gcd(g.step, g.keys) != 1; {
		g.step = 1 + g.random.Int64N(g.keys)
	}
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// rows with their keys, in the columns a, b, y.
func (g *generator) rows(n int64) (keys []string, columns [][]float64) {
	columns = make([][]float64, 3)
	for range n {
		if g.at == g.keys {
			g.shuffle()
		}
		k := (g.from + g.at*g.step) % g.keys
		g.at++
		a, b := g.random.NormFloat64(), g.random.NormFloat64()
		keys = append(keys, fmt.Sprintf("sensor-%07d", k))
		for j, v := range [...]float64{a, b, float64(k) + 2*a - b + g.random.NormFloat64()} {
			columns[j] = append(columns[j], v)
		}
	}
	return keys, columns
}
