package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"pgregory.net/rapid"

	"github.com/streamfit/streamfit/estimator"
	"github.com/streamfit/streamfit/pipeline/arrowipc"
)

// keyedTable is a table whose rows belong to keys.
type keyedTable struct {
	table
	key []string // "\x00": null
}

func makeKeyedTable(n, keys int, seed uint64) keyedTable {
	r := rand.New(rand.NewPCG(seed, 3))
	t := keyedTable{table: makeTable(n, seed)}
	for i := range n {
		k := r.IntN(keys)
		t.key = append(t.key, fmt.Sprintf("k/%d@", k)) // with the marks that state keys are made with
		t.y[i] += float64(100 * k)
	}
	return t
}

// jumping rows of a key: after the 1,400th the level is another.
func jumping(key string, n int) keyedTable {
	t := makeKeyedTable(n, 1, 8)
	for i := range n {
		t.key[i] = key
		if i >= 1400 {
			t.y[i] += 1000
		}
	}
	return t
}

func (t *keyedTable) append(more keyedTable) {
	t.y, t.a, t.b, t.key = append(t.y, more.y...), append(t.a, more.a...), append(t.b, more.b...), append(t.key, more.key...)
}

// An alarm is seen whether its model is in memory, put away, or taken up by a restart, until it is a thousand rows old.
func TestAlarmsOfKeysOutliveARestart(t *testing.T) {
	rows := jumping("moved", 1500)
	rows.append(makeKeyedTable(100, 5, 9)) // puts it away
	calm := jumping("moved", 1400)
	for i := range calm.y {
		calm.y[i] += 1000
	}
	before := len(rows.y) / 100
	rows.append(calm)
	messages := rows.every(t, 100)
	w := world{cfg: keyedConfig(), source: memorySource{messages: messages[:before]}}
	w.cfg.Model.OnDrift = estimator.DriftAdapt
	for _, what := range []string{"put away", "taken up again"} {
		s := w.shard()
		if err := s.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		page, err := s.page(KeyQuery{Alarmed: true, Limit: 2})
		s.Close()
		if err != nil || len(page) != 1 || page[0].Place.Key != "moved" || !page[0].Update.Drift.Alarm {
			t.Errorf("%s: alarmed are %v, %v", what, page, err)
		}
	}
	w.source.messages = messages
	s := w.shard()
	defer s.Close()
	if err := s.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.keys.lookAtAll()
	if key := s.keys.byName["moved"]; key.lastAlarm == 0 || key.alarmed() {
		t.Errorf("its last alarm was at row %d of %d, alarmed %v", key.lastAlarm, key.learned, key.alarmed())
	}
}

var keyedSchema = arrow.NewSchema(append(tableSchema.Fields(), arrow.Field{Name: "k", Type: arrow.BinaryTypes.String, Nullable: true}), nil)

func (t keyedTable) message(tb testing.TB, i, j int) Message {
	tb.Helper()
	var columns []arrow.Array
	for _, values := range [][]float64{t.y[i:j], t.b[i:j], t.a[i:j]} {
		b := array.NewFloat64Builder(memory.DefaultAllocator)
		b.AppendValues(values, nil)
		columns = append(columns, b.NewArray())
	}
	keys := array.NewStringBuilder(memory.DefaultAllocator)
	for _, k := range t.key[i:j] {
		if k == "\x00" {
			keys.AppendNull()
		} else {
			keys.Append(k)
		}
	}
	rec := array.NewRecord(keyedSchema, append(columns, keys.NewArray()), int64(j-i))
	value, err := arrowipc.Encode(nil, rec, arrowipc.Uncompressed)
	if err != nil {
		tb.Fatal(err)
	}
	return Message{Value: value}
}

func (t keyedTable) cut(tb testing.TB, ends ...int) []Message {
	tb.Helper()
	return cutRows(tb, t.message, append(ends, len(t.y)))
}

func (t keyedTable) every(tb testing.TB, n int) []Message {
	return t.cut(tb, endsEvery(n, len(t.y))...)
}

