package file

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"github.com/klauspost/compress/zstd"
)

// input is the bytes of a file: as a stream that can be looked into, and for Parquet as a section that can be read anywhere.
type input struct {
	buffered *bufio.Reader
	raw      *countingReader
	file     *os.File // nil: the bytes do not lie in a file as they are
	start    int64    // where in the file the input begins
	size     int64    // bytes of the input as it lies there, -1: unknown
	closers  []io.Closer
}

// sniffBytes are looked at to tell the format.
const sniffBytes = 512

func newInput(r io.Reader, c io.Closer) *input {
	in := &input{raw: &countingReader{r: r}, size: -1}
	if c != nil {
		in.closers = append(in.closers, c)
	}
	if f, ok := r.(*os.File); ok {
		in.locate(f)
	}
	in.buffered = bufio.NewReaderSize(in.raw, 64<<10)
	return in
}

// locate finds out whether f is a regular file, which standard input may be too.
func (in *input) locate(f *os.File) {
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return
	}
	if start, err := f.Seek(0, io.SeekCurrent); err == nil {
		in.file, in.start, in.size = f, start, info.Size()-start
	}
}

// head is what the input begins with, up to sniffBytes; what went wrong in reading it comes up again in the reading proper.
func (in *input) head() []byte {
	head, _ := in.buffered.Peek(sniffBytes)
	return head
}

// unpack undoes compression around the file, if there is any.
func (in *input) unpack() error {
	c := codecOf(in.head())
	if c == plain {
		return nil
	}
	r, err := unpacked(c, in.buffered)
	if err != nil {
		return err
	}
	in.file = nil
	in.closers = append(in.closers, r)
	in.buffered = bufio.NewReaderSize(r, 64<<10)
	if _, err := in.buffered.Peek(1); err != io.EOF {
		return err
	}
	return nil
}

// section gives the input for reading anywhere; what is no file by itself is copied to a temporary one.
func (in *input) section() (*io.SectionReader, error) {
	if in.file == nil {
		if err := in.spool(); err != nil {
			return nil, fmt.Errorf("copy the input to a temporary file: %w", err)
		}
	}
	return io.NewSectionReader(in.file, in.start, in.size), nil
}

func (in *input) spool() error {
	f, err := os.CreateTemp("", "streamfit-*")
	if err != nil {
		return err
	}
	in.closers = append(in.closers, f, removal(f.Name()))
	n, err := io.Copy(f, in.buffered)
	in.file, in.start, in.size = f, 0, n
	in.raw.done.Store(0)
	return err
}

// read says how far a reader has come that does not read in order.
func (in *input) read(bytes int64) { in.raw.done.Store(bytes) }

// finished says that all is read, whatever the trailer that nobody looked at.
func (in *input) finished() {
	if in.size >= 0 {
		in.raw.done.Store(in.size)
	}
}

func (in *input) progress() (done, total int64) { return in.raw.done.Load(), in.size }

func (in *input) Close() error {
	var faults []error
	for i := len(in.closers) - 1; i >= 0; i-- {
		faults = append(faults, in.closers[i].Close())
	}
	in.closers = nil
	return errors.Join(faults...)
}

// removal of a temporary file, when the input is closed.
type removal string

func (r removal) Close() error { return os.Remove(string(r)) }

// countingReader counts the bytes that were read, for whoever shows progress.
type countingReader struct {
	r    io.Reader
	done atomic.Int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.done.Add(int64(n))
	return n, err
}

// unpacked undoes the compression around a file.
func unpacked(c codec, r io.Reader) (io.ReadCloser, error) {
	if c == gzipped {
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, damaged("gzip: %w", err)
		}
		return &compressed{z}, nil
	}
	// One thread, so that no goroutine outlives a reader that is not closed; the window bounds its memory.
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(128<<20))
	if err != nil {
		return nil, damaged("zstd: %w", err)
	}
	return &compressed{z.IOReadCloser()}, nil
}

// compressed says of every error in the middle that the compressed file is damaged.
type compressed struct{ io.ReadCloser }

func (c *compressed) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = damaged("its compression cannot be undone: %w", err)
	}
	return n, err
}
