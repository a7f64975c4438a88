package main

import (
	"io"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/streamfit/streamfit/pipeline/file"
)

// bytesBar shows on a terminal how much of the files is read; elsewhere, and as nil, nothing.
type bytesBar struct {
	files file.Progresser
	bar   *progressbar.ProgressBar
}

func newBytesBar(out io.Writer, r file.Reader) *bytesBar {
	files, ok := r.(file.Progresser)
	if !ok || !isTerminal(out) {
		return nil
	}
	_, total := files.Progress()
	return &bytesBar{files, progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(out), progressbar.OptionShowBytes(true), progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionSetWidth(30), progressbar.OptionClearOnFinish())}
}

func (b *bytesBar) update() {
	if b != nil {
		done, _ := b.files.Progress()
		_ = b.bar.Set64(done) // a bar that cannot be drawn is no reason to stop
	}
}

func (b *bytesBar) finish() {
	if b != nil {
		_ = b.bar.Finish()
	}
}
