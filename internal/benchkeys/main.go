// Benchkeys measures a model per key from topic to topic: processes of their own for broker and pipeline, very many keys in random order, then a restart. It prints
// what it found as a table in Markdown.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"time"
)

func main() {
	var b bench
	flag.Int64Var(&b.keys, "keys", 1_000_000, "keys")
	flag.Int64Var(&b.rows, "rows", 20, "rows of each key")
	flag.DurationVar(&b.every, "state-every", 30*time.Second, "time between checkpoints")
	flag.IntVar(&b.hot, "hot", 10_000, "models in memory")
	flag.StringVar(&b.dir, "dir", "", "directory for the broker's data, the program and the cold models; empty: a temporary one")
	trends := flag.Bool("sensors", false, "trends of simulated sensors instead of models of two features")
	flag.Parse()
	if b.stream = newGenerator(b.keys); *trends {
		b.stream = newFleet(b.keys, b.rows)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := b.run(ctx); err != nil {
		log.Fatal(err)
	}
}

// bench is one measurement.
type bench struct {
	keys, rows int64
	every      time.Duration
	hot        int
	dir        string

	stream          stream
	program, broker string
}

// run the measurement from an empty broker on.
func (b *bench) run(ctx context.Context) error {
	if b.dir == "" {
		dir, err := os.MkdirTemp("", "streamfit-bench-keys-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		b.dir = dir
	}
	b.program = filepath.Join(b.dir, "streamfit")
	if err := build(ctx, b.program); err != nil {
		return err
	}
	broker, address, err := b.startBroker(ctx)
	if err != nil {
		return err
	}
	defer broker.stop(30 * time.Second) //nolint:errcheck // what was to be measured is measured
	b.broker = address
	if err := b.produce(ctx); err != nil {
		return err
	}
	learn, err := b.learn(ctx)
	if err != nil {
		return err
	}
	again, err := b.restart(ctx)
	if err != nil {
		return err
	}
	b.report(learn, again)
	if f, trends := b.stream.(*fleet); trends {
		return f.check(ctx, b)
	}
	return nil
}

// report in Markdown.
func (b *bench) report(learn, again measured) {
	rows := float64(b.keys * b.rows)
	fmt.Printf("\n%d keys × %d %s, newton, %d models in memory, a checkpoint every %s\n\n", b.keys, b.rows, b.stream.what(), b.hot, b.every)
	fmt.Println("| what | figure |\n|---|---|")
	fmt.Printf("| rows per second, topic to models | %.0f |\n", rows/learn.seconds)
	fmt.Printf("| rows per second of processor time | %.0f |\n", rows/learn.cpu)
	fmt.Printf("| memory of the process, at most | %d MiB |\n", learn.peak>>20)
	fmt.Printf("| of that a key | %d bytes |\n", learn.peak/b.keys)
	fmt.Printf("| temporary file of cold models, a key | %.0f bytes |\n", learn.cold/float64(b.keys))
	fmt.Printf("| last checkpoint and leaving, after SIGTERM | %.1f s |\n", learn.leaving)
	fmt.Printf("| state topic on the broker's disk, not compacted | %d MiB |\n", dirSize(filepath.Join(b.dir, "broker"), "keys-state")>>20)
	fmt.Printf("| start to reading the partition again, all keys restored | %.1f s (%.1f s of processor time) |\n", again.seconds, again.cpu)
	fmt.Printf("| memory after the restart | %d MiB |\n", again.peak>>20)
}
