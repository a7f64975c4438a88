package file_test

import (
	"errors"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/streamfit/streamfit/pipeline/file"
)

// The files are pyarrow's, see testdata/write_parquet.py. The middle row is null throughout.
func TestParquetTypes(t *testing.T) {
	want := map[string][]string{ // type, first value, last value
		"bool":       {"bool", "true", "false"},
		"int8":       {"int8", "-128", "127"},
		"int16":      {"int16", "-32768", "32767"},
		"int32":      {"int32", "-2147483648", "2147483647"},
		"int64":      {"int64", "-9223372036854775808", "9223372036854775807"},
		"uint8":      {"uint8", "0", "255"},
		"uint16":     {"uint16", "0", "65535"},
		"uint32":     {"uint32", "0", "4294967295"},
		"uint64":     {"uint64", "0", "18446744073709551615"},
		"float32":    {"float32", "0.1", "+Inf"},
		"float64":    {"float64", "0.1", "-0"},
		"date":       {"date32", "2024-02-29", "1969-12-31"},
		"time_ms":    {"time32[ms]", "12:30:15.250", "00:00:00.000"},
		"time_us":    {"time64[us]", "12:30:15.250000", "00:00:00.000000"},
		"time_ns":    {"time64[ns]", "12:30:15.250000000", "00:00:00.000000000"},
		"stamp_ms":   {"timestamp[ms]", "2024-02-29 12:30:15.25Z", "1900-01-01 00:00:00Z"},
		"stamp_us":   {"timestamp[us, tz=UTC]", "2024-02-29 12:30:15.25Z", "1900-01-01 00:00:00Z"},
		"stamp_ns":   {"timestamp[ns, tz=UTC]", "2024-02-29 12:30:15.25Z", "1900-01-01 00:00:00Z"},
		"decimal9":   {"decimal(9, 2)", "-1.25", "9999999.99"},
		"decimal38":  {"decimal(38, 3)", "-0.001", "12345678901234567890123456789012345.678"},
		"text":       {"utf8", "Zürich", ""},
		"dictionary": {"utf8", "a", "a"},
	}
	if d := cmp.Diff(want, typesIn(t, "testdata/types.parquet")); d != "" {
		t.Error(d)
	}
	legacy := map[string][]string{
		"float64": want["float64"], "text": want["text"], "int64": want["int64"], "decimal9": want["decimal9"],
		"stamp_ns": {"timestamp[us, tz=UTC]", "2024-02-29 12:30:15.25Z", "1900-01-01 00:00:00Z"},
	}
	if d := cmp.Diff(legacy, typesIn(t, "testdata/legacy.parquet")); d != "" {
		t.Error(d)
	}
}

func typesIn(t *testing.T, path string) map[string][]string {
	t.Helper()
	r, err := file.Open(path, file.Options{})
	check(t, err)
	defer r.Close()
	rec, err := r.Next()
	check(t, err)
	got := map[string][]string{}
	for i, f := range rec.Schema().Fields() {
		column := rec.Column(i)
		if column.IsValid(0) && column.IsNull(1) && column.IsValid(2) {
			got[f.Name] = []string{f.Type.String(), column.ValueStr(0), column.ValueStr(2)}
		}
	}
	if _, err := r.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("after three rows: %v, want the end", err)
	}
	return got
}

func TestNestedParquetColumnsAreRefusedOnlyIfAskedFor(t *testing.T) {
	_, err := file.Open("testdata/types.parquet", file.Options{Columns: []string{"int8", "struct"}})
	want := `testdata/types.parquet: parquet: column "struct": it holds lists, maps or structures, which are not read; flatten it; the columns are ` +
		"bool, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float32, float64, date, time_ms, time_us, time_ns, " +
		"stamp_ms, stamp_us, stamp_ns, decimal9, decimal38, text, dictionary"
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}
