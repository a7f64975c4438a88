package file

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync/atomic"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/streamfit/streamfit/pipeline/arrowipc"
)

// OpenAll reads several files one after another, as one table. The columns are those of the first, or o.Columns; each file must have them, in any
// order and with the same types, where numbers of text formats may be whole in one file and not in another. Formats may differ.
//
// All files are looked for at once, so that a wrong name is known before the first is read; they are opened when their turn comes.
func OpenAll(paths []string, o Options) (Reader, error) {
	if len(paths) == 0 {
		return nil, errors.New("no file is named")
	}
	s := &series{paths: paths, options: o, sizes: make([]int64, len(paths))}
	if err := s.look(); err != nil {
		return nil, err
	}
	if err := s.turn(); err != nil {
		return nil, err
	}
	s.options.Columns = namesOf(s.current.Schema())
	s.first = s.current.Schema()
	return s, nil
}

type series struct {
	paths   []string
	options Options
	sizes   []int64
	total   int64 // −1: unknown
	before  atomic.Int64
	first   *arrow.Schema
	place   int // of the file after the current one
	current Reader
	shown   atomic.Pointer[Progresser]
	err     error
}

// look finds out whether the files are there and how long they are.
func (s *series) look() error {
	var faults []error
	for i, path := range s.paths {
		if path == "-" {
			s.total = -1
			continue
		}
		f, err := openPath(path)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		info, err := f.Stat()
		faults = append(faults, err, f.Close())
		if err != nil || !info.Mode().IsRegular() {
			s.total = -1
			continue
		}
		s.sizes[i] = info.Size()
		if s.total >= 0 {
			s.total += info.Size()
		}
	}
	return errors.Join(faults...)
}

// turn to the next file.
func (s *series) turn() error {
	r, err := Open(s.paths[s.place], s.options)
	if err != nil {
		return err
	}
	s.current = r
	if p, ok := r.(Progresser); ok {
		s.shown.Store(&p)
	}
	s.place++
	return s.fits(r.Schema())
}

// fits compares the columns of a file with those of the first.
func (s *series) fits(schema *arrow.Schema) error {
	if s.first == nil {
		return nil
	}
	for i, f := range s.first.Fields() {
		if t := schema.Field(i).Type; !alike(f.Type, t) {
			return &Error{File: s.paths[s.place-1], Err: fmt.Errorf("column %q is %s, in %s it is %s", f.Name, t, s.paths[0], f.Type)}
		}
	}
	return nil
}

// alike types decode to the same: all numbers do.
func alike(a, b arrow.DataType) bool {
	return arrow.TypeEqual(a, b) || arrowipc.Numeric(a) && arrowipc.Numeric(b) || a.ID() == arrow.TIMESTAMP && b.ID() == arrow.TIMESTAMP
}

func (s *series) Schema() *arrow.Schema { return s.current.Schema() }

func (s *series) Next() (arrow.Record, error) {
	for s.err == nil {
		rec, err := s.current.Next()
		if err == nil {
			return rec, nil
		}
		s.err = err
		if errors.Is(err, io.EOF) && s.place < len(s.paths) {
			s.before.Add(s.sizes[s.place-1])
			s.err = errors.Join(s.current.Close(), s.turn())
		}
	}
	return nil, s.err
}

// Progress implements Progresser.
func (s *series) Progress() (done, total int64) {
	before := s.before.Load()
	done, _ = (*s.shown.Load()).Progress()
	return before + done, s.total
}

func (s *series) Close() error {
	if s.err == nil {
		s.err = fs.ErrClosed
	}
	return s.current.Close()
}
