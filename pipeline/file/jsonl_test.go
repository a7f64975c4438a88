package file_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/streamfit/streamfit/pipeline/file"
)

func TestJSONLinesTypesAndNulls(t *testing.T) {
	cases := []struct{ name, json, want string }{
		{"numbers", `{"n":1,"x":0.5}` + "\n" + `{"x":1e400,"n":-2}`, "n:int64 x:float64\n1 0.5\n-2 +Inf\n"},
		{"missing and null", `{"n":1}` + "\n" + `{"n":null,"m":2}` + "\n{}\n", "n:int64 m:int64\n1 (null)\n(null) 2\n(null) (null)\n"},
		{"not finite", `{"x":1}` + "\n" + `{"x":"NaN"}` + "\n" + `{"x":"-Infinity"}`, "x:float64\n1\nNaN\n-Inf\n"},
		{"booleans and text", `{"b":true,"s":"true"}` + "\n" + `{"b":false,"s":"007"}`, "b:bool s:utf8\ntrue true\nfalse 007\n"},
		{"times", `{"t":"2024-02-29T12:00:00Z"}`, "t:timestamp[us, tz=UTC]\n2024-02-29 12:00:00Z\n"},
		{"escapes", `{"a\"\\\u00fc":"\ud83d\ude00\n","b,}":"]}"}`, "a\"\\ü:utf8 b,}:utf8\n😀\n ]}\n"},
		{"nested ones are left out", ` { "o" : {"x":[1,"}"]} , "x" : 1 , "l":[] } `, "x:int64\n1\n"},
		{"blank lines, CRLF, mark", "\xef\xbb\xbf" + `{"x":1}` + "\r\n\r\n" + `{"x":2}` + "\r\n", "x:int64\n1\n2\n"},
		{"mixed is text", `{"x":1}` + "\n" + `{"x":"a"}` + "\n" + `{"x":true}`, "x:utf8\n1\na\ntrue\n"},
		{"a string is no null", `{"x":""}` + "\n" + `{"x":"NA"}`, "x:utf8\n\nNA\n"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if d := cmp.Diff(c.want, said(t, open(t, "x.jsonl", []byte(c.json), file.Options{}))); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestJSONLinesFaultsHaveAPlace(t *testing.T) {
	many := strings.Repeat(`{"x":1,"s":"a"}`+"\n", 20_000)
	cases := []struct{ json, want string }{
		{`{"x":1}` + "\n" + `{"x":1,}`, "x.jsonl:2:8: jsonl: not JSON: invalid character '}' looking for beginning of object key string; each line must be one object"},
		{`{"x":1}` + "\n" + `{"x":NaN}`, "x.jsonl:2:6: jsonl: not JSON: invalid character 'N' looking for beginning of value; each line must be one object"},
		{`{"x":1}` + "\n" + `{"x":`, "x.jsonl:2:5: jsonl: not JSON: unexpected end of JSON input; each line must be one object"},
		{`{"x":1}` + "\n" + ` [1]`, `x.jsonl:2:2: jsonl: not a JSON object; each line must be one object, {"name": value, …}`},
		{`{"x":1}` + "\n" + `{"x":1, "x":2}`, `x.jsonl:2:13: jsonl: field "x" is in the object twice`},
		{many + `{"s":"b","x":"12"}`, `x.jsonl:20001:14: jsonl: "12" is not a number, which column "x" holds; a missing value is written as an empty field, NA or null`},
		{many + `{"x":{"y":1}}`, `x.jsonl:20001:6: jsonl: an object or array, where column "x" held number before; flatten it`},
		{many + `{"s":"Z` + "\xfc" + `rich"}`, `x.jsonl:20001:6: jsonl: "Z\xfcrich" in column "s" is not UTF-8; convert the file, for example with iconv -f LATIN1 -t UTF-8`},
		{many + `{"s":"` + strings.Repeat("x", 17<<20) + `"}`, "x.jsonl:20001: jsonl: a line is longer than 16 MiB; is it another format, or is a quote never closed?"},
		{"{", "x.jsonl:1:1: jsonl: not JSON: unexpected end of JSON input; each line must be one object"},
	}
	for _, c := range cases {
		r, err := file.OpenReader("x.jsonl", strings.NewReader(c.json), file.Options{BatchRows: 100_000})
		if err == nil {
			_, _, err = drain(r)
		}
		if err == nil || err.Error() != c.want {
			t.Errorf("%.40q\n got %.200v\nwant %s", c.json[max(0, len(c.json)-40):], err, c.want)
		}
	}
}

// Fields that the sample did not show are ignored, unless they are asked for.
func TestJSONLinesFieldsThatComeLater(t *testing.T) {
	many := strings.Repeat(`{"x":1}`+"\n", 40_000) + `{"late":2,"x":3}` + "\n"
	r := open(t, "x.jsonl", []byte(many), file.Options{})
	got, _, err := drain(r)
	check(t, err)
	if len(got.names) != 1 || got.rows() != 40_001 || *got.cells[0][40_000] != 3 {
		t.Errorf("columns %v, %d rows", got.names, got.rows())
	}
	_, err = file.OpenReader("x.jsonl", strings.NewReader(many), file.Options{Columns: []string{"late"}})
	want := `x.jsonl: jsonl: column "late": there is no such column; the columns are x`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	_, err = file.OpenReader("x.jsonl", strings.NewReader(`{"o":{},"x":1}`), file.Options{Columns: []string{"o"}})
	want = `x.jsonl: jsonl: column "o": it holds objects or arrays, which are not read; flatten them; the columns are x`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
