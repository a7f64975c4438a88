package pipeline

import "sync"

// Board shows the newest update of every shard to whoever looks: the HTTP pages, the progress table. It is safe for concurrent use.
type Board struct {
	// Show, when set, is called by the shards' goroutines with every update, before it is published.
	Show func(Partition, *Update)
	// ShowKeys, when set, is called by the goroutines of shards with many models.
	ShowKeys func(Partition, KeySummary)
	// Wants, when set, asks for an update to show after so many rows, beside those that are published.
	Wants func(of Partition, learned uint64) bool

	mu      sync.Mutex
	updates map[Partition]*Update
	lags    map[Partition]int64 // of the shards that are running; -1: unknown
}

// Updates is the newest update of each shard.
func (b *Board) Updates() map[Partition]*Update {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make(map[Partition]*Update, len(b.updates))
	for p, u := range b.updates {
		out[p] = u
	}
	return out
}

// Lags of the running shards in messages; -1 where the broker has not yet said where the partition ends.
func (b *Board) Lags() map[Partition]int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make(map[Partition]int64, len(b.lags))
	for p, n := range b.lags {
		out[p] = n
	}
	return out
}

// Leave takes down what is shown of a shard that is no longer ours.
func (b *Board) Leave(p Partition) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.updates, p)
	delete(b.lags, p)
}

func (b *Board) wants(of Partition, learned uint64) bool {
	return b.Wants != nil && b.Wants(of, learned)
}

func (b *Board) show(p Partition, u *Update) {
	b.mu.Lock()
	if b.updates == nil {
		b.updates = map[Partition]*Update{}
	}
	b.updates[p] = u
	b.mu.Unlock()
	if b.Show != nil {
		b.Show(p, u)
	}
}

func (b *Board) showKeys(p Partition, sum KeySummary) {
	if b.ShowKeys != nil {
		b.ShowKeys(p, sum)
	}
}

// open says that a shard is restored and reads its partition.
func (b *Board) open(p Partition) { b.setLag(p, -1) }

func (b *Board) lag(p Partition, run Fetched) {
	if run.End >= 0 {
		b.setLag(p, max(0, run.End-run.Next))
	}
}

func (b *Board) setLag(p Partition, lag int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.lags == nil {
		b.lags = map[Partition]int64{}
	}
	b.lags[p] = lag
}
