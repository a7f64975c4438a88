package file

import (
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
