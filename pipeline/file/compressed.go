package file

import (
	"compress/gzip"
	"io"

	"github.com/klauspost/compress/zstd"
)

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
	if err != nil && err != io.EOF {
		err = damaged("its compression cannot be undone: %w", err)
	}
	return n, err
}
