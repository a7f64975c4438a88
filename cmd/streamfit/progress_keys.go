package main

import (
	"fmt"
	"strconv"

	"github.com/streamfit/streamfit/pipeline"
)

// showKeys is show for shards with a model per key, of which no one has losses that speak for all.
func (p *progressTable) showKeys(of pipeline.Partition, sum pipeline.KeySummary) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.header {
		p.header = true
		p.write(p.fit([]string{"rows", "keys", "in memory", "outliers", "skipped", "no key"}) + "\n")
	}
	shard := p.shard(of)
	switch line := p.keysLine(of, sum); {
	case sum.Rows.Learned >= shard.next:
		p.write(line + "\n")
		for shard.next <= sum.Rows.Learned {
			shard.next *= 2
		}
	case p.live:
		p.write(line)
	}
}

func (p *progressTable) keysLine(of pipeline.Partition, sum pipeline.KeySummary) string {
	rows := grouped(sum.Rows.Learned)
	if of.ID != 0 {
		rows = fmt.Sprintf("%d: %s", of.ID, rows)
	}
	refused := uint64(0)
	for _, n := range sum.Refused {
		refused += n
	}
	share := 100 * float64(sum.Rows.Outliers) / float64(max(1, sum.Rows.Learned))
	skipped := sum.Rows.Skipped.Sum()
	return p.fit([]string{
		rows, grouped(uint64(sum.Keys)), grouped(uint64(sum.InMemory)), strconv.FormatFloat(share, 'f', 1, 64) + " %", grouped(skipped), grouped(refused),
	})
}
