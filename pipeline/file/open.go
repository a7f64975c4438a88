package file

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/streamfit/streamfit/pipeline/file/internal/text"
)

// Open opens a file, or standard input for the path "-". Errors name the file; they are an *Error but for those of o.
func Open(path string, o Options) (Reader, error) {
	if path == "-" {
		return OpenReader("stdin", o.stdin(), o)
	}
	f, err := openPath(path)
	if err != nil {
		return nil, err
	}
	return open(path, f, f, o)
}

// OpenReader reads a table from r, which is not closed. The name is for messages and for its ending.
func OpenReader(name string, r io.Reader, o Options) (Reader, error) {
	return open(name, r, nil, o)
}

func (o Options) stdin() io.Reader {
	if o.Stdin == nil {
		return os.Stdin
	}
	return o.Stdin
}

var errDirectory = errors.New("it is a directory")

func openPath(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, notReadable(path, err)
	}
	if info.IsDir() {
		return nil, notReadable(path, errDirectory)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, notReadable(path, err)
	}
	return f, nil
}

// pathReason drops the operation and the path, which the message names already.
func pathReason(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}

// opened is a Reader that names its file in every error and ends for good at the first.
type opened struct {
	name   string
	format Format
	in     *input
	table  Reader
	err    error
}

func open(name string, r io.Reader, c io.Closer, o Options) (_ Reader, err error) {
	in := newInput(r, c)
	defer func() {
		if err != nil {
			err = errors.Join(err, in.Close())
		}
	}()
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if err := in.unpack(); err != nil {
		return nil, &Error{File: name, Err: err}
	}
	format := o.Format
	if format == "" {
		if format, err = formatOf(name, in.head()); err != nil {
			return nil, &Error{File: name, Err: err}
		}
	}
	table, err := openFormat(format, in, o)
	if err != nil {
		return nil, named(err, name, format)
	}
	return &opened{name: name, format: format, in: in, table: table}, nil
}

func openFormat(format Format, in *input, o Options) (Reader, error) {
	switch format {
	case Arrow:
		return openArrow(in, o)
	case Parquet:
		return openParquet(in, o)
	case JSONLines:
		r, err := text.OpenJSONLines(in.buffered, o.text())
		return unclosed{r}, err
	default:
		r, err := text.OpenCSV(in.buffered, o.text())
		return unclosed{r}, err
	}
}

func (o Options) text() text.Options {
	return text.Options{Columns: o.Columns, Numbers: o.Numbers, Texts: o.Texts, Rows: o.batchRows()}
}

// unclosed has nothing to close: the input holds what is open.
type unclosed struct{ records }

type records interface {
	Schema() *arrow.Schema
	Next() (arrow.Record, error)
}

func (unclosed) Close() error { return nil }

func (r *opened) Schema() *arrow.Schema { return r.table.Schema() }

func (r *opened) Next() (arrow.Record, error) {
	if r.err != nil {
		return nil, r.err
	}
	rec, err := r.table.Next()
	switch {
	case errors.Is(err, io.EOF):
		r.err = io.EOF
		r.in.finished()
	case err != nil:
		r.err = named(err, r.name, r.format)
	}
	return rec, r.err
}

func (r *opened) Close() error {
	if r.err == nil {
		r.err = &Error{File: r.name, Err: fs.ErrClosed}
	}
	return errors.Join(r.table.Close(), r.in.Close())
}

// Progress implements Progresser.
func (r *opened) Progress() (done, total int64) { return r.in.progress() }
