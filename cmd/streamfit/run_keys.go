package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"

	"github.com/streamfit/streamfit/pipeline"
)

// leftKeys are what the shards with a model per key have said when they left their partitions.
type leftKeys struct {
	mu     sync.Mutex
	shards map[pipeline.Partition]leftShard
}

type leftShard struct {
	sum   pipeline.KeySummary
	worst []*pipeline.Update
}

func (l *leftKeys) add(p pipeline.Partition, sum pipeline.KeySummary, worst []*pipeline.Update) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shards == nil {
		l.shards = map[pipeline.Partition]leftShard{}
	}
	l.shards[p] = leftShard{sum, worst}
}

// write a table of each partition that was left last, in their order.
func (l *leftKeys) write(out io.Writer, m pipeline.Model) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	partitions := slices.SortedFunc(maps.Keys(l.shards), func(a, b pipeline.Partition) int { return a.ID - b.ID })
	for _, p := range partitions {
		if len(partitions) > 1 {
			fmt.Fprintf(out, "\npartition %d: ", p.ID)
		}
		if err := writeKeysTable(out, m, l.shards[p].sum, l.shards[p].worst); err != nil {
			return err
		}
	}
	return nil
}
