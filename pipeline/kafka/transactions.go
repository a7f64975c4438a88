package kafka

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// abortedTransaction of a producer, whose records from an offset on are void, until its abort marker.
type abortedTransaction struct{ producer, first int64 }

// abortedFilter tells which transactional record batches of a response are void. A read_committed fetch ends before the first open transaction, so what
// is not aborted is committed. It does what Java's consumer does (CompletedFetch.java).
type abortedFilter struct {
	pending []abortedTransaction // not reached yet, by first offset
	voids   map[int64]bool       // producers in an aborted transaction
}

// begin a response. Brokers list the transactions as they were aborted, not as they began.
func (f *abortedFilter) begin(aborted []abortedTransaction) {
	slices.SortFunc(aborted, func(a, b abortedTransaction) int { return cmp.Compare(a.first, b.first) })
	f.pending = aborted
	clear(f.voids)
}

// reach a batch that ends at an offset.
func (f *abortedFilter) reach(last int64) {
	for len(f.pending) > 0 && f.pending[0].first <= last {
		if f.voids == nil {
			f.voids = map[int64]bool{}
		}
		f.voids[f.pending[0].producer] = true
		f.pending = f.pending[1:]
	}
}

const controlAbort = 0

// control takes a control batch, which ends a producer's transaction. Only an abort matters: it ends what makes records void.
func (f *abortedFilter) control(b []byte) {
	c := cursor{b: b[batchHeader:]}
	record := cursor{b: c.varbytes()}
	record.skip(1)  // attributes
	record.varint() // time
	record.varint() // offset
	key := cursor{b: record.varbytes()}
	key.skip(2) // version
	if kind := key.int16(); !c.short && !record.short && !key.short && kind == controlAbort {
		delete(f.voids, producerOf(b))
	}
}

func (f *abortedFilter) void(b []byte) bool {
	return binary.BigEndian.Uint16(b[atAttributes:])&transactionalBit != 0 && f.voids[producerOf(b)]
}

func producerOf(b []byte) int64 { return int64(binary.BigEndian.Uint64(b[atProducer:])) }
