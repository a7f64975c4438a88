//go:build unix

// Package examples_test runs the Python examples against a real Kafka, with streamfit between them.
package examples_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/streamfit/streamfit/internal/kafkatest"
)

// python is an interpreter that has examples/python/requirements.txt installed.
func python(t *testing.T) string {
	t.Helper()
	interpreter := os.Getenv("KAFKATEST_PYTHON")
	if interpreter == "" && os.Getenv("CI") == "true" && os.Getenv("KAFKATEST") == "real" {
		t.Fatal("KAFKATEST_PYTHON must name a Python with examples/python/requirements.txt installed")
	}
	if interpreter == "" {
		t.Skip("needs KAFKATEST_PYTHON, a Python with examples/python/requirements.txt installed")
	}
	return interpreter
}

func build(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "streamfit")
	output(t, exec.Command("go", "build", "-o", program, "../cmd/streamfit"))
	return program
}

// output of a command that must succeed.
func output(t *testing.T, cmd *exec.Cmd) []byte {
	t.Helper()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, stderr.Bytes())
	}
	return out
}

// fitted is the part of an update that the test looks at.
type fitted struct {
	Rows struct {
		Learned int `json:"learned"`
	} `json:"rows"`
	Intercept    interval            `json:"intercept"`
	Coefficients map[string]interval `json:"coefficients"`
}

type interval struct {
	Value float64 `json:"value"`
	SE    float64 `json:"se"`
}

func TestMain(m *testing.M) { os.Exit(kafkatest.Main(m)) }

// chain is Python → streamfit → Python on one broker.
type chain struct {
	python, streamfit, brokers, input, output string
}

func (c chain) produce(t *testing.T, rows, seed int) {
	t.Helper()
	output(t, exec.Command(c.python, "python/produce.py", "--brokers", c.brokers, "--topic", c.input, "--rows", strconv.Itoa(rows), "--seed", strconv.Itoa(seed)))
}

func (c chain) read(t *testing.T, untilRows int) fitted {
	t.Helper()
	out := output(t, exec.Command(c.python, "python/read.py", "--brokers", c.brokers, "--topic", c.output, "--until-rows", strconv.Itoa(untilRows), "--json"))
	var f fitted
	if err := json.Unmarshal(out, &f); err != nil {
		t.Fatalf("read.py printed %q: %v", out, err)
	}
	return f
}

// run starts streamfit; the function it returns asks it to finish, and fails the test if it does not end with exit code 0.
func (c chain) run(t *testing.T) (finish func()) {
	t.Helper()
	log, err := os.Create(filepath.Join(t.TempDir(), "streamfit.log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(c.streamfit, "run", "--brokers", c.brokers, "--topic", c.input, "--group", c.input, "--target", "delay",
		"--features", "distance,time", "--output-topic", c.output, "--every-rows", "5000")
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = log.Close()
		if text, err := os.ReadFile(log.Name()); t.Failed() {
			t.Logf("streamfit run: %s %v", text, err)
		}
	})
	return func() {
		t.Helper()
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("streamfit run, asked to finish: %v", err)
		}
	}
}

// checkTruth holds the coefficients against those that produce.py makes its rows with.
func checkTruth(t *testing.T, f fitted) {
	t.Helper()
	for name, c := range map[string]struct {
		got  interval
		want float64
	}{
		"intercept": {f.Intercept, 5}, "distance": {f.Coefficients["distance"], 0.01}, "time": {f.Coefficients["time"], 2},
	} {
		if away := math.Abs(c.got.Value-c.want) / c.got.SE; !(away < 5) || c.got.SE > 0.5 {
			t.Errorf("%s is %v ± %v, want %v", name, c.got.Value, c.got.SE, c.want)
		}
	}
}

func TestPythonProducesAndReadsBack(t *testing.T) {
	broker := kafkatest.Shared(t)
	c := chain{python: python(t), streamfit: build(t), brokers: broker.Addr(),
		input: kafkatest.TopicName(t, "flights"), output: kafkatest.TopicName(t, "model")}
	broker.CreateTopic(t, c.input, 1, nil)
	broker.CreateTopic(t, c.output, 1, nil)

	c.produce(t, 20_000, 1)
	finish := c.run(t)
	first := c.read(t, 20_000)
	finish()
	checkTruth(t, first)
	if first.Rows.Learned != 20_000 {
		t.Errorf("learned %d rows of 20000", first.Rows.Learned)
	}

	// Started again, it goes on where it stopped: 5,000 rows more, and none of the others twice.
	c.produce(t, 5_000, 2)
	finish = c.run(t)
	second := c.read(t, 25_000)
	finish()
	checkTruth(t, second)
	if second.Rows.Learned != 25_000 {
		t.Errorf("after 5000 more, learned %d rows of 25000", second.Rows.Learned)
	}
	table := output(t, exec.Command(c.python, "python/read.py", "--brokers", c.brokers, "--topic", c.output))
	if !bytes.Contains(table, []byte("25,000")) || !bytes.Contains(table, []byte("distance")) {
		t.Errorf("read.py shows\n%s", table)
	}
}

// Every file that produce.py takes arrives whole, in messages of at most 1,000 rows.
func TestPythonProducesFiles(t *testing.T) {
	broker := kafkatest.Shared(t)
	interpreter := python(t)
	csv := filepath.Join(t.TempDir(), "rows.csv")
	if err := os.WriteFile(csv, []byte("delay,distance\n1,100\n2,200\n3,300\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]struct{ rows, messages int64 }{csv: {3, 1}, "data/flights-200k.arrow": {200_000, 200}} {
		topic := kafkatest.TopicName(t, "rows")
		broker.CreateTopic(t, topic, 1, nil)
		out, err := exec.Command(interpreter, "python/produce.py", "--brokers", broker.Addr(), "--topic", topic, file).CombinedOutput()
		if says := fmt.Sprintf("%d rows sent to %s", want.rows, topic); err != nil || !bytes.Contains(out, []byte(says)) {
			t.Errorf("produce.py %s: %v\n%s", file, err, out)
		}
		if got := broker.End(t, topic, 0); got != want.messages {
			t.Errorf("%s arrived in %d messages, want %d", file, got, want.messages)
		}
	}
}
