package arrowipc

import (
	"bytes"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/decimal256"
	"github.com/apache/arrow/go/v17/arrow/float16"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"pgregory.net/rapid"
)

// columnKind is a type of column with an oracle that is exact and slow: the value as a fraction, or as a text.
type columnKind struct {
	kind   arrow.DataType
	add    func(t *rapid.T, b array.Builder)
	number func(a arrow.Array, i int) float64 // nil: no number
	text   func(a arrow.Array, i int) string  // nil: no text
}

// nearest float64 to a / b.
func nearest(a *big.Int, b int64) float64 {
	f, _ := new(big.Rat).SetFrac(a, big.NewInt(b)).Float64()
	return f
}

// over 10^scale.
func overPower(a *big.Int, scale int32) float64 {
	power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(scale, -scale))), nil)
	if scale < 0 {
		return nearest(new(big.Int).Mul(a, power), 1)
	}
	f, _ := new(big.Rat).SetFrac(a, power).Float64()
	return f
}

var unitsPerSecond = map[arrow.TimeUnit]int64{arrow.Second: 1, arrow.Millisecond: 1e3, arrow.Microsecond: 1e6, arrow.Nanosecond: 1e9}

// primitive is a kind of column whose builder and array are of Go's numbers.
func primitive[T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64](kind arrow.DataType) columnKind {
	shown := func(v T) string {
		if v < 0 {
			return strconv.FormatInt(int64(v), 10)
		}
		return strconv.FormatUint(uint64(v), 10)
	}
	return columnKind{
		kind: kind,
		add: func(t *rapid.T, b array.Builder) {
			v := T(rapid.Uint64().Draw(t, "value"))
			b.(interface{ Append(T) }).Append(v)
		},
		number: func(a arrow.Array, i int) float64 {
			v, _ := new(big.Int).SetString(shown(a.(interface{ Value(int) T }).Value(i)), 10)
			return nearest(v, 1)
		},
		text: func(a arrow.Array, i int) string { return shown(a.(interface{ Value(int) T }).Value(i)) },
	}
}

// timed is a kind of column that counts units of time. Up to 2⁵³ of them are exact.
func timed[T ~int32 | ~int64](kind arrow.DataType, most int64, seconds, units int64) columnKind {
	return columnKind{
		kind: kind,
		add: func(t *rapid.T, b array.Builder) {
			b.(interface{ Append(T) }).Append(T(rapid.Int64Range(-most, most).Draw(t, "value")))
		},
		number: func(a arrow.Array, i int) float64 {
			v := big.NewInt(int64(a.(interface{ Value(int) T }).Value(i)))
			return nearest(v.Mul(v, big.NewInt(seconds)), units)
		},
	}
}

func stringKind(kind arrow.DataType) columnKind {
	return columnKind{
		kind: kind,
		add: func(t *rapid.T, b array.Builder) {
			text := rapid.StringN(0, 20, 40).Draw(t, "text")
			if strings, ok := b.(interface{ Append(string) }); ok {
				strings.Append(text)
			} else {
				b.(interface{ Append([]byte) }).Append([]byte(text))
			}
		},
		text: func(a arrow.Array, i int) string {
			if strings, ok := a.(interface{ Value(int) string }); ok {
				return strings.Value(i)
			}
			return string(a.(interface{ Value(int) []byte }).Value(i))
		},
	}
}

