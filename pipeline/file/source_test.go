package file_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"pgregory.net/rapid"

	"github.com/streamfit/streamfit/pipeline"
	"github.com/streamfit/streamfit/pipeline/file"
)

// fetchAll reads the messages of a source to its end with Arrow's own reader, which is safe for bytes that were just written.
func fetchAll(t require, s pipeline.Source, from int64) (got table) {
	t.Helper()
	next := from
	for {
		f, err := s.Fetch(context.Background())
		if errors.Is(err, io.EOF) {
			return got
		}
		check(t, err)
		for _, m := range f.Messages {
			if m.Offset != next {
				t.Fatalf("message %d after %d", m.Offset, next-1)
			}
			next++
			r, err := ipc.NewReader(bytes.NewReader(m.Value))
			check(t, err)
			part, _, err := drain(&messageReader{r})
			check(t, err)
			got.names = part.names
			if got.cells == nil {
				got.cells = make([][]*float64, len(part.names))
			}
			for c := range part.cells {
				got.cells[c] = append(got.cells[c], part.cells[c]...)
			}
		}
		if f.Next != next || len(f.Messages) > 4 {
			t.Fatalf("position %d after message %d, %d messages at once", f.Next, next-1, len(f.Messages))
		}
	}
}

// messageReader makes a file.Reader of Arrow's reader.
type messageReader struct{ *ipc.Reader }

func (r *messageReader) Next() (arrow.Record, error) {
	if !r.Reader.Next() {
		if err := r.Err(); err != nil {
			return nil, err
		}
		return nil, io.EOF
	}
	return r.Record(), nil
}

func (r *messageReader) Close() error { return nil }

// The messages of a source hold the table, and a source that begins later holds the rest of it, for every format and any cut.
func TestSourceHandsOutTheTable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anyTable(40).Draw(t, "table")
		o := file.Options{Columns: want.names, BatchRows: rapid.IntRange(1, 15).Draw(t, "rows of a message")}
		messages := (want.rows() + o.BatchRows - 1) / o.BatchRows
		from := rapid.IntRange(0, messages).Draw(t, "from")
		for _, name := range []string{"x.csv", "x.jsonl", "x.arrow"} {
			b := everyFormat(t, want)[name]
			if name == "x.arrow" {
				b = writeArrowStream(t, want, want.rows())
			}
			r, err := file.OpenReader(name, bytes.NewReader(b), o)
			check(t, err)
			s := file.NewSource(name, r, int64(from))
			got := fetchAll(t, s, int64(from))
			check(t, s.Close())
			rest := table{names: want.names}
			for _, cells := range want.cells {
				rest.cells = append(rest.cells, cells[min(from*o.BatchRows, len(cells)):])
			}
			if from == messages {
				rest = table{}
			}
			if d := differs(rest, got); d != "" {
				t.Fatalf("%s from message %d: %s", name, from, d)
			}
		}
	})
}

func TestSourceThatIsShorterThanItsPosition(t *testing.T) {
	s := file.NewSource("x.csv", open(t, "x.csv", []byte("a\n1\n2\n"), file.Options{BatchRows: 1}), 3)
	_, err := s.Fetch(context.Background())
	want := "x.csv: it has 2 messages, but message 3 is where to go on; is it another file, or cut into other batches?"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if _, again := s.Fetch(context.Background()); !errors.Is(again, err) {
		t.Errorf("then %v", again)
	}
}

func TestSourceStopsWhenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s := file.NewSource("x.csv", open(t, "x.csv", []byte("a\n1\n"), file.Options{}), 0)
	if _, err := s.Fetch(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// Several files are one table, whatever their formats and the order of their columns.
func TestSeveralFilesAreOneTable(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		check(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	a, b := write("a.csv", "x,y\n1,2\n3,4\n"), write("b.jsonl", `{"z":9,"y":6,"x":5.5}`)
	empty := write("empty.csv", "y,x\n")
	r, err := file.OpenAll([]string{a, empty, b}, file.Options{})
	check(t, err)
	got, _, err := drain(r)
	check(t, err)
	v := []float64{1, 2, 3, 4, 5.5, 6}
	want := table{names: []string{"x", "y"}, cells: [][]*float64{{&v[0], &v[2], &v[4]}, {&v[1], &v[3], &v[5]}}}
	if d := differs(want, got); d != "" {
		t.Error(d)
	}
	if done, total := r.(file.Progresser).Progress(); done != 37 || total != 37 {
		t.Errorf("progress %d of %d, want 37 of 37", done, total)
	}
	check(t, r.Close())
	if _, err := r.Next(); err == nil {
		t.Error("a closed series gives records")
	}
}

func TestSeveralFilesThatDoNotFit(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	for name, content := range map[string]string{"a.csv": "x,y\n1,2\n", "short.csv": "x\n1\n", "text.csv": "x,y\n1,b\n", "bad.csv": "x,y\n1\n"} {
		check(t, os.WriteFile(path(name), []byte(content), 0o600))
	}
	for name, want := range map[string]string{
		"short.csv":   path("short.csv") + `: csv: column "y": there is no such column; the columns are x`,
		"text.csv":    path("text.csv") + `: column "y" is utf8, in ` + path("a.csv") + ` it is int64`,
		"bad.csv":     path("bad.csv") + ":2: csv: 1 field, but the header has 2",
		"missing.csv": path("missing.csv") + ": cannot be opened: no such file or directory",
	} {
		r, err := file.OpenAll([]string{path("a.csv"), path(name)}, file.Options{})
		if err == nil {
			_, _, err = drain(r)
			r.Close()
		}
		if err == nil || err.Error() != want {
			t.Errorf("%s\n got %v\nwant %s", name, err, want)
		}
	}
}
