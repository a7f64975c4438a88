package pipeline

import (
	"context"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/streamfit/streamfit/pipeline/arrowipc"
)

// The world of these tests: a partition, a topic and a state partition in memory, which fail when they are told to. The real ones have tests of
// their own against brokers.

// memorySource hands out messages a few at a time, from a position on.
type memorySource struct {
	messages []Message
	position int64
	perFetch int
	endless  bool              // block at the end instead of io.EOF, as partitions do
	fail     func(int64) error // asked before each fetch with the position
}

func (m *memorySource) Fetch(ctx context.Context) (Fetched, error) {
	if m.fail != nil {
		if err := m.fail(m.position); err != nil {
			return Fetched{}, err
		}
	}
	end := int64(len(m.messages))
	if m.position >= end {
		if !m.endless {
			return Fetched{}, io.EOF
		}
		<-ctx.Done()
		return Fetched{}, ctx.Err()
	}
	next := min(end, m.position+int64(max(1, m.perFetch)))
	run := Fetched{Messages: m.messages[m.position:next], Next: next, End: end}
	m.position = next
	return run, nil
}

func (m *memorySource) Close() error { return nil }

// memoryLog is a topic of one partition.
type memoryLog struct {
	mu      sync.Mutex
	records []Record
	fail    func(n int) error // asked before the n-th record is written
}

func (l *memoryLog) Write(_ context.Context, records ...Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range records {
		if l.fail != nil {
			if err := l.fail(len(l.records)); err != nil {
				return err
			}
		}
		l.records = append(l.records, r)
	}
	return nil
}

func (l *memoryLog) Replay(_ context.Context, from int64, each func(int64, Record) error) (int64, error) {
	l.mu.Lock()
	records := l.records
	l.mu.Unlock()
	for i := from; i < int64(len(records)); i++ {
		if err := each(i, records[i]); err != nil {
			return 0, err
		}
	}
	return int64(len(records)), nil
}

// compact keeps the last record of each key and no tombstones, as Kafka does sooner or later.
func (l *memoryLog) compact() {
	last := map[string]int{}
	for i, r := range l.records {
		last[string(r.Key)] = i
	}
	var kept []Record
	for i, r := range l.records {
		if last[string(r.Key)] == i && r.Value != nil {
			kept = append(kept, r)
		}
	}
	l.records = kept
}

func (l *memoryLog) newest() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.records[len(l.records)-1].Value
}

func (l *memoryLog) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.records)
}

// table of rows: y = 3 + 2a − b, with noise and outliers, raw units that are far from standard.
type table struct{ a, b, y []float64 }

func makeTable(n int, seed uint64) table {
	r := rand.New(rand.NewPCG(seed, 1))
	t := table{make([]float64, n), make([]float64, n), make([]float64, n)}
	for i := range n {
		t.a[i], t.b[i] = 100+10*r.NormFloat64(), 1e-3*r.NormFloat64()
		t.y[i] = 3 + 2*t.a[i] - t.b[i] + r.NormFloat64()
		if r.IntN(10) == 0 {
			t.y[i] += 1e3
		}
	}
	return t
}

var tableSchema = arrow.NewSchema([]arrow.Field{
	{Name: "y", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
	{Name: "b", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
	{Name: "a", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
}, nil)

// message of the rows from i to j.
func (t table) message(tb testing.TB, i, j int) Message {
	tb.Helper()
	columns := make([]arrow.Array, 0, 3)
	for _, values := range [][]float64{t.y[i:j], t.b[i:j], t.a[i:j]} {
		b := array.NewFloat64Builder(memory.DefaultAllocator)
		for _, v := range values {
			if v == nullValue {
				b.AppendNull()
				continue
			}
			b.Append(v)
		}
		columns = append(columns, b.NewArray())
	}
	rec := array.NewRecord(tableSchema, columns, int64(j-i))
	value, err := arrowipc.Encode(nil, rec, arrowipc.Uncompressed)
	if err != nil {
		tb.Fatal(err)
	}
	return Message{Value: value}
}

// nullValue stands for a null in a table.
const nullValue = -math.MaxFloat64

// cut the table into messages that end before the given rows.
func (t table) cut(tb testing.TB, ends ...int) []Message {
	tb.Helper()
	return cutRows(tb, t.message, append(ends, len(t.y)))
}

// cutRows into messages that end before the given rows.
func cutRows(tb testing.TB, message func(tb testing.TB, from, to int) Message, ends []int) []Message {
	tb.Helper()
	var out []Message
	begin := 0
	for _, end := range ends {
		if end > begin {
			out = append(out, message(tb, begin, end))
			begin = end
		}
	}
	return numbered(out)
}

func numbered(messages []Message) []Message {
	for i := range messages {
		messages[i].Offset = int64(i)
	}
	return messages
}

// every row count a multiple of n.
func (t table) every(tb testing.TB, n int) []Message {
	return t.cut(tb, endsEvery(n, len(t.y))...)
}

// endsEvery n rows, but for the end of all of them.
func endsEvery(n, rows int) (ends []int) {
	for i := n; i < rows; i += n {
		ends = append(ends, i)
	}
	return ends
}

func testConfig() Config {
	cfg := DefaultConfig()
	cfg.Model.Name, cfg.Model.Target, cfg.Model.Features = "m", "y", []string{"a", "b"}
	cfg.Input.Topic, cfg.Input.Group = "rows", "g"
	cfg.Output.EveryRows, cfg.Output.Every = 500, 0
	cfg.State.Topic, cfg.State.Every = "g-state", 0
	return cfg
}

// world is what one shard is connected to; it outlives the shard, as Kafka outlives a process.
type world struct {
	cfg                          Config
	source                       memorySource
	output, deadLetters, state   memoryLog
	board                        Board
	stateless, noDeadLetterTopic bool
	transactor                   *memoryTransactor // nil: no transactions
	commit                       func(context.Context, int64) error
	topicID                      string
	committed                    int64
	startOver                    *bool
}

func (w *world) ports() Ports {
	p := Ports{
		Start: func(context.Context) (int64, error) { return 0, nil },
		Open: func(_ context.Context, position int64) (Source, error) {
			w.source.position = position
			return &w.source, nil
		},
		Output: &w.output, DeadLetters: &w.deadLetters, Store: &w.state, Commit: w.commit, TopicID: w.topicID, Committed: func(context.Context) (int64, error) { return w.committed, nil },
		StartOver: w.startOver,
	}
	if w.transactor != nil {
		p.Transactor = w.transactor
	}
	if w.stateless {
		p.Store = nil
	}
	if w.noDeadLetterTopic {
		p.DeadLetters = nil
	}
	return p
}

func (w *world) shard() *Shard {
	return NewShard(w.cfg, Partition{Topic: "rows"}, w.ports(), &w.board, NewMetrics(prometheus.NewRegistry()), zerolog.Nop())
}

func (w *world) run(t testing.TB) error {
	t.Helper()
	return w.shard().Run(t.Context())
}

func (w *world) mustRun(t testing.TB) {
	t.Helper()
	if err := w.run(t); err != nil {
		t.Fatal(err)
	}
}

var errCrash = errors.New("the process was killed")
