//go:build unix

// Package programtest runs the program as its users do, for tests: real processes that are started, stopped, killed and put to sleep, and readers of what they
// write. TestMain calls Main, which builds the program once.
package programtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/streamfit/streamfit/internal/kafkatest"
)

// streamfit is the program, built by Main.
var streamfit string

// Main builds the program and runs the tests of a package, those on a shared broker of kafkatest's among them. It is for TestMain.
func Main(m *testing.M) int {
	dir, err := os.MkdirTemp("", "streamfit-program-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	streamfit = filepath.Join(dir, "streamfit")
	if out, err := exec.Command("go", "build", "-o", streamfit, "github.com/streamfit/streamfit/cmd/streamfit").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build streamfit: %v\n%s", err, out)
		return 1
	}
	return kafkatest.Main(m)
}

// Program is a process of streamfit, and what it says on stderr.
type Program struct {
	*exec.Cmd
	mu      sync.Mutex
	said    []byte
	claimed chan struct{} // closed once it has a partition
}

// Write implements io.Writer for stderr.
func (p *Program) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	had := bytes.Contains(p.said, []byte("claimed"))
	p.said = append(p.said, b...)
	if !had && bytes.Contains(p.said, []byte("claimed")) {
		close(p.claimed)
	}
	return len(b), nil
}

// Said is what it has said on stderr until now.
func (p *Program) Said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return string(p.said)
}

// Command of streamfit, with time-outs as short as tests want them. What it says on stderr is shown if the test fails.
func Command(t testing.TB, args ...string) *Program {
	p := &Program{Cmd: exec.CommandContext(t.Context(), streamfit, args...), claimed: make(chan struct{})}
	p.Env = append(os.Environ(), "STREAMFIT_STATE_EVERY=20ms",
		"STREAMFIT_KAFKA_HEARTBEAT=200ms", "STREAMFIT_KAFKA_SESSION_TIMEOUT=3s", "STREAMFIT_KAFKA_SHUTDOWN_TIMEOUT=2s")
	p.Stderr = p
	t.Cleanup(func() {
		if t.Failed() {
			said := p.Said()
			t.Logf("%v said:\n%s", p.Args[1:], said[max(0, len(said)-3000):])
		}
	})
	return p
}

// AwaitClaim waits until it has a partition: before that it may not have got to minding signals.
func (p *Program) AwaitClaim(ctx context.Context) error {
	select {
	case <-p.claimed:
		return nil
	case <-ctx.Done():
		return errors.New("it has not claimed a partition")
	case <-time.After(Patience):
		return errors.New("it has not claimed a partition")
	}
}

// Stop it as an operator does, and give how it ended.
func (p *Program) Stop() error {
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return p.Wait()
}

// Kill it as a machine does.
func (p *Program) Kill() error {
	if err := p.Process.Kill(); err != nil {
		return err
	}
	p.Wait() //nolint:errcheck // it was killed: that is its error
	return nil
}

// Patience bounds how long a test waits for what must come.
const Patience = 60 * time.Second
