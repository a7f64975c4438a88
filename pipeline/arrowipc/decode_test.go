package arrowipc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// Once it knows the schema and has its buffers, a decoder allocates nothing, whatever the columns.
func TestDecodeAllocatesNothing(t *testing.T) {
	pyarrow := func(name string) []byte {
		raw, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	floats, err := Encode(nil, numbersRecord(16, 1000), Uncompressed)
	if err != nil {
		t.Fatal(err)
	}
	numbers := []string{"float64", "float32", "float16", "int8", "int64", "bool", "date32", "timestamp_us", "encoded_float", "encoded_int", "nulls"}
	texts := []string{"string", "binary", "encoded_string", "int64", "encoded_int"}
	for _, c := range []struct {
		name    string
		message []byte
		wanted  Projection
		allowed float64
	}{
		{"floats", floats, wanted(16), 0},
		{"unaligned floats", append(make([]byte, 1, 1+len(floats)), floats...)[1:], wanted(16), 0},
		{"numbers", pyarrow("kinds.arrows"), Projection{Numbers: numbers}, 0},
		{"texts", pyarrow("kinds.arrows"), Projection{Texts: texts}, 0},
		{"deltas", pyarrow("deltas.arrows"), xy, 0},
		{"several batches", pyarrow("slices.arrows"), Projection{Numbers: numbers, Texts: texts}, 0},
		{"zstd", pyarrow("kinds_zstd.arrows"), Projection{Numbers: numbers, Texts: texts}, 0},
		{"lz4", pyarrow("kinds_lz4.arrows"), Projection{Numbers: numbers, Texts: texts}, 40}, // the library's pool of block buffers is emptied now and then, and at random under -race
	} {
		t.Run(c.name, func(t *testing.T) {
			d := NewDecoder(c.wanted, DefaultLimits())
			allocated := testing.AllocsPerRun(100, func() {
				batches, err := d.Decode(c.message)
				if err != nil {
					t.Fatal(err)
				}
				for _, b := range batches {
					readAll(b)
				}
			})
			if allocated > c.allowed {
				t.Errorf("%v allocations a message", allocated)
			}
		})
	}
}

// Float64 columns are the message's own bytes, wherever they stand in memory.
func TestDecodeCopiesNothing(t *testing.T) {
	encoded, err := Encode(nil, numbersRecord(2, 100), Uncompressed)
	if err != nil {
		t.Fatal(err)
	}
	for shift := range 8 {
		message := append(make([]byte, shift, shift+len(encoded)), encoded...)[shift:]
		batches, err := NewDecoder(wanted(2), DefaultLimits()).Decode(message)
		if err != nil {
			t.Fatal(err)
		}
		values := batches[0].Numbers[1].Values
		at := bytes.Index(message, binary.LittleEndian.AppendUint64(nil, math.Float64bits(values[99])))
		binary.LittleEndian.PutUint64(message[at:], math.Float64bits(-7))
		if bearsUnaligned && values[99] != -7 || cap(values) != 100 {
			t.Errorf("at %d bytes from alignment the values are a copy: %v, capacity %d", shift, values[99], cap(values))
		}
	}
}

// Thousands of schemas and of shapes of messages leave a decoder no larger than a few did.
func TestDecoderStaysSmall(t *testing.T) {
	d := NewDecoder(Projection{Numbers: []string{"x"}}, DefaultLimits())
	round := func(i int) {
		long := craftedField{name: strings.Repeat("n", 100<<10) + fmt.Sprint(i), kind: typeBool}
		if _, err := d.Decode(schemaMessage(float64Field("x"), long)); err != nil {
			t.Fatal(err)
		}
		wide := craftedBatch{rows: 1 << 16, nodes: [][2]int64{{1 << 16, 0}}, buffers: [][2]int64{{0, 0}, {0, 1 << 16}}, body: make([]byte, 1<<16)}
		narrow := craftedBatch{rows: 1, nodes: [][2]int64{{1, 0}}, buffers: [][2]int64{{0, 0}, {0, 1}}, body: make([]byte, 8)}
		message := slices.Concat(schemaMessage(intField("x", 8)), bytes.Repeat(narrow.message(), i%500), wide.message())
		if _, err := d.Decode(message); err != nil {
			t.Fatal(err)
		}
	}
	size := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := size()
	for i := range 600 {
		round(i)
	}
	if after := size(); after > before+16<<20 {
		t.Errorf("%d bytes more after 600 messages", after-before)
	}
	for batches := 40; batches > 0; batches-- { // what the last batch of a message refers to is let go of with the message
		c := craftedBatch{rows: 1, nodes: [][2]int64{{1, 0}}, buffers: [][2]int64{{0, 0}, {0, 8}}, body: make([]byte, 8)}
		last := c
		last.body = make([]byte, 1<<20)
		message := slices.Concat(schemaMessage(float64Field("x")), bytes.Repeat(c.message(), batches-1), last.message())
		if _, err := d.Decode(message); err != nil {
			t.Fatal(err)
		}
	}
	if after := size(); after > before+16<<20 {
		t.Errorf("%d bytes more after 40 messages of a MiB", after-before)
	}
	big := craftedBatch{rows: 1 << 20, nodes: [][2]int64{{1 << 20, 0}}, buffers: [][2]int64{{0, 0}, {0, 1 << 20}}, body: make([]byte, 1<<20)}
	for _, message := range [][]byte{slices.Concat(schemaMessage(intField("x", 8)), big.message()), schemaMessage(float64Field("x"))} {
		if _, err := d.Decode(message); err != nil {
			t.Fatal(err)
		}
	}
	if kept := 8 * len(d.numbers.block); kept > arenaKeeps {
		t.Errorf("%d bytes kept after a message of 2²⁰ rows", kept)
	}
	if len(d.plans) > plansKept {
		t.Errorf("%d plans kept", len(d.plans))
	}
	runtime.KeepAlive(d)
}

// Messages of different schemas may take turns.
func TestDecodeAlternatingSchemas(t *testing.T) {
	d := NewDecoder(wanted(1), DefaultLimits())
	for range 3 {
		for columns := 1; columns < 40; columns++ {
			message, err := Encode(nil, numbersRecord(columns, 3), Uncompressed)
			if err != nil {
				t.Fatal(err)
			}
			batches, err := d.Decode(message)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := batches[0].Numbers[0].Values, []float64{0, float64(columns) / 8, float64(2*columns) / 8}; !slices.Equal(got, want) {
				t.Fatalf("%d columns: %v, want %v", columns, got, want)
			}
		}
	}
}

func TestDecodeErrorsSayWhatToDo(t *testing.T) {
	for _, c := range []struct {
		wanted Projection
		want   string
	}{
		{Projection{Numbers: []string{"speed"}}, `column at byte 0: there is no column "speed"; there are: "x", "key"`},
		{Projection{Numbers: []string{"key"}}, `type at byte 0: column "key" is of type utf8, which is no number`},
		{Projection{Texts: []string{"x"}}, `type at byte 0: column "x" is of type float (64 bits), which cannot be a key`},
	} {
		_, err := NewDecoder(c.wanted, DefaultLimits()).Decode(message(nil))
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%v, want %s…", err, c.want)
		}
	}
}

