// Package soak lets the program run for long under load, on a real Apache Kafka, and watches what it does: its memory, its goroutines, its lag, and how long a row
// takes from its producer to an update that can be read. `make soak DURATION=30m` runs it; docs/measured/soak.md has figures.
//
// It asserts what no noise of the machine changes (nothing lost, nothing grows without end) and prints the rest.
package soak
