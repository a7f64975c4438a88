package hostile

import (
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/streamfit/streamfit/internal/devbroker"
	"github.com/streamfit/streamfit/pipeline"
	"github.com/streamfit/streamfit/pipeline/arrowipc"
	"github.com/streamfit/streamfit/pipeline/kafka"
)

// What a real broker's lane puts in place of these, where there is one.
var (
	runTests   = func(m *testing.M) int { return m.Run() }
	realBroker func(testing.TB) string // nil: not asked for
	spent      func() time.Duration    // CPU time of this process, which a real broker is no part of; nil: that cannot be told apart
)

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

const features, rows = 16, 1000

// table of rows: the target and the features, and perhaps columns that nobody asked for.
func table(t testing.TB, seed uint64, n int, value func(r *rand.Rand) float64, extra ...string) []byte {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	var fields []arrow.Field
	var columns []arrow.Array
	names := append([]string{"y"}, featureNames()...)
	for _, name := range append(names, extra...) {
		b := array.NewFloat64Builder(memory.DefaultAllocator)
		for range n {
			b.Append(value(r))
		}
		fields, columns = append(fields, arrow.Field{Name: name, Type: arrow.PrimitiveTypes.Float64}), append(columns, b.NewArray())
	}
	out, err := arrowipc.Encode(nil, array.NewRecord(arrow.NewSchema(fields, nil), columns, int64(n)), arrowipc.Uncompressed)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func featureNames() (names []string) {
	for i := range features {
		names = append(names, fmt.Sprint("x", i))
	}
	return names
}

func normal(r *rand.Rand) float64 { return r.NormFloat64() }

// attacks by name, each the i-th message that follows a good one.
func attacks(t testing.TB) map[string]func(i int) []byte {
	crafted := Corpus(t, "../../pipeline/arrowipc/testdata/hostile.zip")
	wide := make([]string, 4000)
	for i := range wide {
		wide[i] = fmt.Sprint("column ", i)
	}
	columns, noRows, nan := table(t, 1, 1, normal, wide...), table(t, 1, 0, normal), table(t, 1, rows, func(*rand.Rand) float64 { return math.NaN() })
	bomb := zipBomb(t)
	return map[string]func(i int) []byte{
		"crafted":           func(i int) []byte { return crafted[i%len(crafted)] },
		"zip bomb":          func(int) []byte { return bomb },
		"no rows":           func(int) []byte { return noRows },
		"4,000 columns":     func(int) []byte { return columns },
		"schema of its own": func(i int) []byte { return table(t, 1, 1, normal, fmt.Sprint("extra ", i)) },
		"NaN storm":         func(int) []byte { return nan },
		"as much noise":     func(i int) []byte { return noise(uint64(i), len(nan)) },
		"1 MB of noise":     func(i int) []byte { return noise(uint64(i), 1<<20) },
	}
}

func noise(seed uint64, n int) []byte {
	r := rand.New(rand.NewPCG(seed, 2))
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(r.Uint32())
	}
	return out
}

