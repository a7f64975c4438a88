// Package kafkatest runs a real Apache Kafka for tests: one node, broker and controller in one process, or several (cluster.go), on free ports of
// 127.0.0.1.
//
// No container is needed. The broker is jars: Maven fetches them once into the user's cache directory (54 MB), and Java runs them. Tests get
// it through [Run], one broker for one test, or through [Shared], one for all tests of a package:
//
//	func TestMain(m *testing.M) { os.Exit(kafkatest.Main(m)) }
//
//	func TestRoundTrip(t *testing.T) {
//		broker := kafkatest.Shared(t)
//		broker.CreateTopic(t, "flights", 1, nil)
//		…
//	}
//
// # When they run
//
// A broker takes seconds, Java 17 and Maven, so plain `go test ./...` skips these tests. The environment turns them on:
//
//	KAFKATEST=real          run; a machine without Java or Maven skips
//	KAFKATEST_REQUIRED=1    with it, or with CI=true: a machine without Java or Maven fails
//	KAFKATEST_JARS=DIR      take the jars from DIR instead of fetching them
package kafkatest
