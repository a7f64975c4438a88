package hostile

import (
	"archive/zip"
	"io"
	"testing"
)

// Corpus of crafted messages that none may decode, from pipeline/arrowipc/testdata/hostile.zip, which that package's tests write.
func Corpus(t testing.TB, path string) (out [][]byte) {
	t.Helper()
	r, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, f := range r.File {
		rc, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(rc)
		if err != nil {
			t.Fatal(err)
		}
		rc.Close()
		out = append(out, b)
	}
	return out
}
