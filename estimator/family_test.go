package estimator

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// keyedConfigs are what very many models are made of.
func keyedConfigs() []Config {
	short := newtonConfig(2)
	short.WarmUp = 32
	following := newtonConfig(2)
	following.Solver, following.WarmUp = solverTracking, 32
	averaged := asgdConfig(3)
	averaged.WarmUp = 64
	return []Config{short, following, averaged, sgdConfig(2)}
}

// Rows of several models that are mixed in the same columns, cut anywhere, with every model put away and taken up again in between: each is what it would be
// of its own rows alone.
func TestModelsOfAFamilyPickTheirRows(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		cfg := rapid.SampledFrom(keyedConfigs()).Draw(rt, "config")
		family, err := NewFamily(cfg)
		if err != nil {
			rt.Fatal(err)
		}
		c := weighted(rapid.Uint64Range(0, 1e6).Draw(rt, "seed"), len(cfg.Features), 600)
		c.Target[17], c.Weights[99] = c.Target[17]/0, -1
		keys := rapid.IntRange(1, 5).Draw(rt, "keys")
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "order"), 2))
		own, models := make([][]int32, keys), make([]*Linear, keys)
		for k := range models {
			models[k] = family.New()
		}
		for from := 0; from < c.Rows; {
			to := min(c.Rows, from+1+random.IntN(200))
			picks := make([][]int32, keys)
			for i := from; i < to; i++ {
				k := random.IntN(keys)
				picks[k] = append(picks[k], int32(i))
				own[k] = append(own[k], int32(i))
			}
			for k, pick := range picks {
				if len(pick) == 0 {
					continue
				}
				c.Pick = pick
				models[k].Learn(nil, c)
				if models[k], err = family.Restore(models[k].AppendState(nil)); err != nil {
					rt.Fatal(err)
				}
			}
			from = to
		}
		for k, m := range models {
			alone := newModel(rt, cfg)
			alone.Learn(nil, chosen(c, own[k]))
			if !bytes.Equal(snapshotOf(rt, m), snapshotOf(rt, alone)) {
				rt.Fatalf("model %d of %d differs from one that got its %d rows alone", k, keys, len(own[k]))
			}
		}
	})
}

// chosen rows in columns of their own.
func chosen(c Columns, rows []int32) Columns {
	out := Columns{Rows: len(rows), Features: make([][]float64, len(c.Features))}
	for _, i := range rows {
		for j, column := range c.Features {
			out.Features[j] = append(out.Features[j], column[i])
		}
		out.Target, out.Weights = append(out.Target, c.Target[i]), append(out.Weights, c.Weights[i])
	}
	return out
}

func TestSkippedRowsArePickedRowsOfTheColumns(t *testing.T) {
	c := clean(1, 2, 10)
	c.Target[7] /= 0
	c.Pick = []int32{1, 7, 9}
	skipped := newModel(t, newtonConfig(2)).Learn(nil, c)
	if len(skipped) != 1 || skipped[0] != (Skipped{Row: 7, Reason: ReasonNonFinite}) {
		t.Errorf("skipped %v", skipped)
	}
}

func TestPackedWordsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := &encoder{}
		for _, word := range rapid.SliceOf(rapid.OneOf(rapid.Uint64(), rapid.Uint64Range(0, 3), rapid.Just(uint64(0)), rapid.Just(uint64(0x3ff)<<52))).Draw(t, "words") {
			e.word(word)
		}
		packed := appendPacked(nil, e.out)
		words, err := unpacked(nil, packed)
		if err != nil || !bytes.Equal(words, e.out) {
			t.Fatalf("%x came back as %x, %v", e.out, words, err)
		}
	})
}

// FuzzFamilyRestore uses whatever model comes out of the bytes.
func FuzzFamilyRestore(f *testing.F) {
	families := map[int]*Family{}
	for i, cfg := range keyedConfigs() {
		family, err := NewFamily(cfg)
		if err != nil {
			f.Fatal(err)
		}
		families[i] = family
		for _, rows := range []int{0, 5, 70, 300} {
			m := family.New()
			m.Learn(nil, clean(1, len(cfg.Features), rows))
			f.Add(i, m.AppendState(nil))
		}
	}
	f.Fuzz(func(t *testing.T, i int, state []byte) {
		family := families[i]
		if family == nil {
			return
		}
		m, err := family.Restore(state)
		if err != nil {
			if !errors.Is(err, ErrSnapshot) && !errors.Is(err, ErrSnapshotVersion) {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		whole := plausible(m)
		m.Learn(nil, clean(2, len(m.Config().Features), 70))
		m.Report()
		if !whole {
			return
		}
		if _, err := family.Restore(m.AppendState(nil)); err != nil {
			t.Fatalf("its own state: %v", err)
		}
	})
}

// What a key costs: the bytes of its state, and the time to take it up and put it away.
func BenchmarkFamilyState(b *testing.B) {
	cfg := keyedConfigs()[0]
	for _, rows := range []int{20, 31, 32, 1000} {
		b.Run(map[int]string{20: "rows=20", 31: "rows=31", 32: "rows=32", 1000: "rows=1000"}[rows], func(b *testing.B) {
			family, err := NewFamily(cfg)
			if err != nil {
				b.Fatal(err)
			}
			m := family.New()
			m.Learn(nil, clean(1, 2, rows))
			state := m.AppendState(nil)
			b.ReportAllocs()
			for b.Loop() {
				if m, err = family.Restore(state); err != nil {
					b.Fatal(err)
				}
				state = m.AppendState(state[:0])
			}
			b.ReportMetric(float64(len(state)), "B/key")
		})
	}
}
