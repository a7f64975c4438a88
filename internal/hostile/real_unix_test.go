//go:build unix

package hostile

import (
	"os"
	"testing"

	"github.com/streamfit/streamfit/internal/kafkatest"
)

func init() {
	runTests = kafkatest.Main
	if os.Getenv("KAFKATEST") != "" {
		realBroker = func(t testing.TB) string { return kafkatest.Shared(t).Addr() }
	}
}
