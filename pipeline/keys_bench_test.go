package pipeline

import (
	"context"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/streamfit/streamfit/pipeline/arrowipc"
)

// keyedSource makes messages of rows whose keys are drawn at random from very many: the worst that a store of cold models can be asked for.
type keyedSource struct {
	rows, left int
	keys       int64
	random     *rand.Rand
	offset     int64
	value      []byte
}

func (s *keyedSource) Close() error { return nil }

func (s *keyedSource) Fetch(context.Context) (Fetched, error) {
	if s.left == 0 {
		return Fetched{}, io.EOF
	}
	s.left--
	keys := array.NewInt64Builder(memory.DefaultAllocator)
	columns := make([][]float64, 3)
	for range s.rows {
		k := s.random.Int64N(s.keys)
		a, b := s.random.NormFloat64(), s.random.NormFloat64()
		keys.Append(k)
		columns[0], columns[1], columns[2] = append(columns[0], float64(k)+a-b+s.random.NormFloat64()), append(columns[1], b), append(columns[2], a)
	}
	var arrays []arrow.Array
	for _, values := range columns {
		c := array.NewFloat64Builder(memory.DefaultAllocator)
		c.AppendValues(values, nil)
		arrays = append(arrays, c.NewArray())
	}
	schema := arrow.NewSchema(append(tableSchema.Fields(), arrow.Field{Name: "k", Type: arrow.PrimitiveTypes.Int64}), nil)
	var err error
	if s.value, err = arrowipc.Encode(s.value[:0], array.NewRecord(schema, append(arrays, keys.NewArray()), int64(s.rows)), arrowipc.Uncompressed); err != nil {
		return Fetched{}, err
	}
	s.offset++
	return Fetched{Messages: []Message{{Offset: s.offset - 1, Value: s.value}}, Next: s.offset, End: -1}, nil
}

// BenchmarkKeys learns rows of so many keys in random order, all of whose models are in memory, or hardly any.
func BenchmarkKeys(b *testing.B) {
	for _, c := range []struct {
		name      string
		keys      int64
		hot, rows int
	}{
		{"keys=100/hot=all", 100, 1000, 1_000_000}, {"keys=20000/hot=all", 20_000, 20_000, 400_000}, {"keys=20000/hot=1000", 20_000, 1000, 400_000},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				cfg := keyedConfig()
				cfg.State.HotKeys, cfg.Model.WarmUp = c.hot, WarmUp{Auto: true}
				source := &keyedSource{rows: 8192, left: c.rows / 8192, keys: c.keys, random: rand.New(rand.NewPCG(1, 1))}
				ports := Ports{
					Start: func(context.Context) (int64, error) { return 0, nil },
					Open:  func(context.Context, int64) (Source, error) { return source, nil },
				}
				s := NewShard(cfg, Partition{Topic: "rows"}, ports, &Board{}, NewMetrics(prometheus.NewRegistry()), zerolog.Nop())
				if err := s.Run(context.Background()); err != nil {
					b.Fatal(err)
				}
				s.Close()
			}
			b.ReportMetric(float64(b.N)*float64(c.rows/8192*8192)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
