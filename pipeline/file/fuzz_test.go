package file_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/streamfit/streamfit/pipeline/file"
)

// fuzz reads whatever bytes as the format: no panic, and an error names a place that the input has.
func fuzz(t *testing.T, name string, b []byte) {
	r, err := file.OpenReader(name, bytes.NewReader(b), file.Options{Format: file.Format(name[2:]), BatchRows: 3, Numbers: []string{"x"}, Texts: []string{"k"}})
	if err == nil {
		var rows int64
		for err == nil {
			rec, next := r.Next()
			if err = next; err == nil {
				rows += rec.NumRows()
				for i, c := range rec.Columns() {
					if c.Len() != int(rec.NumRows()) || rec.NumRows() < 1 || rec.NumRows() > 3 {
						t.Fatalf("column %d has %d values in %d rows", i, c.Len(), rec.NumRows())
					}
				}
			}
		}
		if lines := int64(bytes.Count(b, []byte("\n")) + bytes.Count(b, []byte("\r"))); rows > lines+1 {
			t.Fatalf("%d rows in %d lines", rows, lines+1)
		}
	}
	if errors.Is(err, io.EOF) {
		return
	}
	var fault *file.Error
	if !errors.As(err, &fault) || fault.File != name {
		t.Fatalf("%v does not name the file", err)
	}
	if fault.Line < 0 || fault.Line > bytes.Count(b, []byte("\n"))+1 || fault.Column < 0 || fault.Column > len(b)+1 {
		t.Fatalf("%v: there is no such place", err)
	}
}

func FuzzCSV(f *testing.F) {
	for _, s := range []string{"x,y\n1,2\n", "k;x\n007;1,5\nNA;\n", "\xef\xbb\xbf\"x\"\t\"y\"\r\n\"1\n\"\t2024-01-01\r\n", "x\n1\n0.5\n1e400\nNaN\n", "x,x\n", ",\n,\n", "\"\n", "1,2\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) { fuzz(t, "x.csv", b) })
}

func FuzzJSONLines(f *testing.F) {
	for _, s := range []string{`{"x":1,"k":"a"}` + "\n" + `{"x":null,"y":[1,{"z":"}"}]}`, `{"x":"NaN","t":"2024-01-01T00:00:00Z"}`, `{"":"\"\\\u0000"}`, "[]", "{}\n{}\n", `{"x":1,"x":2}`, "\xef\xbb\xbf{\"x\":true}\r\n", `{"x":-0e-9}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) { fuzz(t, "x.jsonl", b) })
}