// Dictionaries that grow, as arrow-go writes them, keep what earlier batches refer to.
func TestDecodeDeltasOfArrowGo(t *testing.T) {
	kind := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Uint16, ValueType: arrow.BinaryTypes.String}
	schema := arrow.NewSchema([]arrow.Field{{Name: "key", Type: kind, Nullable: true}}, nil)
	var out bytes.Buffer
	w := ipc.NewWriter(&out, ipc.WithSchema(schema), ipc.WithDictionaryDeltas(true))
	var want [][]string
	for batch := range 4 {
		entries, indices := array.NewStringBuilder(memory.DefaultAllocator), array.NewUint16Builder(memory.DefaultAllocator)
		var texts []string
		for i := range 10 * (batch + 1) { // the same entries first, so that each dictionary adds to the one before
			texts = append(texts, fmt.Sprint("key ", i))
			entries.Append(texts[i])
			indices.Append(uint16(i))
		}
		want = append(want, texts)
		column := array.NewDictionaryArray(kind, indices.NewArray(), entries.NewArray())
		if err := w.Write(array.NewRecord(schema, []arrow.Array{column}, int64(column.Len()))); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	batches, err := NewDecoder(Projection{Texts: []string{"key"}}, DefaultLimits()).Decode(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	records, err := Records(out.Bytes(), DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	for k := range want {
		for i, text := range want[k] {
			if got, ok := batches[k].Texts[0].At(i); !ok || string(got) != text {
				t.Errorf("batch %d, row %d: %q, want %q", k, i, got, text)
			}
			if got := records[k].Column(0).ValueStr(i); got != text {
				t.Errorf("record %d, row %d: %q, want %q", k, i, got, text)
			}
		}
	}
}

// A row is null where its index is, and where the entry is.
func TestDecodeNullEntries(t *testing.T) {
	kind := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.PrimitiveTypes.Float64}
	entries, indices := array.NewFloat64Builder(memory.DefaultAllocator), array.NewInt8Builder(memory.DefaultAllocator)
	entries.AppendValues([]float64{1.5, 7, 2.5}, []bool{true, false, true})
	indices.AppendValues([]int8{0, 1, 2, 2}, []bool{true, true, true, false})
	schema := arrow.NewSchema([]arrow.Field{{Name: "x", Type: kind, Nullable: true}}, nil)
	column := array.NewDictionaryArray(kind, indices.NewArray(), entries.NewArray())
	message, err := Encode(nil, array.NewRecord(schema, []arrow.Array{column}, 4), Uncompressed)
	if err != nil {
		t.Fatal(err)
	}
	batches, err := NewDecoder(Projection{Numbers: []string{"x"}}, DefaultLimits()).Decode(message)
	if err != nil {
		t.Fatal(err)
	}
	if c := batches[0].Numbers[0]; !slices.Equal(c.Valid, []byte{0b101}) || c.Values[0] != 1.5 || c.Values[2] != 2.5 {
		t.Errorf("%v, valid %b", c.Values, c.Valid)
	}
}

// Decimals that int64 holds and float64 does not are rounded once.
func TestDecimalsBeyondFloats(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		v, scale := int64(r.Uint64())>>r.IntN(11), int32(r.IntN(26)-2)
		var got [1]float64
		decimals(got[:], binary.LittleEndian.AppendUint64(nil, uint64(v)), 64, scale)
		if want := overPower(big.NewInt(v), scale); got[0] != want {
			t.Fatalf("%d over 10^%d is %v, want %v", v, scale, got[0], want)
		}
	}
}

