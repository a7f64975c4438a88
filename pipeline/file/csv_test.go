package file_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/streamfit/streamfit/pipeline/file"
)

// said is a table as text, a line per row, and the types of its columns.
func said(t testing.TB, r file.Reader) string {
	t.Helper()
	var out strings.Builder
	var types string
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out.String()
		}
		if err != nil {
			return out.String() + err.Error() + "\n"
		}
		var now []string
		for _, f := range rec.Schema().Fields() {
			now = append(now, f.Name+":"+f.Type.String())
		}
		if line := strings.Join(now, " "); line != types {
			types = line
			fmt.Fprintln(&out, types)
		}
		for row := range int(rec.NumRows()) {
			var cells []string
			for _, c := range rec.Columns() {
				cells = append(cells, c.ValueStr(row))
			}
			fmt.Fprintln(&out, strings.Join(cells, " "))
		}
	}
}

func TestCSVTypesAndNulls(t *testing.T) {
	cases := []struct{ name, csv, want string }{
		{"whole numbers", "n,m\n1,-7\n2,\n", "n:int64 m:int64\n1 -7\n2 (null)\n"},
		{"a fraction after whole numbers", "n\n1\nNA\n3.5\n", "n:float64\n1\n(null)\n3.5\n"},
		{"larger than int64", "n\n1\n18446744073709551615\n", "n:float64\n1\n1.8446744073709552e+19\n"},
		{"negative zero stays", "n\n-0\n1\n", "n:float64\n-0\n1\n"},
		{"nulls", "x,t\n1.5,a\nNA,NA\nN/A,\nnull,null\nNone,b\n,c\n", "x:float64 t:utf8\n1.5 a\n(null) NA\n(null) (null)\n(null) null\n(null) b\n(null) c\n"},
		{"not finite", "x\n1\nNaN\ninf\n-Inf\n1e400\n", "x:float64\n1\nNaN\n+Inf\n-Inf\n+Inf\n"},
		{"spaces", " x , y\n 1 ,\t2.5\n", "x:int64 y:float64\n1 2.5\n"},
		{"booleans", "b,c\ntrue,True\nFALSE,NA\n", "b:bool c:bool\ntrue true\nfalse (null)\n"},
		{"times", "t,u,d\n2024-02-29T12:00:00+01:00,2024-02-29 12:00:00.5,2024-02-29\n", "t:timestamp[us, tz=UTC] u:timestamp[us, tz=UTC] d:timestamp[us, tz=UTC]\n2024-02-29 11:00:00Z 2024-02-29 12:00:00.5Z 2024-02-29 00:00:00Z\n"},
		{"mixed is text", "x\n1\ntrue\n", "x:utf8\n1\ntrue\n"},
		{"quotes", "a,\"b \"\"c\"\", d\"\n\"x\ny\",\"1,5\"\n", "a:utf8 b \"c\", d:utf8\nx\ny 1,5\n"},
		{"byte order mark and CRLF", "\xef\xbb\xbfa;b\r\n1;2\r\n\r\n3;4", "a:int64 b:int64\n1 2\n3 4\n"},
		{"tabs", "a\tb,c\n1\t2\n", "a:int64 b,c:int64\n1 2\n"},
		{"separators in the header's text", "a;b, or c, or d\n1;2\n3;4\n", "a:int64 b, or c, or d:int64\n1 2\n3 4\n"},
		{"quoted byte order mark", "\xef\xbb\xbf\"a\",b\n1,2\n", "a:int64 b:int64\n1 2\n"},
		{"no name", ",a,\n0,1,2\n", "column1:int64 a:int64 column3:int64\n0 1 2\n"},
		{"nothing but a header", "a,b\n", ""},
		{"an empty column", "a,b\n,1\n", "a:float64 b:int64\n(null) 1\n"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if d := cmp.Diff(c.want, said(t, open(t, "x.csv", []byte(c.csv), file.Options{}))); d != "" {
				t.Error(d)
			}
		})
	}
}

