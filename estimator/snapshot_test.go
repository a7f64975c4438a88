package estimator

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"reflect"
	"slices"
	"testing"
)

func TestEveryDamagedByteOfASnapshotIsFound(t *testing.T) {
	for _, cfg := range []Config{newtonConfig(2), sgdConfig(2), averagedSGD(2), asgdConfig(2)} {
		m, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		m.Learn(nil, clean(1, 2, 50))
		snapshot := snapshotOf(t, m)
		for i := range snapshot {
			snapshot[i] ^= 0x10
			if _, err := Restore(snapshot); !errors.Is(err, ErrSnapshot) && !errors.Is(err, ErrSnapshotVersion) {
				t.Errorf("%s: byte %d: got error %v", cfg.Solver, i, err)
			}
			snapshot[i] ^= 0x10
		}
		for n := range snapshot {
			if _, err := Restore(snapshot[:n]); !errors.Is(err, ErrSnapshot) {
				t.Errorf("%s: cut to %d bytes: got error %v", cfg.Solver, n, err)
			}
		}
	}
}

func TestASnapshotOfAnotherVersionIsSaid(t *testing.T) {
	m, err := New(newtonConfig(1))
	if err != nil {
		t.Fatal(err)
	}
	snapshot := snapshotOf(t, m)
	snapshot[len(snapshotMagic)]++
	if _, err := Restore(snapshot); !errors.Is(err, ErrSnapshotVersion) {
		t.Errorf("got error %v", err)
	}
}

// A Config may leave out what its solver and its loss do not use.
func TestSnapshotOfASparseConfig(t *testing.T) {
	cfg := Config{Features: []string{"x"}, Solver: "sgd", HalfLife: math.Inf(1), Loss: LossSpec{Name: "half-squared"}, OnDrift: DriftIgnore, SGD: DefaultConfig().SGD}
	m, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	m.Learn(nil, clean(1, 1, 10))
	restored, err := Restore(snapshotOf(t, m))
	if err != nil {
		t.Fatal(err)
	}
	if got := restored.Config(); !reflect.DeepEqual(got, cfg) {
		t.Errorf("got %+v, want %+v", got, cfg)
	}
}

// FuzzRestore corrects the checksum, so that what is behind it is reached, and uses whatever model comes out.
func FuzzRestore(f *testing.F) {
	for _, cfg := range []Config{newtonConfig(2), sgdConfig(2), averagedSGD(2), newtonConfig(0), asgdConfig(2), trendConfig(1, day), trackingConfig(2)} {
		for _, rows := range []int{0, 5, 1100, 2100} {
			m, err := New(cfg)
			if err != nil {
				f.Fatal(err)
			}
			m.Learn(nil, timed(clean(1, len(cfg.Features), rows)))
			f.Add(snapshotOf(f, m))
		}
	}
	f.Fuzz(func(t *testing.T, snapshot []byte) {
		if len(snapshot) >= 4 {
			body := snapshot[:len(snapshot)-4]
			snapshot = binary.LittleEndian.AppendUint32(append([]byte(nil), body...), crc32.Checksum(body, castagnoli))
		}
		m, err := Restore(snapshot)
		if err != nil {
			if !errors.Is(err, ErrSnapshot) && !errors.Is(err, ErrSnapshotVersion) {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		whole := plausible(m)
		m.Learn(nil, timed(clean(2, len(m.Config().Features), 70)))
		m.Report()
		if !whole {
			return
		}
		if _, err := Restore(snapshotOf(t, m)); err != nil {
			t.Fatalf("its own snapshot: %v", err)
		}
	})
}

// plausible tells whether the state is one that a model can have come to: crafted ones whose P is indefinite, or whose iterates and scale are beyond what rows can make of them, are stood, but need
// not be read back after more rows.
func plausible(m *Linear) bool {
	const most = 1e30
	var solvers []*newton
	switch s := m.solver.(type) {
	case *newton:
		solvers = append(solvers, s)
	case *tracking:
		solvers = s.bank[:]
	case *asgd:
		if s.warmUp != nil {
			solvers = append(solvers, s.warmUp)
		}
		if !(s.sigma < most && math.Abs(s.block.scale) < most) || slices.ContainsFunc(s.beta, func(v float64) bool { return math.Abs(v) > most }) {
			return false
		}
	}
	return !slices.ContainsFunc(solvers, func(s *newton) bool { return !cholesky(s.dense(), len(s.beta)) })
}
