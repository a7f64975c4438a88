//go:build unix

package soak

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/streamfit/streamfit/pipeline"
	"github.com/streamfit/streamfit/pipeline/arrowipc"
	"github.com/streamfit/streamfit/pipeline/kafka"
)

const (
	features = 8
	rows     = 1000 // of a message
	distinct = 64   // messages that differ; they are sent in turn
)

func featureNames() (names []string) {
	for i := range features {
		names = append(names, fmt.Sprint("x", i))
	}
	return names
}

// messages of a linear model with noise, one row in ten an outlier.
func messages(t testing.TB, seed uint64) (out [][]byte) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	for range distinct {
		columns := make([][]float64, features+1) // the target first
		for range rows {
			y := r.NormFloat64()
			for i := range features {
				x := float64(i+1) * r.NormFloat64()
				columns[i+1] = append(columns[i+1], x)
				y += x / float64(i+1)
			}
			if r.IntN(10) == 0 {
				y += 100 * r.NormFloat64()
			}
			columns[0] = append(columns[0], y)
		}
		var fields []arrow.Field
		var arrays []arrow.Array
		for i, name := range append([]string{"y"}, featureNames()...) {
			b := array.NewFloat64Builder(memory.DefaultAllocator)
			b.AppendValues(columns[i], nil)
			fields, arrays = append(fields, arrow.Field{Name: name, Type: arrow.PrimitiveTypes.Float64}), append(arrays, b.NewArray())
		}
		value, err := arrowipc.Encode(nil, array.NewRecord(arrow.NewSchema(fields, nil), arrays, rows), arrowipc.Uncompressed)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, value)
	}
	return out
}

// producer sends messages at a rate that can be changed, and remembers when each was sent.
type producer struct {
	sink *kafka.Sink
	what [][]byte
	rate atomic.Int64   // messages per second; 0: none
	sent []atomic.Int64 // Unix nanoseconds, by offset modulo its length
	n    atomic.Int64   // messages sent
	done chan struct{}
	err  error
}

// remembered messages: more than can be under way at a steady rate.
const remembered = 1 << 20

func startProducer(ctx context.Context, sink *kafka.Sink, what [][]byte) *producer {
	p := &producer{sink: sink, what: what, sent: make([]atomic.Int64, remembered), done: make(chan struct{})}
	go p.loop(ctx)
	return p
}

// tick is how often it looks whether messages are due; those that are go in one request.
const tick = 5 * time.Millisecond

func (p *producer) loop(ctx context.Context) {
	defer close(p.done)
	clock := time.NewTicker(tick)
	defer clock.Stop()
	due, last := 0.0, time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-clock.C:
		}
		now := time.Now()
		due, last = min(due+now.Sub(last).Seconds()*float64(p.rate.Load()), 200), now // what a request takes too long for is not made up for
		if p.err = p.send(ctx, int(due)); p.err != nil {
			return
		}
		due -= float64(int(due))
	}
}

func (p *producer) send(ctx context.Context, n int) error {
	if n == 0 {
		return nil
	}
	records, now := make([]pipeline.Record, n), time.Now()
	for i := range records {
		at := p.n.Load() + int64(i)
		records[i].Value = p.what[at%distinct]
		p.sent[at%remembered].Store(now.UnixNano())
	}
	if err := p.sink.Write(ctx, records...); err != nil && ctx.Err() == nil {
		return err
	}
	p.n.Add(int64(n))
	return nil
}