// Numbers and Texts say what a column is, against what its first lines look like.
func TestCSVColumnsThatAreSpokenFor(t *testing.T) {
	o := file.Options{Texts: []string{"key"}, Numbers: []string{"y"}}
	got := said(t, open(t, "x.csv", []byte("key,y\n007,1\n8,2\n9,x\n"), o))
	if want := "x.csv:4:3: csv: \"x\" is not a number, which column \"y\" holds; a missing value is written as an empty field, NA or null\n"; got != want {
		t.Errorf("got  %swant %s", got, want)
	}
	got = said(t, open(t, "x.csv", []byte("key,y\n007,1\n8,2\n"), o))
	if want := "key:utf8 y:int64\n007 1\n8 2\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// What the sample did not show is decided when it comes, and a record before it is left as it was.
func TestCSVColumnsAfterTheSample(t *testing.T) {
	var b strings.Builder
	b.WriteString("whole,empty,flag\n")
	for range 20_000 {
		b.WriteString("1,,true\n")
	}
	sample := b.Len()
	b.WriteString("2,,true\n0.5,late,false\n")
	r := open(t, "x.csv", []byte(b.String()), file.Options{BatchRows: 20_001})
	got := said(t, r)
	want := "whole:int64 empty:float64 flag:bool\n" + strings.Repeat("1 (null) true\n", 20_000) + "2 (null) true\nwhole:float64 empty:utf8 flag:bool\n0.5 late false\n"
	if got != want {
		t.Errorf("after the sample: %q", got[max(0, len(got)-200):])
	}
	bad := b.String()[:sample] + "3,,maybe\n"
	got = said(t, open(t, "x.csv", []byte(bad), file.Options{BatchRows: 100_000}))
	if want := "x.csv:20002:4: csv: \"maybe\" is not true or false, which column \"flag\" holds; a missing value is written as an empty field, NA or null\n"; got != want {
		t.Errorf("got  %swant %s", got[max(0, len(got)-200):], want)
	}
}

// The last line of the sample may be cut: what is left of it decides nothing.
func TestCSVSampleEndsWithinALine(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("a,b\n")
	for b.Len() < 300_000 {
		b.WriteString(strings.Repeat("1", 90) + "e-90,12th\n")
	}
	r := open(t, "x.csv", b.Bytes(), file.Options{})
	if types := fmt.Sprint(r.Schema().Field(0).Type, r.Schema().Field(1).Type); types != "float64 utf8" {
		t.Errorf("types %s", types)
	}
	if _, _, err := drain(r); err != nil {
		t.Error(err)
	}
}

func TestCSVFaultsHaveAPlace(t *testing.T) {
	cases := []struct{ csv, want string }{
		{"a,b\n1,2\n3\n", "x.csv:3: csv: 1 field, but the header has 2"},
		{"a,b\n1,2\n3,4,5\n", "x.csv:3: csv: 3 fields, but the header has 2"},
		{"a,b\n1,\"x\n", "x.csv:2:6: csv: a quoted field that began in line 2 does not end properly; a quote within it is written twice"},
		{"a,b\n1,x\"y\n", "x.csv:2:4: csv: a quote in a field that does not begin with one; quote the whole field and write the quote twice"},
		{"a,b,a\n1,2,3\n", "x.csv:1:5: csv: column \"a\" is in the header twice, in places 1 and 3; rename one"},
		{"1,2\n3,4\n", "x.csv:1:1: csv: the first line holds nothing but numbers, so the column names are missing; put a header line before it"},
		{"a\nZ\xfcrich\n", "x.csv:2:1: csv: \"Z\\xfcrich\" in column \"a\" is not UTF-8; convert the file, for example with iconv -f LATIN1 -t UTF-8"},
		{"Z\xfcrich\n1\n", "x.csv:1:1: csv: the column name \"Z\\xfcrich\" is not UTF-8; convert the file, for example with iconv -f LATIN1 -t UTF-8"},
		{"a\n\"" + strings.Repeat("x", 17<<20), "x.csv:2: csv: a line is longer than 16 MiB; is it another format, or is a quote never closed?"},
	}
	for _, c := range cases {
		r, err := file.OpenReader("x.csv", strings.NewReader(c.csv), file.Options{})
		if err == nil {
			_, _, err = drain(r)
		}
		if err == nil || err.Error() != c.want {
			t.Errorf("%.40q\n got %v\nwant %s", c.csv, err, c.want)
		}
	}
}

// After an error there is nothing more, and the error stays the same.
func TestErrorsStay(t *testing.T) {
	r := open(t, "x.csv", []byte("a,b\n1,2\n3\n4,5\n"), file.Options{BatchRows: 1})
	if _, err := r.Next(); err != nil {
		t.Fatal(err)
	}
	_, first := r.Next()
	_, second := r.Next()
	if first == nil || !errors.Is(second, first) {
		t.Errorf("%v, then %v", first, second)
	}
}