func keyedConfig() Config {
	cfg := testConfig()
	cfg.Model.Scope, cfg.Model.Key, cfg.Model.WarmUp = scopeKey, "k", WarmUp{Rows: 32}
	cfg.State.HotKeys = 2
	cfg.Output.EveryRows = 40
	return cfg
}

// alone is what each key's model would be of its own rows alone: its update without what only the shard knows.
func (t keyedTable) alone(tb testing.TB, cfg Config) map[string]string {
	tb.Helper()
	out := map[string]string{}
	for key := range slices.Values(slices.Compact(slices.Sorted(slices.Values(t.key)))) {
		m, err := estimator.New(cfg.Estimator(cfg.Model.Features))
		if err != nil {
			tb.Fatal(err)
		}
		s := &Shard{cfg: cfg}
		m.SetInterval(s.interval())
		for i, k := range t.key {
			if k == key {
				m.Learn(nil, estimator.Columns{Rows: 1, Features: [][]float64{t.a[i : i+1], t.b[i : i+1]}, Target: t.y[i : i+1]})
			}
		}
		u := s.describe(m.Report())
		u.Key = &key
		out[key] = marshalled(tb, u)
	}
	return out
}

func marshalled(tb testing.TB, u *Update) string {
	tb.Helper()
	value, err := json.Marshal(u)
	if err != nil {
		tb.Fatal(err)
	}
	return withoutPosition(tb, value)
}

