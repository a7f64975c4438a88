package arrowipc

import (
	"maps"
	"math"
	"os"
	"testing"
)

// Streams of other writers than Arrow's own in Go and C++: arrow-rs, polars, nanoarrow (testdata/write_others.py) and Arrow's in Java (testdata/java). All wrote the
// same table.
func TestDecodeStreamsOfOtherWriters(t *testing.T) {
	streams := ofOtherWriters(t)
	if len(streams) != 10 {
		t.Errorf("%d streams", len(streams))
	}
	for name, stream := range streams {
		t.Run(name, func(t *testing.T) {
			d := NewDecoder(Projection{Numbers: []string{"float64", "nulls", "int32", "uint8", "float32", "bool"}, Texts: []string{"text"}}, DefaultLimits())
			batches, err := d.Decode(stream)
			if err != nil || len(batches) != 1 || batches[0].Rows != 7 {
				t.Fatalf("%d batches, %v", len(batches), err)
			}
			b := batches[0]
			texts := []string{"a", "", "ccc", "a text that does not fit inline", "", "f", "g"}
			for i := range 7 {
				x := float64(i)
				want := []float64{x / 2, x, x - 3, x, x / 4, 1 - math.Mod(x, 2)}
				for k, c := range b.Numbers {
					null := k == 1 && i%3 == 1
					if isSet(c.Valid, i) == null || !null && c.Values[i] != want[k] {
						t.Errorf("column %d, row %d: %v, want %v (null: %v)", k, i, c.Values[i], want[k], null)
					}
				}
				if text, ok := b.Texts[0].At(i); ok != (i != 4) || string(text) != texts[i] {
					t.Errorf("text of row %d: %q, %v", i, text, ok)
				}
			}
		})
	}
}

func ofOtherWriters(tb testing.TB) map[string][]byte {
	tb.Helper()
	streams := map[string][]byte{}
	for _, name := range []string{"testdata/others.zip", "testdata/java.zip"} {
		archive, err := os.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		maps.Copy(streams, unzipped(tb, archive))
	}
	return streams
}
