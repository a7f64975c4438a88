// Package endtoend tests the program as its users run it: real processes that are killed and started again, on the embedded broker and, where it is asked
// for (KAFKATEST=real), on a real Apache Kafka with the same assertions.
package endtoend
