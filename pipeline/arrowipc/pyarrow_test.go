package arrowipc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	flatbuffers "github.com/google/flatbuffers/go"
)

// expectation of a file that pyarrow wrote; testdata/write.py says more.
type expectation struct {
	Rows    []int                `json:"rows"`
	Numbers map[string][]any     `json:"numbers"`
	Texts   map[string][]*string `json:"texts"`
}

func expectations(t testing.TB) map[string]expectation {
	raw, err := os.ReadFile("testdata/expected.json")
	if err != nil {
		t.Fatal(err)
	}
	var all struct{ Files map[string]expectation }
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	return all.Files
}

func TestDecodeFilesOfPyarrow(t *testing.T) {
	for name, want := range expectations(t) {
		if filepath.Ext(name) != ".arrows" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			message, err := os.ReadFile("testdata/" + name)
			if err != nil {
				t.Fatal(err)
			}
			p := Projection{Numbers: slices.Sorted(maps.Keys(want.Numbers)), Texts: slices.Sorted(maps.Keys(want.Texts))}
			d := NewDecoder(p, DefaultLimits())
			for range 2 { // with a schema that is new, and with one that is known
				batches, err := d.Decode(message)
				if err != nil {
					t.Fatal(err)
				}
				checkBatches(t, p, batches, want)
			}
		})
	}
}

func checkBatches(t *testing.T, p Projection, batches []Batch, want expectation) {
	if len(batches) != len(want.Rows) {
		t.Fatalf("%d batches, want %d", len(batches), len(want.Rows))
	}
	at := 0
	for k, b := range batches {
		if b.Rows != want.Rows[k] {
			t.Fatalf("batch %d: %d rows, want %d", k, b.Rows, want.Rows[k])
		}
		for row := range b.Rows {
			for i, name := range p.Numbers {
				if got, want := shownNumber(&b.Numbers[i], row), wantedNumber(t, want.Numbers[name][at+row]); got != want && !nearTimes(name, got, want) {
					t.Errorf("column %s, batch %d, row %d: %s, want %s", name, k, row, got, want)
				}
			}
			for i, name := range p.Texts {
				got, ok := b.Texts[i].At(row)
				if want := want.Texts[name][at+row]; ok != (want != nil) || ok && string(got) != *want {
					t.Errorf("column %s, batch %d, row %d: %q %v, want %v", name, k, row, got, ok, want)
				}
			}
		}
		at += b.Rows
	}
}

func shownNumber(c *Column, row int) string {
	if !isSet(c.Valid, row) {
		return "null"
	}
	return strings.ToLower(strconv.FormatFloat(c.Values[row], 'g', -1, 64))
}

func wantedNumber(t *testing.T, v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return map[string]string{"nan": "nan", "inf": "+inf", "-inf": "-inf"}[v]
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	t.Fatalf("unexpected %v", v)
	return ""
}

// nearTimes tells whether two numbers of nanoseconds, of which there are more than 2⁵³, are neighbours.
func nearTimes(column, got, want string) bool {
	g, _ := strconv.ParseFloat(got, 64)
	w, _ := strconv.ParseFloat(want, 64)
	return strings.HasSuffix(column, "_ns") && math.Abs(w) > 1e9 && (g == math.Nextafter(w, g))
}

// What the stream reader makes of a file or stream is encoded again, and decodes to the same.
func TestStreamReaderFilesOfPyarrow(t *testing.T) {
	for name, want := range expectations(t) {
		t.Run(name, func(t *testing.T) {
			raw, err := os.ReadFile("testdata/" + name)
			if err != nil {
				t.Fatal(err)
			}
			r, err := NewStreamReader(bytes.NewReader(raw), DefaultLimits())
			if err != nil {
				t.Fatal(err)
			}
			known := func(name string) bool {
				f, _ := r.Schema().FieldsByName(name)
				_, unknown := f[0].Type.(*arrow.StructType)
				return !unknown
			}
			maps.DeleteFunc(want.Numbers, func(name string, _ []any) bool { return !known(name) })
			maps.DeleteFunc(want.Texts, func(name string, _ []*string) bool { return !known(name) })
			p := Projection{Numbers: slices.Sorted(maps.Keys(want.Numbers)), Texts: slices.Sorted(maps.Keys(want.Texts))}
			at := 0
			for k := 0; ; k++ {
				rec, err := r.Next()
				if errors.Is(err, io.EOF) {
					if k != len(want.Rows) {
						t.Fatalf("%d batches, want %d", k, len(want.Rows))
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				message, err := Encode(nil, rec, Uncompressed)
				if err != nil {
					t.Fatal(err)
				}
				batches, err := NewDecoder(p, DefaultLimits()).Decode(message)
				if err != nil {
					t.Fatal(err)
				}
				part := expectation{Rows: want.Rows[k : k+1], Numbers: map[string][]any{}, Texts: map[string][]*string{}}
				for name, values := range want.Numbers {
					part.Numbers[name] = values[at:]
				}
				for name, values := range want.Texts {
					part.Texts[name] = values[at:]
				}
				checkBatches(t, p, batches, part)
				at += want.Rows[k]
			}
		})
	}
}

func TestSchemaOfPyarrow(t *testing.T) {
	message, err := os.ReadFile("testdata/kinds.arrows")
	if err != nil {
		t.Fatal(err)
	}
	s, err := Schema(message, DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := s.Metadata().GetValue("made"); got != "pyarrow" {
		t.Errorf("the schema's metadata are %v", s.Metadata())
	}
	for name, want := range map[string]string{
		"uint16": "uint16", "float16": "float16", "decimal256": "decimal256(76, 20)", "timestamp_us": "timestamp[us, tz=UTC]", "time64_ns": "time64[ns]",
		"encoded_string": "dictionary<values=utf8, indices=uint8, ordered=false>", "view": "string_view", "nulls": "null", "nested_list": "struct<>",
	} {
		f, ok := s.FieldsByName(name)
		if !ok || f[0].Type.String() != want {
			t.Errorf("column %s is of type %v, want %s", name, f, want)
		}
		if got := fmt.Sprint(f[0].Metadata); name == "float64" && !strings.Contains(got, "unit") {
			t.Errorf("column %s has the metadata %s", name, got)
		}
	}
	names, err := NumericColumns(message, DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(names, "encoded_int") || slices.Contains(names, "date32") || slices.Contains(names, "nested_list") {
		t.Errorf("the numeric columns are %v", names)
	}
}

// What arrow-go's arrays would panic on when they show a value is said otherwise, or not at all.
func TestSchemaThatArrowGoCannotShow(t *testing.T) {
	decimal := func(name string, bits, precision, scale int32) craftedField {
		return craftedField{name: name, kind: typeDecimal, parameters: func(b *flatbuffers.Builder) {
			b.PrependInt32Slot(0, precision, 0)
			b.PrependInt32Slot(1, scale, 0)
			b.PrependInt32Slot(2, bits, 128)
		}}
	}
	zoned := timestampField("zoned", "Mars/Phobos")
	s, err := Schema(schemaMessage(zoned, decimal("far", 128, 38, 39), decimal("near", 128, 38, -38), decimal("wide", 256, 77, 0), decimal("short", 64, 18, 2)), DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"timestamp[s, tz=UTC]", "struct<>", "decimal(38, -38)", "struct<>", "struct<>"} {
		if got := s.Field(i).Type.String(); got != want {
			t.Errorf("column %s is of type %s, want %s", s.Field(i).Name, got, want)
		}
	}
}
