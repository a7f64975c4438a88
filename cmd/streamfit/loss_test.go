package main

import (
	"math"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/streamfit/streamfit/loss"
)

// runLoss runs streamfit loss with the arguments and returns what it printed.
func runLoss(t *testing.T, args ...string) string {
	t.Helper()
	var out, log strings.Builder
	if code := run(append([]string{"loss"}, args...), &console{Out: &out, Err: &log}); code != exitDone {
		t.Fatalf("streamfit loss %s: exit code %d: %s", strings.Join(args, " "), code, log.String())
	}
	return out.String()
}

func TestLossComparisonFitsATerminal(t *testing.T) {
	for _, line := range strings.Split(runLoss(t), "\n") {
		if width := utf8.RuneCountInString(line); width > 100 || strings.TrimRight(line, " ") != line {
			t.Errorf("%d columns: %q", width, line)
		}
	}
}

// What the comparison says about outliers must be true of the losses themselves.
func TestLossComparisonIsTrue(t *testing.T) {
	for _, name := range loss.Names() {
		l, err := loss.New(loss.Spec{Name: name, Beta: 0.5, Delta: 2, Tau: 0.3, Epsilon: 0.2})
		if err != nil {
			t.Fatal(err)
		}
		p, ok := propertiesOf[name]
		if !ok {
			t.Errorf("%s is not in the comparison", name)
			continue
		}
		far := math.Abs(l.Derivative(1e6, 0))
		if unbounded := strings.Contains(p.Outliers, "unbounded"); unbounded != (far > 100) {
			t.Errorf("%s: pull of a far row is %v, the comparison says %q", name, far, p.Outliers)
		}
		jump := l.Derivative(1e-12, 0) - l.Derivative(-1e-12, 0)
		if smooth := p.Smooth != "no"; smooth != (jump < 1e-9) {
			t.Errorf("%s: the derivative jumps by %v at 0, the comparison says smooth: %q", name, jump, p.Smooth)
		}
	}
	if len(propertiesOf) != len(loss.Names()) {
		t.Errorf("the comparison has %d losses, there are %d", len(propertiesOf), len(loss.Names()))
	}
}

func TestLossUsageFaultsExitWith2(t *testing.T) {
	for _, args := range [][]string{
		{"--true", "1", "--pred", "1,2"}, {"--true", "a", "--pred", "1"}, {"--loss", "hubr"}, {"--delta", "0"}, {"--figure", filepath.Join(t.TempDir(), "x.gif")},
	} {
		var out, log strings.Builder
		if code := run(append([]string{"loss"}, args...), &console{Out: &out, Err: &log}); code != exitUsage || log.Len() == 0 {
			t.Errorf("%v: exit code %d, want %d; it said %q", args, code, exitUsage, log.String())
		}
	}
}
