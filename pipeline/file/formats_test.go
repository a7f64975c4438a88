package file_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"

	"github.com/streamfit/streamfit/pipeline/file"
)

// Every format gives the same numbers for the same table, bit by bit, whatever the sizes of batches in the file and of those asked for.
func TestEveryFormatGivesTheSameNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anyTable(60).Draw(t, "table")
		cut := rapid.IntRange(1, 70).Draw(t, "rows of a batch in the file")
		o := file.Options{BatchRows: rapid.IntRange(1, 70).Draw(t, "rows of a batch asked for")}
		for name, b := range map[string][]byte{
			"file.arrow":      writeArrowFile(t, want, cut),
			"lz4.arrow":       writeArrowFile(t, want, cut, ipc.WithLZ4()),
			"stream.arrows":   writeArrowStream(t, want, cut),
			"plain.parquet":   writeParquet(t, want, cut),
			"zstd.parquet":    writeParquet(t, want, cut, parquet.Compression(&parquet.Zstd)),
			"v1.parquet":      writeParquet(t, want, cut, parquet.DataPageVersion(1), parquet.Compression(&parquet.Snappy)),
			"table.csv":       writeCSV(t, want),
			"table.jsonl":     writeJSONLines(t, want),
			"table.csv.gz":    gzipped(t, writeCSV(t, want)),
			"table.jsonl.zst": zstandard(t, writeJSONLines(t, want)),
		} {
			o.Columns = nil
			if name == "table.jsonl" || name == "table.jsonl.zst" {
				o.Columns = want.names // objects have their fields in the order of a map
			}
			r, err := file.OpenReader(name, bytes.NewReader(b), o)
			check(t, err)
			got, cuts, err := drain(r)
			check(t, err)
			check(t, r.Close())
			if d := differs(want, got); d != "" {
				t.Fatalf("%s: %s", name, d)
			}
			if slices.Max(cuts) > o.BatchRows || slices.Min(cuts) < 1 {
				t.Fatalf("%s: batches of %v rows, %d asked for", name, cuts, o.BatchRows)
			}
		}
	})
}

// A projection gives the columns asked for, in the order asked for.
func TestColumnsAreThoseAskedFor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := anyTable(20).Draw(t, "table")
		order := rapid.Permutation(all.names).Draw(t, "order")
		order = order[:rapid.IntRange(1, len(order)).Draw(t, "columns")]
		var want table
		for _, name := range order {
			want.names = append(want.names, name)
			want.cells = append(want.cells, all.cells[slices.Index(all.names, name)])
		}
		for name, b := range everyFormat(t, all) {
			r, err := file.OpenReader(name, bytes.NewReader(b), file.Options{Columns: order})
			check(t, err)
			got, _, err := drain(r)
			check(t, err)
			check(t, r.Close())
			if d := differs(want, got); d != "" {
				t.Fatalf("%s: %s", name, d)
			}
		}
	})
}

func everyFormat(t require, tab table) map[string][]byte {
	return map[string][]byte{
		"x.arrow": writeArrowFile(t, tab, 7), "x.parquet": writeParquet(t, tab, 7), "x.csv": writeCSV(t, tab), "x.jsonl": writeJSONLines(t, tab),
	}
}

func TestUnknownColumnListsThoseThereAre(t *testing.T) {
	one := 1.0
	tab := table{names: []string{"delay", "distance"}, cells: [][]*float64{{&one}, {&one}}}
	for name, b := range everyFormat(t, tab) {
		_, err := file.OpenReader(name, bytes.NewReader(b), file.Options{Columns: []string{"delay", "dist"}})
		want := fmt.Sprintf("%s: %s: column \"dist\": there is no such column; the columns are delay, distance", name, file.Format(name2format[name]))
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v\nwant %s", name, err, want)
		}
	}
}

var name2format = map[string]string{"x.arrow": "arrow", "x.parquet": "parquet", "x.csv": "csv", "x.jsonl": "jsonl"}

