package pipeline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/streamfit/streamfit/estimator"
	"github.com/streamfit/streamfit/internal/hostile"
	"github.com/streamfit/streamfit/pipeline/arrowipc"
)

// among puts attacks between the messages of a stream, one after each.
func among(good []Message, attacks [][]byte) []Message {
	var out []Message
	for i, m := range good {
		out = append(out, m, Message{Value: attacks[i%len(attacks)]})
	}
	return numbered(out)
}

// without fields of an update in which a run with attacks may differ from one without.
func without(t testing.TB, value []byte, fields ...string) string {
	t.Helper()
	var u map[string]json.RawMessage
	if err := json.Unmarshal(value, &u); err != nil {
		t.Fatalf("%v: %.200s", err, value)
	}
	for _, f := range fields {
		delete(u, f)
	}
	out, err := json.Marshal(u)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// Between crafted attacks, the rows of good messages are learned to the same bits as without; each attack is a dead letter as it was, none is missing, and
// memory stays where it was.
func TestAttacksChangeNoBitAndNoneIsLost(t *testing.T) {
	attacks := hostile.Corpus(t, "arrowipc/testdata/hostile.zip")
	if len(attacks) < 60 {
		t.Fatalf("only %d attacks", len(attacks))
	}
	good := makeTable(4000, 21).every(t, 10)
	want := without(t, uninterrupted(t, good), "position", "dead_letters")
	w := world{cfg: testConfig(), source: memorySource{messages: among(good, attacks), perFetch: 7}}
	before := heap()
	w.mustRun(t)
	if after := heap(); after > before+32<<20 {
		t.Errorf("the heap grew from %d to %d bytes", before, after)
	}
	if got := without(t, w.output.newest(), "position", "dead_letters"); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	if len(w.deadLetters.records) != len(good) {
		t.Fatalf("%d dead letters of %d attacks", len(w.deadLetters.records), len(good))
	}
	for i, r := range w.deadLetters.records {
		if !bytes.Equal(r.Value, attacks[i%len(attacks)]) {
			t.Fatalf("dead letter %d is not the message that came", i)
		}
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// column of a message that a test makes.
type column struct {
	name   string
	values arrow.Array
}

func floats(values ...float64) arrow.Array {
	b := array.NewFloat64Builder(memory.DefaultAllocator)
	b.AppendValues(values, nil)
	return b.NewArray()
}

func same(n int, v float64) arrow.Array { return floats(slices.Repeat([]float64{v}, n)...) }

func encoded(t testing.TB, columns ...column) []byte {
	t.Helper()
	var fields []arrow.Field
	var arrays []arrow.Array
	for _, c := range columns {
		fields = append(fields, arrow.Field{Name: c.name, Type: c.values.DataType()})
		arrays = append(arrays, c.values)
	}
	value, err := arrowipc.Encode(nil, array.NewRecord(arrow.NewSchema(fields, nil), arrays, int64(arrays[0].Len())), arrowipc.Uncompressed)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// Messages that are right and absurd: what must not change the model does not change a bit of it, whatever else they are.
func TestAbsurdMessages(t *testing.T) {
	const n = 200
	nan, inf := math.NaN(), math.Inf(1)
	for name, c := range map[string]struct {
		attacks func(i int) []byte
		skipped uint64 // rows of an attack that are counted as not finite
		letters bool   // it is a dead letter
	}{
		"NaN storm": {func(int) []byte {
			return encoded(t, column{"y", same(n, 1)}, column{"a", same(n, nan)}, column{"b", same(n, 1)})
		}, n, false},
		"inf targets": {func(int) []byte {
			return encoded(t, column{"y", same(n, inf)}, column{"a", same(n, 1)}, column{"b", same(n, -inf)})
		}, n, false},
		"no rows": {func(int) []byte {
			return encoded(t, column{"y", floats()}, column{"a", floats()}, column{"b", floats()})
		}, 0, false},
		"a hundred batches of no rows": {func(int) []byte {
			empty := encoded(t, column{"y", floats()}, column{"a", floats()}, column{"b", floats()})
			schema, batch := split(t, empty)
			return slices.Concat(schema, bytes.Repeat(batch, 100))
		}, 0, false},
		"a schema of its own, NaN": {func(i int) []byte {
			return encoded(t, column{fmt.Sprint("extra ", i), floats(1)}, column{"y", floats(nan)}, column{"a", floats(1)}, column{"b", floats(1)})
		}, 1, false},
		"a million rows of nothing": {func(int) []byte { return encoded(t, column{"z", same(1_000_000, 0)}) }, 0, true},
		"4,000 columns": {func(int) []byte {
			columns := make([]column, 4000)
			for i := range columns {
				columns[i] = column{fmt.Sprint("c", i), floats(1)}
			}
			return encoded(t, columns...)
		}, 0, true},
		"a huge dictionary, NaN": {func(int) []byte { return dictionary(t, 200_000) }, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			good := makeTable(2000, 22).every(t, 100)
			want := without(t, uninterrupted(t, good), "position", "dead_letters", "rows")
			attacks := make([][]byte, len(good))
			for i := range attacks {
				attacks[i] = c.attacks(i)
			}
			w := world{cfg: testConfig(), source: memorySource{messages: among(good, attacks)}}
			w.mustRun(t)
			if got := without(t, w.output.newest(), "position", "dead_letters", "rows"); got != want {
				t.Errorf("\n got %s\nwant %s", got, want)
			}
			var u Update
			if err := json.Unmarshal(w.output.newest(), &u); err != nil {
				t.Fatal(err)
			}
			if letters := uint64(len(w.deadLetters.records)); u.Rows.Skipped.NonFinite != c.skipped*uint64(len(good)) || c.letters != (letters == uint64(len(good))) || u.DeadLetters != letters {
				t.Errorf("%d rows skipped, %d dead letters of %d attacks", u.Rows.Skipped.NonFinite, letters, len(good))
			}
		})
	}
}

// split an encoded message of one batch into its schema and its batch, without the end mark.
func split(t testing.TB, message []byte) (schema, batch []byte) {
	t.Helper()
	metadata := int(uint32(message[4]) | uint32(message[5])<<8 | uint32(message[6])<<16 | uint32(message[7])<<24)
	at := 8 + metadata
	return message[:at], bytes.TrimSuffix(message[at:], []byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0})
}

// dictionary of so many entries, of which one is used, in a row whose target is no number.
func dictionary(t testing.TB, entries int) []byte {
	t.Helper()
	indices := array.NewInt32Builder(memory.DefaultAllocator)
	indices.Append(int32(entries - 1))
	typ := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.PrimitiveTypes.Float64}
	return encoded(t, column{"y", floats(math.NaN())}, column{"a", array.NewDictionaryArray(typ, indices.NewArray(), same(entries, 1))}, column{"b", floats(1)})
}

// A message of 10 MB is learned from as if it had come in pieces.
func TestAMessageOf10MB(t *testing.T) {
	rows := makeTable(430_000, 23)
	whole := rows.every(t, len(rows.y))
	if size := len(whole[0].Value); size < 10_000_000 {
		t.Fatalf("only %d bytes", size)
	}
	want := withoutPosition(t, uninterrupted(t, rows.every(t, 10_000)))
	if got := withoutPosition(t, uninterrupted(t, whole)); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

// No row, however large its numbers, makes a number of an update anything but finite or null, and the model goes on learning afterwards.
func TestHugeNumbersPoisonNothing(t *testing.T) {
	for _, solver := range []string{"newton", "asgd", "sgd", "tracking"} {
		for _, huge := range []float64{1e12, 1e154, 1e300, math.MaxFloat64, 5e-324} {
			t.Run(fmt.Sprint(solver, " ", huge), func(t *testing.T) {
				good := makeTable(4000, 24).every(t, 100)
				var messages []Message
				for i, m := range good {
					sign := float64(1 - i%2*2)
					attack := [][]byte{
						encoded(t, column{"y", floats(sign * huge)}, column{"a", floats(1)}, column{"b", floats(1)}),
						encoded(t, column{"y", floats(1)}, column{"a", floats(sign * huge)}, column{"b", floats(-sign * huge)}),
						encoded(t, column{"y", floats(sign * huge)}, column{"a", floats(huge)}, column{"b", floats(sign * huge)}),
					}[i%3]
					messages = append(messages, m, Message{Value: attack})
				}
				w := world{cfg: testConfig(), source: memorySource{messages: numbered(messages)}}
				w.cfg.Model.Solver = solver
				if solver == "sgd" {
					w.cfg.Model.Loss, w.cfg.Model.Leverage = "huber", estimator.Leverage{Off: true}
					if err := w.cfg.Model.Delta.UnmarshalText([]byte("1")); err != nil {
						t.Fatal(err)
					}
				}
				w.mustRun(t)
				for _, r := range w.output.records {
					var u Update
					if err := json.Unmarshal(r.Value, &u); err != nil {
						t.Fatalf("%v: %s", err, r.Value)
					}
					for _, c := range append(u.Coefficients, NamedInterval{"(intercept)", u.Intercept}) {
						if v := float64(c.Value); math.IsInf(v, 0) || math.IsNaN(v) && u.Status != "degenerate" && u.Status != "warmup" {
							t.Fatalf("%s is %v, status %s", c.Name, v, u.Status)
						}
					}
				}
				if solver != "newton" || huge == 5e-324 {
					return
				}
				var u Update
				if err := json.Unmarshal(w.output.newest(), &u); err != nil {
					t.Fatal(err)
				}
				if a := float64(u.Coefficients[0].Value); !(math.Abs(a-2) < 0.01) {
					t.Errorf("%d rows of %v among 4,000: a is %v, status %s, %d guarded", len(good), huge, a, u.Status, u.Rows.Guarded)
				}
			})
		}
	}
}

// From a feature that becomes constant, or explodes by 1e12, the guard and the status say so.
func TestAFeatureThatBreaksIsTold(t *testing.T) {
	rows := makeTable(6000, 25)
	for i := range rows.a[3000:] {
		rows.a[3000+i] *= 1e12
	}
	var u Update
	for _, leverage := range []estimator.Leverage{{Auto: true}, {Cap: 10}} {
		w := world{cfg: testConfig(), source: memorySource{messages: rows.every(t, 500)}}
		w.cfg.Model.Leverage = leverage
		w.mustRun(t)
		if err := json.Unmarshal(w.output.newest(), &u); err != nil {
			t.Fatal(err)
		}
		t.Logf("exploded by 1e12 half-way, leverage %+v: status %s, %d of 6,000 guarded, a %v, b %v", leverage, u.Status, u.Rows.Guarded, u.Coefficients[0].Value, u.Coefficients[1].Value)
		if a := float64(u.Coefficients[0].Value); u.Rows.Guarded < 3000 || !(math.Abs(a-2) < 0.01) {
			t.Errorf("leverage %+v: a is %v, %d guarded", leverage, a, u.Rows.Guarded)
		}
		if leverage.Auto && (u.Status != "degenerate" || !slices.Equal(u.Far, []string{"a"})) {
			t.Errorf("status %s, far %v", u.Status, u.Far)
		}
	}
	rows = makeTable(3000, 26)
	for i := range rows.a {
		rows.a[i] = 7
	}
	w := world{cfg: testConfig(), source: memorySource{messages: rows.every(t, 500)}}
	w.mustRun(t)
	if err := json.Unmarshal(w.output.newest(), &u); err != nil {
		t.Fatal(err)
	}
	if u.Status != "degenerate" {
		t.Errorf("a constant feature: status %s", u.Status)
	}
}

// Times beyond what a date can be move no clock.
func TestTimesOutOfRange(t *testing.T) {
	times := func(values ...arrow.Timestamp) arrow.Array {
		b := array.NewTimestampBuilder(memory.DefaultAllocator, &arrow.TimestampType{Unit: arrow.Second})
		b.AppendValues(values, nil)
		return b.NewArray()
	}
	message := func(at arrow.Timestamp) Message {
		return Message{Value: encoded(t, column{"y", floats(1)}, column{"a", floats(1)}, column{"b", floats(1)}, column{"t", times(at)})}
	}
	w := world{cfg: testConfig(), source: memorySource{messages: numbered([]Message{message(1_700_000_000), message(math.MaxInt64), message(math.MinInt64), message(1_600_000_000)})}}
	w.cfg.Model.Time = "t"
	w.mustRun(t)
	if got := string(w.output.newest()); !strings.Contains(got, `"event_time":"2023-11-14T22:13:20Z"`) {
		t.Errorf("got %s", got)
	}
}
