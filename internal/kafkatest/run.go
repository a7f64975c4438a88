//go:build unix

package kafkatest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// Run starts a broker for one test and stops it at the test's end; if the test failed, the end of the broker's log is shown. Where real brokers
// are not asked for, or Java or Maven is missing, it skips the test, or fails it if one is required (see the package's introduction).
func Run(t testing.TB) *Broker {
	t.Helper()
	askedFor(t)
	b, err := newBroker(t.Context(), t.TempDir())
	giveUp(t, err)
	t.Cleanup(func() {
		b.close()
		b.showLog(t)
	})
	return b
}

var shared struct {
	sync.Mutex
	allowed bool // within Main, which stops it
	broker  *Broker
	err     error
	dir     string
}

// Main runs the tests of a package that use Shared, stops their broker and returns the exit code. It is for TestMain.
func Main(m *testing.M) int {
	shared.allowed = true
	defer func() {
		if shared.broker != nil {
			shared.broker.close()
		}
		if shared.dir != "" {
			_ = os.RemoveAll(shared.dir)
		}
	}()
	return m.Run()
}

// Shared is one broker for all tests of a package whose TestMain calls Main; the first to ask starts it. Tests share its topics and groups, so
// each must name its own. It skips as Run does.
func Shared(t testing.TB) *Broker {
	t.Helper()
	askedFor(t)
	shared.Lock()
	defer shared.Unlock()
	if !shared.allowed {
		t.Fatal("kafkatest.Shared: the package has no TestMain that calls kafkatest.Main")
	}
	if shared.broker == nil && shared.err == nil {
		shared.broker, shared.err = newShared()
	}
	giveUp(t, shared.err)
	t.Cleanup(func() { shared.broker.showLog(t) })
	return shared.broker
}

func newShared() (_ *Broker, err error) {
	if shared.dir, err = os.MkdirTemp("", "streamfit-kafka-"); err != nil {
		return nil, err
	}
	return newBroker(context.Background(), shared.dir) // outlives the test that asked first
}

func askedFor(t testing.TB) {
	t.Helper()
	switch v := os.Getenv("KAFKATEST"); v {
	case "real":
	case "":
		t.Skip("needs a real Kafka: set KAFKATEST=real (Java 17 and Maven must be there)")
	default:
		t.Fatalf("KAFKATEST is %q; want real, or nothing to skip the tests that need a real Kafka", v)
	}
}

func giveUp(t testing.TB, err error) {
	t.Helper()
	required := os.Getenv("CI") == "true" || os.Getenv("KAFKATEST_REQUIRED") == "1"
	switch {
	case err == nil:
	case errors.Is(err, errMissing) && !required:
		t.Skip(err)
	default:
		t.Fatal(err)
	}
}

func (b *Broker) close() {
	b.Stop()
	_ = b.log.Close()
}

const tailBytes = 8 << 10

func (b *Broker) showLog(t testing.TB) {
	if t.Failed() {
		t.Logf("%s", b.logTail())
	}
}

// logTail is the end of what the broker logged.
func (b *Broker) logTail() string {
	text, err := os.ReadFile(b.path("broker.log"))
	if err != nil {
		return err.Error()
	}
	if len(text) > tailBytes {
		text = text[len(text)-tailBytes:]
		text = text[bytes.IndexByte(text, '\n')+1:]
	}
	return fmt.Sprintf("the end of %s:\n%s", filepath.Base(b.log.Name()), text)
}
