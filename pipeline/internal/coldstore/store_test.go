package coldstore

import (
	"bytes"
	"errors"
	"os"
	"testing"

	"pgregory.net/rapid"
)

// Whatever is put, put anew in other sizes and freed: every place holds what was put there last.
func TestEveryPlaceHoldsWhatWasPutThereLast(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := New(t.TempDir())
		defer s.Close()
		places, want := map[int]Place{}, map[int][]byte{}
		for range rapid.IntRange(1, 60).Draw(rt, "puts") {
			k := rapid.IntRange(0, 9).Draw(rt, "k")
			if rapid.IntRange(0, 4).Draw(rt, "free") == 0 {
				s.Free(places[k])
				delete(places, k)
				delete(want, k)
				continue
			}
			b := rapid.SliceOfN(rapid.Byte(), 0, 600).Draw(rt, "b")
			p, err := s.Put(places[k], b)
			if err != nil {
				rt.Fatal(err)
			}
			places[k], want[k] = p, b
		}
		for k, p := range places {
			got, err := s.Get([]byte("x"), p)
			if err != nil || !bytes.Equal(got[1:], want[k]) {
				rt.Fatalf("%d holds %x (%v), want %x", k, got, err, want[k])
			}
		}
		if s.Bytes() > 60*6*blockBytes {
			rt.Fatalf("%d bytes of file", s.Bytes())
		}
	})
}

func TestDamageIsFoundAndNothingIsLeftBehind(t *testing.T) {
	dir := t.TempDir()
	s := New(dir)
	p, err := s.Put(Place{}, []byte("a state"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.file.WriteAt([]byte{'A'}, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(nil, p); !errors.Is(err, ErrDamaged) {
		t.Errorf("got error %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

// States that grow, all of them by and by, do not leave the room behind them that they had before.
func TestTheFileStaysSmallWhileStatesGrow(t *testing.T) {
	s := New(t.TempDir())
	defer s.Close()
	const keys = 2000
	places := make([]Place, keys)
	b := make([]byte, 0, 2048)
	for range 20 {
		b = b[:len(b)+100]
		for k := range places {
			k = k * 7 % keys
			p, err := s.Put(places[k], b)
			if err != nil {
				t.Fatal(err)
			}
			places[k] = p
		}
	}
	if share := float64(s.Bytes()) / (keys * 2048); share > 2.5 {
		t.Errorf("the file is %.1f times what it holds", share)
	}
}
