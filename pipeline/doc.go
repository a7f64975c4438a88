// Package pipeline carries rows from an input partition to a model and what the model learned to a topic. The way of a row has five stations:
//
//	         messages         columns          model            update            position
//	fetch ────────────▶ decode ────────▶ fit ─────────▶ publish ────────▶ checkpoint
//	  ▲                    │              │                                   │
//	  │ input topic        ▼              ▼                                   ▼
//	  │              dead letters    skipped rows                        state topic
//	  └───────────────── position of the newest checkpoint ◀──────────────────┘
//
// A [Shard] is one input partition, the model that it feeds and the partition of the state topic that remembers both. One goroutine owns it, so the
// order of the rows is defined and a shard can be replayed: its coefficients are a function of the rows and their order alone.
//
// # Delivery
//
// Learned exactly once: model state and input position travel in one record, the [Checkpoint]. A shard begins with the newest checkpoint of the
// highest epoch, and takes the next epoch for itself before it learns, so that what a zombie still writes never wins.
//
// Nothing lost: a message that cannot be decoded is acknowledged by the dead-letter topic before a checkpoint passes it.
//
// Updates are published at least once, and for the same model and position they are the same bytes, so duplicates are harmless. With a [Transactor] updates,
// dead letters and checkpoint are one thing, and readers of committed records see each of them once.
//
// # Caveats
//
// Only the order within a partition is defined: with several partitions the shards' models are merged, which equals a single pass over everything
// statistically, not bit for bit. Bytes handed out by a [Source] are valid until its next Fetch.
package pipeline
