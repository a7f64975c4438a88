// Package chaos lets streamfit run, as real processes on a real cluster of Apache Kafka, while a seeded schedule of faults goes over it, and then gives one
// verdict: the final state of every shard is that of one uninterrupted pass over the same messages, to the bit, and nothing was lost or said twice that
// may not be.
//
// The parts, a file each: the schedule (what happens when, from the seed alone), the faults (how it is done), the network (proxies in front of the brokers),
// the load (a transactional producer that aborts some of what it writes), the verdict. docs/measured/chaos.md has what came of it.
//
//	make chaos SEEDS=1-10                                  # the long form: more than 100 kills for each seed
//	KAFKATEST=real go test ./internal/chaos -v             # the short form
package chaos
