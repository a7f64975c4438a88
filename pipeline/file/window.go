package file

import (
	"context"
	"errors"
	"io"
	"math"

	"github.com/apache/arrow/go/v17/arrow"
)

// Window is a part of a table's rows, and where its records end.
type Window struct {
	// From the first row and up to the last but To, counted from 0 over the whole table. To 0: up to the table's end.
	From, To int64

	// Ends, when set, gives the next row after row at which a record must end. Records end where those of the table do, besides.
	Ends func(row int64) int64
}

// Of a table: a Reader of the rows of the window. What lies before it is read and passed over. It closes r.
func (w Window) Of(r Reader) Reader {
	if w.To == 0 {
		w.To = math.MaxInt64
	}
	return &window{Reader: r, Window: w}
}

// CountRows of the rest of a table, which it closes.
func CountRows(ctx context.Context, r Reader) (rows int64, err error) {
	defer func() {
		if closed := r.Close(); err == nil {
			err = closed
		}
	}()
	for ctx.Err() == nil {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		rows += rec.NumRows()
	}
	return rows, ctx.Err()
}

type window struct {
	Reader
	Window
	rec        arrow.Record // of the table; nil: the next is to be read
	slice      arrow.Record // handed out last
	begin, row int64        // rows of the table at which rec begins, and up to which it is handed out
}

func (w *window) Next() (arrow.Record, error) {
	if w.slice != nil {
		w.slice.Release()
		w.slice = nil
	}
	if max(w.row, w.From) >= w.To {
		return nil, io.EOF
	}
	if err := w.fill(); err != nil {
		return nil, err
	}
	last := w.begin + w.rec.NumRows()
	end := min(last, w.To)
	if w.Ends != nil {
		end = min(end, max(w.row+1, w.Ends(w.row)))
	}
	w.slice = w.rec.NewSlice(w.row-w.begin, end-w.begin)
	if w.row = end; end == last {
		w.rec, w.begin = nil, last
	}
	return w.slice, nil
}

// fill the record with one that has rows of the window ahead.
func (w *window) fill() error {
	for w.rec == nil {
		rec, err := w.Reader.Next()
		if err != nil {
			return err
		}
		w.row = max(w.From, w.begin)
		if end := w.begin + rec.NumRows(); end <= w.From {
			w.begin = end
			continue
		}
		w.rec = rec
	}
	return nil
}

func (w *window) Close() error {
	if w.slice != nil {
		w.slice.Release()
		w.slice = nil
	}
	return w.Reader.Close()
}

// Progress implements Progresser, if the table does.
func (w *window) Progress() (done, total int64) {
	if p, ok := w.Reader.(Progresser); ok {
		return p.Progress()
	}
	return 0, -1
}