// zipBomb is a good message of a million zeros a column, compressed to nearly nothing: 136 MB, which is more than the limit.
func zipBomb(t testing.TB) []byte {
	var fields []arrow.Field
	var columns []arrow.Array
	for _, name := range append([]string{"y"}, featureNames()...) {
		b := array.NewFloat64Builder(memory.DefaultAllocator)
		b.AppendValues(make([]float64, 1_000_000), nil)
		fields, columns = append(fields, arrow.Field{Name: name, Type: arrow.PrimitiveTypes.Float64}), append(columns, b.NewArray())
	}
	out, err := arrowipc.Encode(nil, array.NewRecord(arrow.NewSchema(fields, nil), columns, 1_000_000), arrowipc.ZSTD)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// pipe is a topic with messages in it, and where what a shard makes of them goes.
type pipe struct {
	cluster *kafka.Cluster
	name    string
	end     int64
}

var pipes atomic.Int64

func fill(t testing.TB, c *kafka.Cluster, messages [][]byte) pipe {
	t.Helper()
	p := pipe{cluster: c, name: fmt.Sprintf("hostile-%d", pipes.Add(1)), end: int64(len(messages))}
	for _, topic := range []kafka.Topic{
		{Name: p.name, Initial: map[string]string{"max.message.bytes": "16777216"}}, {Name: p.name + "-out"},
		{Name: p.name + "-dead", Initial: map[string]string{"max.message.bytes": "33554432"}},
	} {
		ensure(t, c, topic)
	}
	sink := c.OpenSink(p.name)
	for part := range slices.Chunk(messages, 50) {
		var records []pipeline.Record
		for _, m := range part {
			records = append(records, pipeline.Record{Value: m})
		}
		if err := sink.Write(t.Context(), records...); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func ensure(t testing.TB, c *kafka.Cluster, topic kafka.Topic) {
	t.Helper()
	topic.Partitions = 1
	if err := c.EnsureTopic(t.Context(), topic); err != nil {
		t.Fatal(err)
	}
}

// finite is a source that ends where the topic ended when it was opened.
type finite struct {
	pipeline.Source
	end  int64
	at   int64
	peak *uint64 // of the heap
}

func (f *finite) Fetch(ctx context.Context) (pipeline.Fetched, error) {
	if f.at >= f.end {
		return pipeline.Fetched{}, io.EOF
	}
	run, err := f.Source.Fetch(ctx)
	f.at = run.Next
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	*f.peak = max(*f.peak, m.HeapAlloc)
	return run, err
}

// lesson is what it cost to learn a topic.
type lesson struct {
	pipeline.Update
	took, spent time.Duration // by the clock, and of the CPU where that can be told
	peak        uint64        // of the heap
}

// learn all of it, as a run does.
func (p pipe) learn(t testing.TB) (out lesson) {
	t.Helper()
	cfg := pipeline.DefaultConfig()
	cfg.Model.Target, cfg.Model.Features = "y", featureNames()
	cfg.Input.Topic, cfg.Input.Group, cfg.Input.DeadLetter = p.name, p.name, p.name+"-dead"
	cfg.Output.Topic, cfg.State.Topic = p.name+"-out", fmt.Sprintf("%s-state-%d", p.name, pipes.Add(1)) // from the beginning, each time
	ensure(t, p.cluster, kafka.Topic{Name: cfg.State.Topic, Compacted: true})
	var board pipeline.Board
	ports := pipeline.Ports{
		Start: func(context.Context) (int64, error) { return 0, nil },
		Open: func(_ context.Context, position int64) (pipeline.Source, error) {
			s, err := p.cluster.OpenSource(kafka.SourceConfig{Topic: p.name, Offset: position})
			return &finite{Source: s, end: p.end, peak: &out.peak}, err
		},
		Output: p.cluster.OpenSink(cfg.Output.Topic), DeadLetters: p.cluster.OpenSink(cfg.Input.DeadLetter), Store: p.cluster.OpenStateLog(cfg.State.Topic, 0),
	}
	at := pipeline.Partition{Topic: p.name}
	shard := pipeline.NewShard(cfg, at, ports, &board, pipeline.NewMetrics(prometheus.NewRegistry()), zerolog.Nop())
	runtime.GC()
	begin, before := time.Now(), ownCPU()
	if err := shard.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	out.took, out.spent, out.Update = time.Since(begin), ownCPU()-before, *board.Updates()[at]
	return out
}

func ownCPU() time.Duration {
	if spent == nil {
		return 0
	}
	return spent()
}

func cluster(t testing.TB) *kafka.Cluster {
	t.Helper()
	var broker string
	if realBroker != nil {
		broker = realBroker(t)
	} else {
		b, err := devbroker.Start(devbroker.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(b.Close)
		broker = b.Brokers()[0]
	}
	c, err := kafka.Open(kafka.Config{Brokers: []string{broker}, Kafka: pipeline.DefaultConfig().Kafka, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// mixed is a stream of good messages with an attack after each.
func mixed(good [][]byte, attack func(int) []byte) (out [][]byte) {
	for i, m := range good {
		out = append(out, m, attack(i))
	}
	return out
}

func goodOnes(t testing.TB, n int) (out [][]byte) {
	for i := range n {
		out = append(out, table(t, uint64(i+1), rows, normal))
	}
	return out
}

// Through a broker, at full rate, one attack to each good message: all good rows are learned to the same numbers, and no attack is lost.
func TestAttacksThroughABroker(t *testing.T) {
	c, good := cluster(t), goodOnes(t, 20)
	want := fill(t, c, good).learn(t)
	for name, attack := range attacks(t) {
		t.Run(name, func(t *testing.T) {
			p := fill(t, c, mixed(good, attack))
			got := p.learn(t)
			learned := uint64(len(good) * rows)
			if name == "schema of its own" || name == "4,000 columns" { // its row is a good one
				learned += uint64(len(good))
			} else if got.Intercept != want.Intercept || !slices.Equal(got.Coefficients, want.Coefficients) {
				t.Errorf("got %+v, want %+v", got.Coefficients, want.Coefficients)
			}
			_, end, err := c.Bounds(t.Context(), p.name+"-dead", 0)
			if err != nil || got.Rows.Learned != learned || uint64(end) != got.DeadLetters || got.Position[p.name]["0"] != p.end {
				t.Errorf("%d rows learned, %d dead letters written of %d, position %v of %d, %v", got.Rows.Learned, end, got.DeadLetters, got.Position, p.end, err)
			}
		})
	}
}

// BenchmarkAttacked tells which part of the clean rate of good rows is left when an attack follows each good message, everything through a broker; and, as that
// one shares the machine, which part would be left if this process's own CPU time were all that counts.
//
//	KAFKATEST=real go test ./internal/hostile -run '^$' -bench Attacked -benchtime 5x
func BenchmarkAttacked(b *testing.B) {
	c, good := cluster(b), goodOnes(b, 300)
	clean := fill(b, c, good)
	for name, attack := range attacks(b) {
		b.Run(strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
			attacked := fill(b, c, mixed(good, attack))
			var with, alone lesson
			for b.Loop() {
				alone.add(clean.learn(b))
				with.add(attacked.learn(b))
			}
			b.ReportMetric(alone.took.Seconds()/with.took.Seconds(), "of-the-clean-rate")
			if spent != nil {
				b.ReportMetric(alone.spent.Seconds()/with.spent.Seconds(), "of-the-clean-rate-by-own-CPU")
				b.ReportMetric(1e3*(with.spent-alone.spent).Seconds()/float64(b.N*len(good)), "own-CPU-ms-an-attack")
			}
			b.ReportMetric(float64(with.peak)/(1<<20), "peak-heap-MiB")
			b.ReportMetric(float64(len(attack(0)))/1024, "KiB-an-attack")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func (l *lesson) add(m lesson) {
	l.took, l.spent, l.peak = l.took+m.took, l.spent+m.spent, max(l.peak, m.peak)
}
