//go:build unix

package kafkatest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestItIsTheVersionThatThePomNames(t *testing.T) {
	if want := "<version>" + Version + "</version>"; strings.Count(string(pom), want) != 2 {
		t.Errorf("pom.xml does not name %s for both of Kafka's artifacts", want)
	}
	b := Shared(t)
	log, err := os.ReadFile(b.path("broker.log"))
	if err != nil || !strings.Contains(string(log), "Kafka version: "+Version) {
		t.Errorf("the broker's log does not say that it is Kafka %s (%v)", Version, err)
	}
}

func TestMajorVersion(t *testing.T) {
	for line, want := range map[string]int{
		`openjdk version "17.0.15" 2025-04-15`: 17,
		`openjdk version "25" 2025-09-16`:      25,
		`java version "1.8.0_402"`:             1,
		"Unrecognized option: -version":        0,
	} {
		if got := majorVersion([]byte(line)); got != want {
			t.Errorf("%s: got %d, want %d", line, got, want)
		}
	}
}

// A machine without Java or Maven, or with an old Java, is told so by an error that skips.
func TestWhatIsMissingIsNamed(t *testing.T) {
	empty, old := t.TempDir(), t.TempDir()
	script := "#!/bin/sh\necho 'java version \"1.8.0_402\"' >&2\n"
	if err := os.WriteFile(filepath.Join(old, "java"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ path, want string }{
		"no java":  {empty, "no java in PATH"},
		"old java": {old, "is Java 1, want 17"},
	} {
		t.Setenv("PATH", c.path)
		if _, err := findJava(t.Context()); !errors.Is(err, errMissing) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an errMissing that says %q", name, err, c.want)
		}
	}
	if err := fetchJars(t.Context(), filepath.Join(t.TempDir(), "jars")); !errors.Is(err, errMissing) || !strings.Contains(err.Error(), "no mvn in PATH") {
		t.Errorf("no Maven: got %v, want an errMissing that says so", err)
	}
}

// outcome of what a test is told, without ending the test that asks.
type outcome struct {
	testing.TB
	verdict string
}

func (o *outcome) Helper()               {}
func (o *outcome) Skip(args ...any)      { o.verdict = "skip" }
func (o *outcome) Fatal(args ...any)     { o.verdict = "fatal" }
func (o *outcome) Fatalf(string, ...any) { o.verdict = "fatal" }

func TestWhenItRuns(t *testing.T) {
	for value, want := range map[string]string{"": "skip", "real": "", "1": "fatal"} {
		t.Setenv("KAFKATEST", value)
		o := &outcome{}
		if askedFor(o); o.verdict != want {
			t.Errorf("KAFKATEST=%q: got %q, want %q", value, o.verdict, want)
		}
	}
	missing, broken := fmt.Errorf("%w: no java", errMissing), errors.New("exit code 1")
	for _, c := range []struct {
		err               error
		ci, require, want string
	}{
		{nil, "true", "1", ""},
		{missing, "", "", "skip"},
		{missing, "true", "", "fatal"},
		{missing, "", "1", "fatal"},
		{broken, "", "", "fatal"},
	} {
		t.Setenv("CI", c.ci)
		t.Setenv("KAFKATEST_REQUIRED", c.require)
		o := &outcome{}
		if giveUp(o, c.err); o.verdict != c.want {
			t.Errorf("%v with CI=%q KAFKATEST_REQUIRED=%q: got %q, want %q", c.err, c.ci, c.require, o.verdict, c.want)
		}
	}
}

func TestTopicNamesAreLegalAndUnlike(t *testing.T) {
	t.Run("größe/with spaces & signs", func(t *testing.T) {
		a, b := TopicName(t, "in"), TopicName(t, "in")
		if a == b {
			t.Errorf("got %q twice", a)
		}
		if legal := regexp.MustCompile(`^[a-zA-Z0-9._-]{1,249}$`); !legal.MatchString(a) {
			t.Errorf("Kafka does not allow %q", a)
		}
	})
}

func TestClusterIDsDoNotBeginWithADash(t *testing.T) {
	for range 1000 { // one in 64 would
		if id := clusterID(); len(id) != 22 || id[0] == '-' {
			t.Fatalf("got %q", id)
		}
	}
}

func TestPortsAreDistinctAndBelowTheEphemeralOnes(t *testing.T) {
	found, err := freePorts(2)
	if err != nil || len(found) != 2 || found[0] == found[1] || slices.Min(found) < firstPort || slices.Max(found) >= lastPort {
		t.Errorf("got %v, %v", found, err)
	}
}

// The child holds the writing end of a pipe, which reads to its end only when all holders are gone.
func TestAKillReachesAllThatAProcessStarted(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	p, err := launch("sh", []string{"-c", "sleep 1000 & echo started; wait"}, w)
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	output := bufio.NewReader(r)
	if line, err := output.ReadString('\n'); line != "started\n" {
		t.Fatal(line, err)
	}
	b := &Broker{process: p}
	b.Kill()
	b.Kill()
	_ = r.SetReadDeadline(time.Now().Add(30 * time.Second))
	if _, err := io.ReadAll(output); err != nil {
		t.Errorf("a child is still there: %v", err)
	}
}

func TestLaunchingWhatIsNotThere(t *testing.T) {
	if _, err := launch("/no/such/program", nil, os.Stderr); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want os.ErrNotExist", err)
	}
}