func columnKinds() []columnKind {
	kinds := []columnKind{
		primitive[int8](arrow.PrimitiveTypes.Int8), primitive[int16](arrow.PrimitiveTypes.Int16), primitive[int32](arrow.PrimitiveTypes.Int32),
		primitive[int64](arrow.PrimitiveTypes.Int64), primitive[uint8](arrow.PrimitiveTypes.Uint8), primitive[uint16](arrow.PrimitiveTypes.Uint16),
		primitive[uint32](arrow.PrimitiveTypes.Uint32), primitive[uint64](arrow.PrimitiveTypes.Uint64),
		stringKind(arrow.BinaryTypes.String), stringKind(arrow.BinaryTypes.LargeString), stringKind(arrow.BinaryTypes.Binary),
		stringKind(arrow.BinaryTypes.StringView), stringKind(arrow.BinaryTypes.BinaryView),
		timed[arrow.Date32](arrow.FixedWidthTypes.Date32, math.MaxInt32, 86400, 1), timed[arrow.Date64](arrow.FixedWidthTypes.Date64, 1<<53, 1, 1e3),
		{kind: arrow.Null, add: func(_ *rapid.T, b array.Builder) { b.AppendNull() }, number: func(arrow.Array, int) float64 { return 0 }},
		{
			kind:   arrow.FixedWidthTypes.Boolean,
			add:    func(t *rapid.T, b array.Builder) { b.(*array.BooleanBuilder).Append(rapid.Bool().Draw(t, "value")) },
			number: func(a arrow.Array, i int) float64 { return map[bool]float64{true: 1}[a.(*array.Boolean).Value(i)] },
		},
		{
			kind: arrow.FixedWidthTypes.Float16,
			add: func(t *rapid.T, b array.Builder) {
				b.(*array.Float16Builder).Append(float16.FromBits(rapid.Uint16().Draw(t, "value")))
			},
			number: func(a arrow.Array, i int) float64 { return halfOracle(a.(*array.Float16).Value(i).Uint16()) },
		},
		{
			kind: arrow.PrimitiveTypes.Float32,
			add: func(t *rapid.T, b array.Builder) {
				b.(*array.Float32Builder).Append(math.Float32frombits(rapid.Uint32().Draw(t, "value")))
			},
			number: func(a arrow.Array, i int) float64 { return float64(a.(*array.Float32).Value(i)) },
		},
		{
			kind: arrow.PrimitiveTypes.Float64,
			add: func(t *rapid.T, b array.Builder) {
				b.(*array.Float64Builder).Append(math.Float64frombits(rapid.Uint64().Draw(t, "value")))
			},
			number: func(a arrow.Array, i int) float64 { return a.(*array.Float64).Value(i) },
		},
	}
	for unit, units := range unitsPerSecond {
		kinds = append(kinds, timed[arrow.Timestamp](&arrow.TimestampType{Unit: unit, TimeZone: "UTC"}, 1<<53, 1, units),
			timed[arrow.Duration](&arrow.DurationType{Unit: unit}, 1<<53, 1, units))
		if units <= 1e3 {
			kinds = append(kinds, timed[arrow.Time32](&arrow.Time32Type{Unit: unit}, 86400*units-1, 1, units))
		} else {
			kinds = append(kinds, timed[arrow.Time64](&arrow.Time64Type{Unit: unit}, 86400*units-1, 1, units))
		}
	}
	for _, scale := range []int32{-3, 0, 10, 22, 23, 37} {
		kinds = append(kinds, decimal128Kind(scale), decimal256Kind(2*scale))
	}
	return kinds
}

// halfOracle is the definition. (arrow-go v17 itself takes numbers below 2⁻¹⁴ for 1e-41 and less.)
func halfOracle(v uint16) float64 {
	exponent, fraction, sign := int(v>>10&31), float64(v&1023), 1-2*float64(v>>15)
	switch {
	case exponent == 0:
		return sign * math.Ldexp(fraction, -24)
	case exponent < 31:
		return sign * math.Ldexp(1024+fraction, exponent-25)
	case fraction == 0:
		return math.Inf(int(sign))
	}
	return math.NaN()
}

func TestHalf(t *testing.T) {
	for v := range 1 << 16 {
		got, want := half(uint16(v)), halfOracle(uint16(v))
		if math.Float64bits(got) != math.Float64bits(want) && !(got != got && want != want) {
			t.Fatalf("%04x is %v, want %v", v, got, want)
		}
	}
}

// digitsOf a decimal: small ones and large ones alike.
func digitsOf(t *rapid.T, most int) *big.Int {
	v, _ := new(big.Int).SetString(rapid.StringMatching(fmt.Sprintf("-?[1-9][0-9]{0,%d}", most-1)).Draw(t, "digits"), 10)
	return v
}

func decimal128Kind(scale int32) columnKind {
	return columnKind{
		kind: &arrow.Decimal128Type{Precision: 38, Scale: scale},
		add: func(t *rapid.T, b array.Builder) {
			b.(*array.Decimal128Builder).Append(decimal128.FromBigInt(digitsOf(t, 38)))
		},
		number: func(a arrow.Array, i int) float64 { return overPower(a.(*array.Decimal128).Value(i).BigInt(), scale) },
	}
}

func decimal256Kind(scale int32) columnKind {
	return columnKind{
		kind: &arrow.Decimal256Type{Precision: 76, Scale: scale},
		add: func(t *rapid.T, b array.Builder) {
			b.(*array.Decimal256Builder).Append(decimal256.FromBigInt(digitsOf(t, 76)))
		},
		number: func(a arrow.Array, i int) float64 { return overPower(a.(*array.Decimal256).Value(i).BigInt(), scale) },
	}
}

