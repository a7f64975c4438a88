package estimator

import (
	"encoding/binary"
	"fmt"
)

// A Family makes models of one Config. They share what is no part of their state, the room that rows are gathered in among it, so that a model is little more
// than its state and a program can hold very many. The models of a family are not for concurrent use, not even different ones.
type Family struct {
	cfg  Config
	tile *tile
}

// NewFamily of a Config; all its faults are in the error.
func NewFamily(cfg Config) (*Family, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &Family{cfg: cfg, tile: newTile(cfg)}, nil
}

// Config of all models of the family.
func (f *Family) Config() Config { return f.cfg }

// New makes a model that has seen no row.
func (f *Family) New() *Linear {
	m := &Linear{cfg: f.cfg, tile: f.tile}
	m.solver, m.loss = newSolver(f.cfg)
	if _, ok := m.solver.(adaptive); ok && f.cfg.OnDrift != DriftIgnore {
		m.drift = newDetector()
	}
	m.metrics.measure(f.cfg.Loss.Name, m.loss)
	return m
}

// AppendState appends the model's state without its Config and without a checksum, in as few bytes as that takes: what a program with very many models of a
// Family keeps of each. Everything is exact, as in AppendBinary.
func (m *Linear) AppendState(dst []byte) []byte {
	e := &encoder{m.tile.words[:0]}
	e.model(m)
	m.tile.words = e.out
	return appendPacked(append(dst, snapshotVersion), e.out)
}

// Restore makes the model of a state that AppendState has written for a model of an equal Config. Damaged bytes are ErrSnapshot as far as they are found out:
// a checksum is the caller's to keep. A state of another version is ErrSnapshotVersion.
func (f *Family) Restore(state []byte) (*Linear, error) {
	if len(state) == 0 {
		return nil, ErrSnapshot
	}
	if v := state[0]; v != snapshotVersion {
		return nil, fmt.Errorf("%w: %d, this program reads %d", ErrSnapshotVersion, v, snapshotVersion)
	}
	words, err := unpacked(f.tile.words[:0], state[1:])
	f.tile.words = words
	if err != nil {
		return nil, err
	}
	m := f.New()
	return m, (&decoder{in: words}).model(m)
}

// A state is words of 64 bits: counts with zeros in front, and numbers many of which are short, with zeros behind. Packed, each word is a byte that says how
// many of its bytes are zero in front (high half) and behind (low half), and then the bytes between. A run of up to 16 words of zero is one byte, 0xf0 and their
// number less one.
const (
	wordBytes    = 8
	zeroRun      = 0xf0
	longestRun   = 16
	mostUnpacked = 64 << 20 // no state is so long: bytes that say so are damaged
)

func appendPacked(dst, words []byte) []byte {
	for len(words) > 0 {
		w := words[:wordBytes]
		zeros := 0
		for zeros < longestRun && len(words) >= wordBytes && binary.LittleEndian.Uint64(words) == 0 {
			words = words[wordBytes:]
			zeros++
		}
		if zeros > 0 {
			dst = append(dst, zeroRun|byte(zeros-1))
			continue
		}
		words = words[wordBytes:]
		front, behind := 0, 0
		for w[wordBytes-1-front] == 0 {
			front++
		}
		for w[behind] == 0 {
			behind++
		}
		dst = append(dst, byte(front<<4|behind))
		dst = append(dst, w[behind:wordBytes-front]...)
	}
	return dst
}

// unpacked words of the packed bytes, appended to words.
func unpacked(words, packed []byte) ([]byte, error) {
	var zeros [longestRun * wordBytes]byte
	for len(packed) > 0 {
		head := packed[0]
		packed = packed[1:]
		if head >= zeroRun {
			words = append(words, zeros[:wordBytes*(int(head&0xf)+1)]...)
		} else {
			front, behind := int(head>>4), int(head&0xf)
			n := wordBytes - front - behind
			if n < 1 || n > len(packed) {
				return words, fmt.Errorf("%w: a word of %d bytes", ErrSnapshot, n)
			}
			words = append(words, zeros[:behind]...)
			words = append(words, packed[:n]...)
			words = append(words, zeros[:front]...)
			packed = packed[n:]
		}
		if len(words) > mostUnpacked {
			return words, fmt.Errorf("%w: more than %d bytes", ErrSnapshot, mostUnpacked)
		}
	}
	return words, nil
}
