package arrowipc

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"testing"
)

const corpusFile = "testdata/hostile.zip"

// corpusLimit leaves out what is large only to be large.
const corpusLimit = 16 << 10

// testdata/hostile.zip holds the crafted messages for tests of other packages: through a shard, through a broker. With UPDATE_CORPUS=1 it is written anew.
func TestTheCorpusIsWhatIsCrafted(t *testing.T) {
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for _, h := range hostileMessages() {
		if len(h.bytes) > corpusLimit || aboutColumns(h) {
			continue
		}
		w, err := archive.Create(h.name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(h.bytes); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if os.Getenv("UPDATE_CORPUS") != "" {
		if err := os.WriteFile(corpusFile, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(corpusFile)
	if err != nil {
		t.Fatal(err)
	}
	got, want := unzipped(t, have), unzipped(t, out.Bytes()) // compressors may differ
	if len(got) != len(want) {
		t.Errorf("%d messages, %d are crafted; UPDATE_CORPUS=1 writes it anew", len(got), len(want))
	}
	for name, b := range want {
		if !bytes.Equal(got[name], b) {
			t.Errorf("%s differs; UPDATE_CORPUS=1 writes it anew", name)
		}
	}
}

func unzipped(t testing.TB, b []byte) map[string][]byte {
	r, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, f := range r.File {
		rc, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if out[f.Name], err = io.ReadAll(rc); err != nil {
			t.Fatal(err)
		}
		rc.Close()
	}
	return out
}