// drawRecord of some columns and rows, some of them null, perhaps a slice of a larger one.
func drawRecord(t *rapid.T, schema *arrow.Schema, kinds []columnKind) arrow.Record {
	rows := rapid.IntRange(0, 70).Draw(t, "rows")
	nulls := rapid.SampledFrom([]int{0, 1, 5, 10}).Draw(t, "nulls in ten")
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	for i, kind := range kinds {
		for range rows {
			if rapid.IntRange(0, 9).Draw(t, "null") < nulls {
				b.Field(i).AppendNull()
			} else {
				kind.add(t, b.Field(i))
			}
		}
	}
	rec := b.NewRecord()
	begin := rapid.IntRange(0, rows).Draw(t, "begin")
	end := rapid.IntRange(begin, rows).Draw(t, "end")
	if begin == end { // arrow's writer fails on empty slices at the end
		return b.NewRecord()
	}
	return rec.NewSlice(int64(begin), int64(end))
}

var compressions = [][]ipc.Option{nil, {ipc.WithLZ4()}, {ipc.WithZstd()}}

func TestRoundTrip(t *testing.T) {
	all := columnKinds()
	rapid.Check(t, func(t *rapid.T) {
		kinds := rapid.SliceOfN(rapid.SampledFrom(all), 1, 6).Draw(t, "kinds")
		var fields []arrow.Field
		var p Projection
		for i, kind := range kinds {
			name := fmt.Sprint("c", i)
			fields = append(fields, arrow.Field{Name: name, Type: kind.kind, Nullable: true})
			if kind.number != nil && rapid.Bool().Draw(t, "number") {
				p.Numbers = append(p.Numbers, name)
			}
			if kind.text != nil && rapid.Bool().Draw(t, "text") {
				p.Texts = append(p.Texts, name)
			}
		}
		schema := arrow.NewSchema(fields, nil)
		var out bytes.Buffer
		w := ipc.NewWriter(&out, append(rapid.SampledFrom(compressions).Draw(t, "compression"), ipc.WithSchema(schema))...)
		var records []arrow.Record
		for range rapid.IntRange(0, 3).Draw(t, "batches") {
			rec := drawRecord(t, schema, kinds)
			if err := w.Write(rec); err != nil {
				t.Fatal(err)
			}
			records = append(records, rec)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		message := out.Bytes()
		if rapid.Bool().Draw(t, "without an end") {
			message = message[:len(message)-8]
		}
		shift := rapid.IntRange(0, 7).Draw(t, "alignment")
		checkRoundTrip(t, p, kinds, records, append(make([]byte, shift, shift+len(message)), message...)[shift:])
	})
}

func checkRoundTrip(t *rapid.T, p Projection, kinds []columnKind, records []arrow.Record, message []byte) {
	batches, err := NewDecoder(p, DefaultLimits()).Decode(message)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Records(message, DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if len(batches) != len(records) || len(again) != len(records) {
		t.Fatalf("%d batches and %d records of %d", len(batches), len(again), len(records))
	}
	for k, rec := range records {
		if !array.RecordEqual(rec, again[k]) && !holdsNaN(rec) {
			t.Fatalf("record %d is %v, was %v", k, again[k], rec)
		}
		for i, name := range p.Numbers {
			checkNumbers(t, kinds, rec, name, &batches[k].Numbers[i])
		}
		for i, name := range p.Texts {
			checkTexts(t, kinds, rec, name, &batches[k].Texts[i])
		}
	}
}

func holdsNaN(rec arrow.Record) bool {
	for _, c := range rec.Columns() {
		if arrow.IsFloating(c.DataType().ID()) {
			return true
		}
	}
	return false
}

func checkNumbers(t *rapid.T, kinds []columnKind, rec arrow.Record, name string, c *Column) {
	i := rec.Schema().FieldIndices(name)[0]
	a := rec.Column(i)
	null := func(row int) bool { return a.DataType().ID() == arrow.NULL || a.IsNull(row) } // arrow says no of the rows of type null
	if len(c.Values) != a.Len() || c.Valid != nil && a.NullN() == 0 {
		t.Fatalf("%s: %d values of %d, validity %x", name, len(c.Values), a.Len(), c.Valid)
	}
	for row := range a.Len() {
		if null(row) == isSet(c.Valid, row) {
			t.Fatalf("%s: row %d is null: %v", name, row, null(row))
		}
		if null(row) {
			continue
		}
		if want := kinds[i].number(a, row); math.Float64bits(want) != math.Float64bits(c.Values[row]) && want == want {
			t.Fatalf("%s of %v: row %d is %v, want %v", name, a.DataType(), row, c.Values[row], want)
		}
	}
}

func checkTexts(t *rapid.T, kinds []columnKind, rec arrow.Record, name string, c *TextColumn) {
	i := rec.Schema().FieldIndices(name)[0]
	a := rec.Column(i)
	for row := range a.Len() {
		text, ok := c.At(row)
		if ok == a.IsNull(row) || ok && string(text) != kinds[i].text(a, row) {
			t.Fatalf("%s of %v: row %d is %q, %v", name, a.DataType(), row, text, ok)
		}
	}
}
