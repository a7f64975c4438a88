package arrowipc

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
)

// fuzzLimits are small, so that what breaks them is found soon; nothing may allocate more than fuzzCap under them. Of that, the decompressors' own
// buffers are the most: an LZ4 frame may ask for blocks of 8 MiB.
var fuzzLimits = Limits{MessageBytes: 1 << 20, DecodedBytes: 2 << 20, Rows: 1 << 14, Fields: 128, Batches: 16}

const fuzzCap = 40 << 20

// seeds are messages that pyarrow and this package's tests wrote, good and hostile.
func seeds(tb testing.TB) [][]byte {
	var out [][]byte
	files, err := filepath.Glob("testdata/*.arrow*")
	if err != nil || len(files) == 0 {
		tb.Fatal("no files of pyarrow's: ", err)
	}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, raw)
	}
	for _, stream := range ofOtherWriters(tb) {
		out = append(out, stream)
	}
	for _, h := range hostileMessages() {
		if len(h.bytes) < 16<<10 {
			out = append(out, h.bytes)
		}
	}
	out = append(out, message(nil), slices.Concat(encodedKeys(), entries().message(), encodedBatch(0, 1).message()))
	return out
}

// victims are decoders that live through many messages, for the columns that the seeds have.
func victims(tb testing.TB) []*Decoder {
	kinds := expectations(tb)["kinds.arrows"]
	all := Projection{Numbers: slices.Sorted(maps.Keys(kinds.Numbers)), Texts: slices.Sorted(maps.Keys(kinds.Texts))}
	few := Projection{Numbers: []string{"float64", "int8", "decimal128", "encoded_float"}, Texts: []string{"view", "string", "encoded_string"}}
	var out []*Decoder
	for _, p := range []Projection{xy, all, few, {Numbers: []string{"x"}}} {
		out = append(out, NewDecoder(p, fuzzLimits))
	}
	return out
}

// attack a decoder with a message: it may refuse it with an *Error, or hand out values that can all be read. It must not panic, nor allocate beyond the
// cap, and it must still do its work afterwards.
func attack(tb testing.TB, d *Decoder, attacker, good []byte) {
	batches, allocated, err := decodeMeasured(d, attacker)
	if allocated > fuzzCap {
		tb.Errorf("%d bytes allocated", allocated)
	}
	var e *Error
	if err != nil && !errors.As(err, &e) {
		tb.Errorf("the error is no *Error: %v", err)
	}
	if e != nil && e.Byte == -1 && e.Reason == reasonBody {
		tb.Errorf("a panic: %v", e)
	}
	rows := int64(0)
	for _, b := range batches {
		readAll(b)
		rows += int64(b.Rows)
	}
	if rows > fuzzLimits.Rows || len(batches) > fuzzLimits.Batches {
		tb.Errorf("%d rows in %d batches", rows, len(batches))
	}
	if d.projection.Texts == nil || d.projection.Texts[0] != "key" {
		return
	}
	after, err := d.Decode(good)
	if err != nil || len(after) != 1 || after[0].Rows != 2 || readAll(after[0]) != 'a'+'b'+'c' {
		tb.Errorf("a good message afterwards: %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s)
	}
	decoders, good := victims(f), message(nil)
	f.Fuzz(func(t *testing.T, message []byte) {
		for _, d := range decoders {
			attack(t, d, message, good)
		}
	})
}

func FuzzStreamReader(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _ = readStream(t, stream) // what it may be is checked in there
		runtime.ReadMemStats(&after)
		if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 2*fuzzCap { // the texts of values, too
			t.Errorf("%d bytes allocated", allocated)
		}
	})
}

// readStream to its end or its error, and each value as text.
func readStream(t testing.TB, stream []byte) (rows int64, err error) {
	r, err := NewStreamReader(bytes.NewReader(stream), fuzzLimits)
	for err == nil {
		rec, failed := r.Next()
		if err = failed; err != nil {
			break
		}
		for i := range int(rec.NumCols()) {
			c := rec.Column(i)
			if c.Len() != int(rec.NumRows()) {
				t.Fatalf("column %d has %d rows of %d", i, c.Len(), rec.NumRows())
			}
			for row := range min(c.Len(), 256) {
				c.ValueStr(row)
			}
		}
		rows += rec.NumRows()
	}
	var e *Error
	if !errors.Is(err, io.EOF) && !errors.As(err, &e) {
		t.Fatalf("the error is no *Error: %v", err)
	}
	if e != nil && e.Byte == -1 {
		t.Fatalf("a panic: %v", e)
	}
	if e != nil && e.Byte > int64(len(stream)) {
		t.Fatalf("byte %d of %d", e.Byte, len(stream))
	}
	return rows, err
}
