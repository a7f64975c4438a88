//go:build unix

package kafka

import (
	"testing"

	"github.com/streamfit/streamfit/internal/kafkatest"
)

func init() {
	runTests = kafkatest.Main
	realBroker = func(t testing.TB) []string { return kafkatest.Shared(t).Brokers() }
}
