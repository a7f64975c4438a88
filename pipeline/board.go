package pipeline

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"
)

// Board shows the newest update of every shard to whoever looks: the HTTP pages, the progress table. It is safe for concurrent use.
type Board struct {
	// Show, when set, is called by the shards' goroutines with every update, before it is published.
	Show func(Partition, *Update)
	// ShowKeys, when set, is called by the goroutines of shards with many models.
	ShowKeys func(Partition, KeySummary)
	// Left, when set, is called with what a shard with many models has learned when it leaves its partition: those to look at first, and a word about all.
	Left func(Partition, KeySummary, []*Update)
	// Wants, when set, asks for an update to show after so many rows, beside those that are published.
	Wants func(of Partition, learned uint64) bool

	mu      sync.Mutex
	updates map[Partition]*Update
	keyed   map[Partition]chan<- func(*Shard) // shards with a model per key: what is sent there they do between two messages
	lags    map[Partition]int64               // of the shards that are running; -1: unknown
	stalls  map[Partition]stall
	asked   map[Partition]time.Time // brokers that have been asked for messages since then, and have not answered
}

// Stall is a shard that stands still because what it has to write is not taken: it fetches nothing, and drops nothing, until it is.
type Stall struct {
	Since time.Time
	On    string // what is being written: "dead letters", "updates", "announcement of keys", "states of keys" or "checkpoint"; or "transaction", which is all of them
}

type stall struct {
	since time.Time
	doing *atomic.Value // string: it may go on to the next thing meanwhile
}

// Updates is the newest update of each shard.
func (b *Board) Updates() map[Partition]*Update {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.updates)
}

// Lags of the running shards in messages; -1 where the broker has not yet said where the partition ends.
func (b *Board) Lags() map[Partition]int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.lags)
}

// Stalls of the shards that are standing still now.
func (b *Board) Stalls() map[Partition]Stall {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := map[Partition]Stall{}
	for p, s := range b.stalls {
		on, _ := s.doing.Load().(string)
		out[p] = Stall{Since: s.since, On: on}
	}
	return out
}

func (b *Board) stall(p Partition, doing *atomic.Value) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stalls == nil {
		b.stalls = map[Partition]stall{}
	}
	b.stalls[p] = stall{since: time.Now(), doing: doing}
}

func (b *Board) move(p Partition) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.stalls, p)
}

// Asked notes that the source of a partition asks for messages, and Answered that it was answered, if only that there are none.
func (b *Board) Asked(p Partition) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.asked == nil {
		b.asked = map[Partition]time.Time{}
	}
	if _, already := b.asked[p]; !already {
		b.asked[p] = time.Now()
	}
}

// Answered is the other half of Asked.
func (b *Board) Answered(p Partition) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.asked, p)
}

// Unanswered says since when each source waits for an answer.
func (b *Board) Unanswered() map[Partition]time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.asked)
}

// Leave takes down what is shown of a shard that is no longer ours.
func (b *Board) Leave(p Partition) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.updates, p)
	delete(b.lags, p)
	delete(b.stalls, p)
	delete(b.asked, p)
	delete(b.keyed, p)
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

// answer says where a shard with a model per key takes questions.
func (b *Board) answer(p Partition, asks chan<- func(*Shard)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.keyed == nil {
		b.keyed = map[Partition]chan<- func(*Shard){}
	}
	b.keyed[p] = asks
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
