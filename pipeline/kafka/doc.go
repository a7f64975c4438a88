// Package kafka is the pipeline's only door to Kafka: membership, positioned fetches, acknowledged writes, the state topic.
//
// It stands on kafka-go, but not on its Reader and Writer. The Reader loops forever on a compacted topic whose compressed batch lost its tail, hands out
// control records and records of aborted transactions, keeps handing out messages of partitions that were taken away, and checks no CRC; the Writer asks
// for no acknowledgement unless told to. So membership is kafka-go's ConsumerGroup, requests go through its Client, and records are fetched over
// connections that its Dialer has secured, one for each partition, with the responses read by this package: verified by their CRC, without copying values.
//
// # What is handed out
//
// What a read_committed consumer sees, in order, each record once. Positions jump over holes, control records and aborted records. A position that the
// partition does not have is an [OffsetError], never a reset, unless AcceptLoss says to go on behind what was deleted. Bytes that stay corrupt are an error after a few tries. A batch that is whole but cannot be
// taken apart, because it decompresses to more than 32 MiB or to nonsense, is handed out as one message marked with [HeaderBatch], to become a dead letter.
//
// # What is written
//
// Everything is acknowledged by all replicas and written at least once: what is retried may be there twice. The state topic orders its records itself, and
// updates are identical for the same position, so duplicates are harmless. Committed offsets of the group are written for lag displays, and read only to
// notice that a state topic is gone; nothing goes on from them.
//
// A [Transactor] writes exactly once instead: updates, dead letters, state and the committed offset in one transaction, in batches that are numbered.
//
// # What is tried again
//
// Errors that pass are tried again with growing pauses, until the caller's context ends where rows are moved, for 30 s where something is only asked; the
// first failure and the recovery are logged. patienceWith in patience.go says which errors these are. A cancelled call returns at once, with what the last try met.
//
// # Memory
//
// A Source holds two responses of MaxBytes, 4 MiB by default, and what they decompress to: after 8 MiB the rest of a response is fetched again. A batch
// larger than that is held whole.
//
// # Rates
//
// BenchmarkConsume reads one partition of a real Kafka 4.3.1, with broker and clients on the same 2 cores, in one run, three times over (MB/s):
//
//	                          64 KiB records    512 B records
//	Source                    1,020–1,410       1,110–1,250
//	kafka-go Conn.ReadBatch   1,820–2,080         650–  900
//	franz-go PollFetches        850–  870         590–  630
//	kafka-go Client.Fetch     1,020–1,320         570–  670
//	kafka-go Reader             380–  420         190–  240
//
// The last two lines are from a run before, in which Source was at 880–1,160 and 1,040–1,350. ReadBatch verifies no CRC, copies all values over one another
// into one buffer, and shows the faults of the Reader: it is there for what the network alone allows.
//
// # What to know
//
// Brokers must be 2.3 or newer (Fetch version 11) and topics written in message format 2, as everything is since 0.11. Joining is by Kafka's classic protocol:
// all partitions of a member stop during a rebalance. A member that does not answer is thrown out after the session time-out.
package kafka
