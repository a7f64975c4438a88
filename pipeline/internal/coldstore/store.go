// Package coldstore keeps byte strings that are not needed for now in a temporary file. It is memory that may be slow, not storage: the file has no name, what it
// holds is found again by the [Place] that its owner keeps, and it is gone with the process.
package coldstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"os"
)

// Place of a byte string. The zero Place holds nothing.
type Place struct {
	block, size uint32 // size with its checksum
}

// None tells whether it holds nothing.
func (p Place) None() bool { return p.size == 0 }

const (
	blockBytes = 128 // what places are multiples of
	crcBytes   = 4
	longest    = math.MaxInt32
)

// ErrDamaged is a place whose bytes are not what was put there.
var ErrDamaged = errors.New("coldstore: the temporary file is damaged")

// Store is one such file, made when the first bytes are put. It is not for concurrent use.
type Store struct {
	dir    string
	file   *os.File
	end    uint32   // block after the last
	used   []uint64 // a bit for each block
	cursor uint32   // where to look for room next
	buffer []byte
}

// New store in a directory; empty: the system's for temporary files.
func New(dir string) *Store { return &Store{dir: dir} }

// Put b in the place of what was there, or elsewhere if that is too small or far too large.
func (s *Store) Put(old Place, b []byte) (Place, error) {
	if s.file == nil {
		if err := s.open(); err != nil {
			return Place{}, err
		}
	}
	if len(b) > longest-crcBytes {
		return Place{}, fmt.Errorf("coldstore: %d bytes are too many", len(b))
	}
	p, err := s.place(old, uint32(len(b)+crcBytes))
	if err != nil {
		return Place{}, err
	}
	s.buffer = binary.LittleEndian.AppendUint32(append(s.buffer[:0], b...), crc32.Checksum(b, castagnoli))
	if _, err := s.file.WriteAt(s.buffer, int64(p.block)*blockBytes); err != nil {
		return Place{}, fmt.Errorf("coldstore: %w", err)
	}
	return p, nil
}

// place for size bytes: the old one if it takes as many blocks, else the next room that is found, else a new one at the end.
func (s *Store) place(old Place, size uint32) (Place, error) {
	need := blocks(size)
	if !old.None() && blocks(old.size) == need {
		return Place{old.block, size}, nil
	}
	s.Free(old)
	block, found := s.room(need)
	if !found {
		if need > math.MaxUint32-s.end {
			return Place{}, fmt.Errorf("coldstore: the temporary file has reached its largest size, %d GiB", int64(math.MaxUint32)*blockBytes>>30)
		}
		block = s.end
		s.end += need
		for uint32(len(s.used)) < blocksOf64(s.end) {
			s.used = append(s.used, 0)
		}
	}
	s.mark(block, need, true)
	return Place{block, size}, nil
}

// room of so many blocks in a row, from the cursor on. The search gives up soon: a file that is larger than need be costs less than a long search each time.
func (s *Store) room(need uint32) (block uint32, found bool) {
	run := uint32(0)
	for range longestSearch {
		if s.cursor >= s.end {
			s.cursor, run = 0, 0
			if s.end == 0 {
				return 0, false
			}
		}
		word := s.used[s.cursor/64]
		switch {
		case word == math.MaxUint64:
			s.cursor, run = s.cursor/64*64+64, 0
			continue
		case word>>(s.cursor%64)&1 == 1:
			run = 0
		default:
			run++
		}
		if s.cursor++; run == need {
			return s.cursor - need, true
		}
	}
	return 0, false
}

const longestSearch = 2048

func (s *Store) mark(block, n uint32, used bool) {
	for b := block; b < block+n; b++ {
		if used {
			s.used[b/64] |= 1 << (b % 64)
		} else {
			s.used[b/64] &^= 1 << (b % 64)
		}
	}
}

func blocksOf64(blocks uint32) uint32 { return blocks/64 + 1 }

func blocks(size uint32) uint32 { return (size + blockBytes - 1) / blockBytes }

// Get appends what a place holds to dst.
func (s *Store) Get(dst []byte, p Place) ([]byte, error) {
	if p.None() {
		return dst, nil
	}
	if uint32(cap(s.buffer)) < p.size {
		s.buffer = make([]byte, p.size)
	}
	b := s.buffer[:p.size]
	if _, err := s.file.ReadAt(b, int64(p.block)*blockBytes); err != nil {
		return dst, fmt.Errorf("coldstore: %w", err)
	}
	body := b[:p.size-crcBytes]
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(b[len(body):]) {
		return dst, ErrDamaged
	}
	return append(dst, body...), nil
}

// Free a place.
func (s *Store) Free(p Place) {
	if !p.None() {
		s.mark(p.block, blocks(p.size), false)
	}
}

// Bytes of the file.
func (s *Store) Bytes() int64 { return int64(s.end) * blockBytes }

// Close gives the file back.
func (s *Store) Close() error {
	if s.file == nil {
		return nil
	}
	name := s.file.Name()
	err := s.file.Close()
	if removed := os.Remove(name); removed != nil && !errors.Is(removed, os.ErrNotExist) {
		err = errors.Join(err, removed)
	}
	s.file = nil
	return err
}

func (s *Store) open() (err error) {
	if s.file, err = os.CreateTemp(s.dir, "streamfit-cold-*"); err != nil {
		return fmt.Errorf("coldstore: %w", err)
	}
	os.Remove(s.file.Name()) // where an open file cannot be removed, Close does it
	return nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)