// runKeys of the world to the end, and what every key's model is then.
func (w *world) runKeys(tb testing.TB) map[string]string {
	tb.Helper()
	s := w.shard()
	defer s.Close()
	if err := s.Run(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	out := map[string]string{}
	if err := s.EachKey(func(u *Update) error { out[*u.Key] = marshalled(tb, u); return nil }); err != nil {
		tb.Fatal(err)
	}
	return out
}

func sameKeys(t interface{ Fatalf(string, ...any) }, what string, got, want map[string]string) {
	if len(got) != len(want) {
		t.Fatalf("%s: %d keys, want %d", what, len(got), len(want))
	}
	for key, w := range want {
		if got[key] != w {
			t.Fatalf("%s: key %s:\n got %s\nwant %s", what, key, got[key], w)
		}
	}
}

func TestEachKeyIsTheModelOfItsOwnRowsHoweverTheyAreMixedAndCut(t *testing.T) {
	rows := makeKeyedTable(1500, 7, 1)
	want := rows.alone(t, keyedConfig())
	rapid.Check(t, func(rt *rapid.T) {
		ends := rapid.SliceOfN(rapid.IntRange(1, 1499), 0, 20).Draw(rt, "ends")
		slices.Sort(ends)
		w := world{cfg: keyedConfig(), source: memorySource{messages: rows.cut(t, ends...)}, stateless: rapid.Bool().Draw(rt, "stateless")}
		w.cfg.State.HotKeys = rapid.IntRange(1, 8).Draw(rt, "hot")
		sameKeys(rt, fmt.Sprintf("cut at %v", ends), w.runKeys(t), want)
	})
}

func TestKilledAnywhereEachKeyIsThatOfOnePass(t *testing.T) {
	rows := makeKeyedTable(1300, 6, 2)
	messages := rows.every(t, 50)
	want := rows.alone(t, keyedConfig())
	rapid.Check(t, func(rt *rapid.T) {
		w := world{cfg: keyedConfig(), source: memorySource{messages: messages, perFetch: rapid.IntRange(1, 5).Draw(rt, "perFetch")}}
		w.cfg.State.HotKeys = rapid.IntRange(1, 8).Draw(rt, "hot")
		kills := rapid.SliceOfN(rapid.IntRange(0, 60), 0, 6).Draw(rt, "writes until the kill")
		for _, writes := range kills {
			w.killAfter(writes)
			s := w.shard()
			if err := s.Run(t.Context()); err != nil && !errors.Is(err, errCrash) {
				rt.Fatal(err)
			}
			s.Close()
			if rapid.Bool().Draw(rt, "compact") {
				w.state.compact()
			}
		}
		w.killAfter(math.MaxInt)
		sameKeys(rt, fmt.Sprintf("killed after %v", kills), w.runKeys(t), want)
		newest, at := map[string]string{}, map[string][]byte{}
		for _, r := range w.output.records {
			var u Update
			if err := json.Unmarshal(r.Value, &u); err != nil {
				rt.Fatal(err)
			}
			if string(r.Key) != "m/"+*u.Key {
				rt.Fatalf("an update of key %s under %s", *u.Key, r.Key)
			}
			place := fmt.Sprintf("%s at %d", r.Key, u.Position["rows"]["0"])
			if before := at[place]; before != nil && !bytes.Equal(before, r.Value) {
				rt.Fatalf("two updates of %s:\n%s\n%s", place, before, r.Value)
			}
			at[place], newest[*u.Key] = r.Value, withoutPosition(t, r.Value)
		}
		sameKeys(rt, "published", newest, want)
		w.state.compact()
		if n := len(w.state.records); n != len(want)+1 {
			rt.Fatalf("the compacted state topic has %d records for %d keys and the partition", n, len(want))
		}
	})
}

// A zombie goes on to write records of keys under its old epoch, later and earlier ones than the owner's; compaction does its worst. Nothing is lost or doubled.
func TestAZombieOfManyKeysNeverWins(t *testing.T) {
	rows := makeKeyedTable(1200, 5, 3)
	messages := rows.every(t, 60)
	rapid.Check(t, func(rt *rapid.T) {
		first, second, third := rapid.IntRange(1, 15).Draw(rt, "first"), rapid.IntRange(1, 18).Draw(rt, "second"), rapid.IntRange(1, 19).Draw(rt, "zombie")
		w := world{cfg: keyedConfig(), source: memorySource{messages: messages[:first]}}
		w.runKeys(t)
		zombie := world{cfg: w.cfg, source: memorySource{messages: messages[:max(first, third)]}}
		zombie.state.records = slices.Clone(w.state.records)
		zombie.runKeys(t) // what it will have learned on its own
		w.source = memorySource{messages: messages[:max(first, second)]}
		w.runKeys(t) // the second owner claims, and learns
		for _, r := range zombie.state.records {
			w.state.records = append(w.state.records, asEpoch1(rt, r)...)
		}
		w.state.compact()
		w.source = memorySource{messages: messages}
		sameKeys(rt, "after the zombie", w.runKeys(t), rows.alone(t, keyedConfig()))
	})
}

// asEpoch1 is a key's record as the first owner would have written it; nothing for other records.
func asEpoch1(t interface{ Fatal(...any) }, r Record) []Record {
	key, _, ok := parseKeyStateKey(r.Key, "m")
	if !ok || r.Value == nil {
		return nil
	}
	c, err := parseKeyCheckpoint(r.Value)
	if err != nil {
		t.Fatal(err)
	}
	c.epoch = 1
	return []Record{{Key: keyStateKey("m", key, 1), Value: appendChecksum(append(c.appendHead(nil), c.state...))}}
}

func TestRowsWithoutAUsableKeyAreTreatedAsConfigured(t *testing.T) {
	rows := makeKeyedTable(100, 3, 4)
	rows.key[10], rows.key[20], rows.key[30] = "\x00", strings.Repeat("x", 300), "a\xffb"
	for i := 50; i < 60; i++ {
		rows.key[i] = fmt.Sprintf("hostile %d", i)
	}
	messages := rows.every(t, 10)
	w := world{cfg: keyedConfig(), source: memorySource{messages: messages}}
	w.cfg.Model.MaxKeys = 5
	w.cfg.Input.BadRows.Key = policyDeadLetter
	s := w.shard()
	defer s.Close()
	if err := s.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	sum := s.KeySummary()
	want := map[string]uint64{"key_null": 1, "key_long": 1, "key_text": 1, "key_limit": 8}
	if fmt.Sprint(sum.Refused) != fmt.Sprint(want) || sum.Keys != 5 || sum.Rows.Learned != 100-11 {
		t.Errorf("%+v, want %v refused", sum, want)
	}
	if n := len(w.deadLetters.records); n != 4 {
		t.Errorf("%d dead letters, want the four messages with such rows once each", n)
	}
	w.cfg.Input.BadRows.Key = policyFail
	w.state.records = nil
	err := w.run(t)
	if row := (*RowError)(nil); !errors.As(err, &row) || row.Offset != 1 || row.Row != 0 || !strings.Contains(err.Error(), "(key_null), and input.bad_rows.key is fail") {
		t.Errorf("got error %v", err)
	}
}

func TestTheKeyOfTheMessageIsTheKeyOfItsRows(t *testing.T) {
	rows := makeKeyedTable(90, 1, 5)
	messages := rows.every(t, 30)
	messages[0].Key, messages[2].Key = []byte("a"), []byte("b")
	w := world{cfg: keyedConfig(), source: memorySource{messages: messages}}
	w.cfg.Model.Key = KeyOfMessage
	got := w.runKeys(t)
	if len(got) != 2 || !strings.Contains(got["a"], `"learned":30`) || !strings.Contains(got["b"], `"learned":30`) {
		t.Errorf("models %v", got)
	}
}

func TestStateOfKeysThatDoesNotFitIsAnError(t *testing.T) {
	rows := makeKeyedTable(200, 3, 6)
	for name, c := range map[string]struct {
		change func(*world)
		says   string
	}{
		"other key":     {func(w *world) { w.cfg.Model.Key = KeyOfMessage }, `model.key "k", is "$message_key"`},
		"no key":        {func(w *world) { w.cfg.Model.Scope, w.cfg.Model.Key = scopeGlobal, "" }, `model.key "k", is ""`},
		"other warm-up": {func(w *world) { w.cfg.Model.WarmUp = WarmUp{Rows: 64} }, "warm_up was 32, is 64"},
		"damaged key": {func(w *world) {
			for _, r := range w.state.records {
				if _, _, ok := parseKeyStateKey(r.Key, "m"); ok {
					r.Value[20] ^= 1
				}
			}
		}, "the record is damaged or was not written by streamfit: write the topic anew from a copy, or start once with --reset-state"},
		"no record of the partition": {func(w *world) {
			w.state.records = slices.DeleteFunc(w.state.records, func(r Record) bool { return isStateKey(r.Key, "m") })
		}, errNoPartitionRecord.Error()},
	} {
		w := world{cfg: keyedConfig(), source: memorySource{messages: rows.every(t, 50)}}
		w.runKeys(t)
		c.change(&w)
		if err := w.run(t); !errors.Is(err, ErrState) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got error %v, want one that says %q", name, err, c.says)
		}
	}
}