// Times of more than 2⁵³ units come to within the last place.
func TestSecondsOfManyUnits(t *testing.T) {
	for _, v := range []int64{math.MaxInt64, math.MinInt64, 1<<53 + 1, -1<<53 - 1, 1700000000123456789, -1700000000987654321, 946684799999999999} {
		for _, units := range []int64{1, 1e3, 1e6, 1e9} {
			var got [1]float64
			seconds(got[:], binary.LittleEndian.AppendUint64(nil, uint64(v)), 64, units)
			want := nearest(big.NewInt(v), units)
			if got[0] != want && got[0] != math.Nextafter(want, math.Inf(1)) && got[0] != math.Nextafter(want, math.Inf(-1)) {
				t.Errorf("%d over %d is %v, want %v", v, units, got[0], want)
			}
			if whole := v / units * units; whole/units < 1<<53 && whole/units > -1<<53 {
				seconds(got[:], binary.LittleEndian.AppendUint64(nil, uint64(whole)), 64, units)
				if got[0] != float64(whole/units) {
					t.Errorf("%d over %d is %v", whole, units, got[0])
				}
			}
		}
	}
}

func TestLimits(t *testing.T) {
	encoded, err := Encode(nil, numbersRecord(2, 100), Uncompressed)
	if err != nil {
		t.Fatal(err)
	}
	good := Limits{MessageBytes: int64(len(encoded)), DecodedBytes: 1600, Rows: 100, Fields: 2, Batches: 1}
	decode := func(l Limits) error {
		_, err := NewDecoder(wanted(2), l).Decode(encoded)
		return err
	}
	if err := decode(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Limits){
		"message": func(l *Limits) { l.MessageBytes-- }, "rows": func(l *Limits) { l.Rows-- },
		"fields": func(l *Limits) { l.Fields-- }, "batches": func(l *Limits) { l.Batches-- },
	} {
		less := good
		change(&less)
		var e *Error
		if err := decode(less); !errors.As(err, &e) || e.Reason != reasonLimit {
			t.Errorf("%s: %v", name, err)
		}
	}
	less := good
	less.Rows = 99
	if _, err := Records(encoded, less); err == nil {
		t.Error("100 rows in records where 99 are allowed")
	}
	if encoded, err = Encode(nil, numbersRecord(2, 100), ZSTD); err != nil {
		t.Fatal(err)
	}
	good.MessageBytes = int64(len(encoded))
	if err := decode(good); err != nil {
		t.Fatal(err)
	}
	good.DecodedBytes--
	if err := decode(good); err == nil {
		t.Error("1,600 bytes decompressed where 1,599 are allowed")
	}
}
