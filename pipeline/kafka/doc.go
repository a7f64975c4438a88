// Package kafka is the pipeline's only door to Kafka: membership, positioned fetches, acknowledged writes, the state topic.
//
// It stands on kafka-go, but not on its Reader and Writer. The Reader loops forever on a compacted topic whose compressed batch lost its tail, hands out
// control records and records of aborted transactions, keeps handing out messages of partitions that were taken away, and checks no CRC; the Writer asks
// for no acknowledgement unless told to. So membership is kafka-go's ConsumerGroup, requests go through its Client, and records are fetched over
// connections that its Dialer has secured, one for each partition, with the responses read by this package: verified by their CRC, without copying values.
//
// What is handed out is what a read_committed consumer sees. Positions jump over holes, control records and aborted records. Committed offsets of the
// group are written for lag displays and never read.
//
// Retryable errors are retried with growing pauses until the caller's context ends, each with a log line; errors.go says which these are.
package kafka
