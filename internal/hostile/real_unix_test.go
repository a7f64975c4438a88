//go:build unix

package hostile

import (
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/streamfit/streamfit/internal/kafkatest"
)

func init() {
	runTests = kafkatest.Main
	if os.Getenv("KAFKATEST") != "" {
		realBroker = func(t testing.TB) string { return kafkatest.Shared(t).Addr() }
		spent = func() time.Duration {
			var u syscall.Rusage
			if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
				return 0
			}
			return time.Duration(u.Utime.Nano() + u.Stime.Nano())
		}
	}
}
