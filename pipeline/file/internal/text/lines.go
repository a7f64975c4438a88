package text

import (
	"bytes"
	"fmt"
	"io"
)

// maxLineBytes bounds one line of a text format, or one record of several lines: without it a quote that is never closed would take the rest of
// the file into memory.
const maxLineBytes = 16 << 20

// lineGuard ends the reading of a record that is too long.
type lineGuard struct {
	r    io.Reader
	left int
}

// begin is called before each record.
func (g *lineGuard) begin() { g.left = maxLineBytes }

func (g *lineGuard) Read(p []byte) (int, error) {
	if g.left <= 0 {
		return 0, errLongLine
	}
	n, err := g.r.Read(p[:min(len(p), g.left)])
	g.left -= n
	return n, err
}

var errLongLine = fmt.Errorf("a line is longer than %d MiB; is it another format, or is a quote never closed?", maxLineBytes>>20)

// What is looked at to decide the columns of a text format, whichever comes first.
const (
	sampleLines = 1000
	sampleBytes = 256 << 10
)

// lookAhead reads enough lines to decide the columns by and returns them with a reader that begins with them again. whole says that there is
// nothing after them; otherwise the last line may be cut.
func lookAhead(r io.Reader) (sample []byte, again io.Reader, whole bool, err error) {
	buf := make([]byte, 0, 64<<10)
	lines := 0
	for len(buf) < sampleBytes && lines < sampleLines {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		lines += bytes.Count(buf[len(buf):len(buf)+n], []byte{'\n'})
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			return buf, bytes.NewReader(buf), true, nil
		}
		if err != nil {
			return nil, nil, false, err
		}
	}
	return buf, io.MultiReader(bytes.NewReader(buf), r), false, nil
}

var byteOrderMark = []byte{0xef, 0xbb, 0xbf}

// withoutMark drops a byte order mark, from the sample and from the reader that begins with it.
func withoutMark(sample []byte, again io.Reader) ([]byte, error) {
	if !bytes.HasPrefix(sample, byteOrderMark) {
		return sample, nil
	}
	_, err := io.CopyN(io.Discard, again, int64(len(byteOrderMark)))
	return sample[len(byteOrderMark):], err
}