func TestPagesShowEveryKeyOnceAlarmedFirst(t *testing.T) {
	rows := makeKeyedTable(400, 23, 7)
	rows.append(jumping("k/9@", 1500))
	w := world{cfg: keyedConfig(), source: memorySource{messages: rows.every(t, 100), endless: true}}
	s := w.shard()
	defer s.Close()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- s.Run(ctx) }()
	look := func(q KeyQuery) []KeyView {
		for { // until all rows are learned
			page, err := w.board.Keys(ctx, q)
			if err != nil {
				t.Error(err)
			}
			if len(page) > 0 && page[0].Update.Position["rows"]["0"] == 19 {
				return page
			}
		}
	}
	look(KeyQuery{Limit: 1})
	var seen []string
	q := KeyQuery{Limit: 5}
	for page := look(q); ; page = look(q) {
		for _, v := range page {
			seen = append(seen, *v.Update.Key)
		}
		if len(page) < q.Limit {
			break
		}
		q.After = &page[len(page)-1].Place
	}
	want := slices.Compact(slices.Sorted(slices.Values(rows.key)))
	want = append([]string{"k/9@"}, slices.DeleteFunc(want, func(k string) bool { return k == "k/9@" })...)
	if !slices.Equal(seen, want) {
		t.Errorf("saw %v, want %v", seen, want)
	}
	if page := look(KeyQuery{Limit: 50, Alarmed: true}); len(page) != 1 || *page[0].Update.Key != "k/9@" || !page[0].Update.Drift.Alarm {
		t.Errorf("alarmed are %v, want k/9@", page)
	}
	if page := look(KeyQuery{Limit: 50, Prefix: "k/1"}); len(page) != 11 {
		t.Errorf("%d keys begin with k/1, want 11", len(page))
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