// The format is told by the first bytes, then by the ending; a file from disk, standard input and a pipe are read alike.
func TestFormatIsToldByBytesThenByEnding(t *testing.T) {
	one := 1.5
	tab := table{names: []string{"y"}, cells: [][]*float64{{&one}}}
	dir := t.TempDir()
	for name, b := range everyFormat(t, tab) {
		path := filepath.Join(dir, name+".dat")
		check(t, os.WriteFile(path, b, 0o600))
		for _, from := range []string{"file", "stdin", "redirected stdin"} {
			f, err := os.Open(path)
			check(t, err)
			var r file.Reader
			switch from {
			case "file":
				r, err = file.Open(path, file.Options{})
			case "stdin":
				r, err = file.Open("-", file.Options{Stdin: bytes.NewBuffer(b)})
			default:
				r, err = file.Open("-", file.Options{Stdin: f})
			}
			check(t, err)
			got, _, err := drain(r)
			check(t, err)
			if d := differs(tab, got); d != "" {
				t.Errorf("%s from %s: %s", name, from, d)
			}
			done, total := r.(file.Progresser).Progress()
			if from != "stdin" && (done != int64(len(b)) || total != int64(len(b))) {
				t.Errorf("%s from %s: %d of %d bytes at the end, the file has %d", name, from, done, total, len(b))
			}
			check(t, r.Close())
			f.Close()
		}
	}
}

func TestWhatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	cases := []struct {
		name, content, want string
	}{
		{"empty.csv", "", "empty.csv: the file is empty: nothing to read"},
		{"empty.parquet", "", "empty.parquet: the file is empty: nothing to read"},
		{"cut.parquet", "PAR1", "cut.parquet: parquet: the file seems damaged: it has 4 bytes, which is too short; write or fetch it anew"},
		{"torn.parquet", "PAR1" + "0123456789", "torn.parquet: parquet: the file seems damaged: it does not end as a Parquet file does; it may be cut off; write or fetch it anew"},
		{"liar.parquet", "PAR1\xff\xff\xff\x7fPAR1", "liar.parquet: parquet: the file seems damaged: its metadata are said to have 2147483647 bytes, more than the file; write or fetch it anew"},
		{"text.parquet", "x,y\n1,2\n", `text.parquet: the file seems damaged: its name ends as parquet files do, its first bytes "x,y\n1,2\n" are not of that format; write or fetch it anew`},
		{"array.json", `[{"x":1}]`, "array.json: not a format that can be read: a JSON array; write one object a line, for example with jq -c '.[]'"},
		{"noise.bin", "\x01\x00\x02", `noise.bin: not a format that can be read: it begins with the bytes "\x01\x00\x02", which is none of arrow, parquet, csv, jsonl`},
		{"book.xlsx", "PK\x03\x04...", "book.xlsx: not a format that can be read: this is a zip archive or a spreadsheet; unpack it, or save it as CSV"},
		{"wide.csv", "\xff\xfex\x00", "wide.csv: not a format that can be read: this is UTF-16 text; convert it with iconv -f UTF-16 -t UTF-8"},
		{"bad.csv.gz", "\x1f\x8b\x08garbage", "bad.csv.gz: the file seems damaged: gzip: unexpected EOF; write or fetch it anew"},
		{"blank.jsonl", "\n\n", "blank.jsonl: jsonl: the file is empty: no object with a number, boolean or string in it"},
		{"blank.csv", "\n\n", "blank.csv: csv: the file is empty: no header line"},
	}
	for _, c := range cases {
		check(t, os.WriteFile(filepath.Join(dir, c.name), []byte(c.content), 0o600))
		_, err := file.Open(filepath.Join(dir, c.name), file.Options{})
		if want := filepath.Join(dir, c.want); err == nil || err.Error() != want {
			t.Errorf("%s\n got %v\nwant %s", c.name, err, want)
		}
	}
	missing := filepath.Join(dir, "missing.csv")
	if _, err := file.Open(missing, file.Options{}); err == nil || err.Error() != missing+": cannot be opened: no such file or directory" {
		t.Errorf("missing file: %v", err)
	}
	if _, err := file.Open(dir, file.Options{}); err == nil || err.Error() != dir+": it is a directory; name the files in it, for example "+filepath.Join(dir, "*.parquet") {
		t.Errorf("directory: %v", err)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	err := file.Options{BatchRows: -1, Format: "xml", Columns: []string{"a", "a"}}.Validate()
	want := "batch rows: -1 is not between 1 and 1048576 (0 stands for 8192)\nformat: \"xml\" is none of arrow, parquet, csv, jsonl\ncolumns: \"a\" is named twice"
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

func gzipped(t require, b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write(b)
	check(t, err)
	check(t, w.Close())
	return out.Bytes()
}

func zstandard(t require, b []byte) []byte {
	w, err := zstd.NewWriter(nil)
	check(t, err)
	return w.EncodeAll(b, nil)
}
