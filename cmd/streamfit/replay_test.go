package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/streamfit/streamfit/estimator"
	"github.com/streamfit/streamfit/pipeline"
)

// rowsForever is a CSV without an end, which calls interrupt once it has given so many rows.
type rowsForever struct {
	rows, interruptAt int
	interrupt         func()
	rest              string
}

func (r *rowsForever) Read(p []byte) (int, error) {
	if r.rest == "" {
		if r.rest = "x,y\n"; r.rows > 0 {
			r.rest = fmt.Sprintf("%d,%d\n", r.rows, 2*r.rows+r.rows%3)
		}
		if r.rows++; r.rows == r.interruptAt {
			r.interrupt()
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func TestInterruptedReplaySaysHowFarItCame(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var out, log strings.Builder
	in := &rowsForever{interruptAt: 100_000, interrupt: cancel}
	err := execute(ctx, []string{"replay", "--target", "y", "--features", "x", "--batch-rows", "1000", "-"}, &console{In: in, Out: &out, Err: &log})
	if code := exitCode(err); code != exitInterrupted {
		t.Fatalf("exit code %d for %v, want %d", code, err, exitInterrupted)
	}
	if !regexp.MustCompile(`^interrupted before the end of the input: [0-9]+,000 rows learned, no model written$`).MatchString(err.Error()) {
		t.Errorf("it said %q", err)
	}
	if out.Len() > 0 {
		t.Errorf("it wrote a model:\n%s", out.String())
	}
}

func TestInterruptedWhileCounting(t *testing.T) {
	path := writeRows(t, 1, 10)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := execute(ctx, []string{"replay", "--target", "y", "--features", "x", "--holdout", "0.5", path}, &console{Out: io.Discard, Err: io.Discard})
	if code := exitCode(err); code != exitInterrupted || !strings.Contains(err.Error(), "0 rows learned") {
		t.Errorf("exit code %d for %v", code, err)
	}
}

// writeRows of y = 5 + 2x and a column of noise, with some outliers, as a CSV.
func writeRows(t *testing.T, seed uint64, n int) string {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 1))
	var text strings.Builder
	text.WriteString("x,noise,y\n")
	for range n {
		x, y := random.NormFloat64(), random.NormFloat64()
		if random.IntN(10) == 0 {
			y += 50
		}
		fmt.Fprintf(&text, "%v,%v,%v\n", x, random.NormFloat64(), 5+2*x+y)
	}
	path := filepath.Join(t.TempDir(), "rows.csv")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// replayed is the final record of a replay.
func replayed(t *testing.T, args ...string) map[string]json.RawMessage {
	t.Helper()
	var out strings.Builder
	if err := execute(t.Context(), append([]string{"replay", "--target", "y", "-o", "json"}, args...), &console{Out: &out, Err: io.Discard}); err != nil {
		t.Fatal(err)
	}
	var record map[string]json.RawMessage
	if err := json.Unmarshal([]byte(out.String()), &record); err != nil {
		t.Fatal(err)
	}
	return record
}

func TestReplayTellsFeaturesFromNoise(t *testing.T) {
	var fit struct {
		R2           float64
		Outliers     float64 `json:"outlier_share"`
		Coefficients map[string]struct{ Z, P float64 }
		Residuals    map[string]float64
		Holdout      struct {
			Rows                uint64
			R2, Loss, MAE, RMSE float64
			Residuals           map[string]float64
		}
	}
	record := replayed(t, "--features", "*", "--holdout", "0.25", writeRows(t, 2, 20_000))
	if err := json.Unmarshal(record["fit"], &fit); err != nil {
		t.Fatal(err)
	}
	if x, noise := fit.Coefficients["x"], fit.Coefficients["noise"]; !(x.Z > 100 && x.P < 1e-300) || !(noise.P > 1e-3) {
		t.Errorf("x %+v, noise %+v", x, noise)
	}
	// Of the loss of N(0, 1) residuals with a tenth at 50, against N(0, 5): about a third is saved.
	if fit.Holdout.Rows != 5000 || fit.R2 < 0.05 || fit.R2 > 0.6 || fit.Holdout.R2 < fit.R2-0.05 || fit.Holdout.R2 > fit.R2+0.05 {
		t.Errorf("R² %v, of %d rows held out %v", fit.R2, fit.Holdout.Rows, fit.Holdout.R2)
	}
	for name, q := range map[string]map[string]float64{"progressive": fit.Residuals, "held out": fit.Holdout.Residuals} {
		if !(q["min"] < -3 && q["p25"] < -0.4 && q["p50"] < 0.3 && q["p75"] < 1.3 && q["p95"] > 40 && q["max"] > 50) {
			t.Errorf("residuals %s: %v", name, q)
		}
	}
}

// The rows before a holdout, alone, give the same model and the same fit.
func TestHoldoutIsNotLearned(t *testing.T) {
	path := writeRows(t, 3, 3000)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head := filepath.Join(t.TempDir(), "rows.csv") // the same name: it is in the position
	if err := os.WriteFile(head, []byte(strings.Join(strings.SplitAfter(string(text), "\n")[:2501], "")), 0o600); err != nil {
		t.Fatal(err)
	}
	want, got := replayed(t, "--features", "x", head), replayed(t, "--features", "x", "--holdout", "500", path)
	for _, r := range []map[string]json.RawMessage{want, got} {
		fit := string(r["fit"])
		r["fit"] = json.RawMessage(fit[:strings.Index(fit, `"holdout"`)] + `"holdout":0}`)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("first 2500 rows alone (-), and with 500 held out after them (+):\n%s", diff)
	}
}

// Three passes of the program are three of Learn with EndPass between them, bit for bit.
func TestPassesOfTheProgramEqualLearn(t *testing.T) {
	path := writeRows(t, 4, 5000)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var x, y []float64
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n")[1:] {
		var a, noise, b float64
		if _, err := fmt.Sscanf(line, "%g,%g,%g", &a, &noise, &b); err != nil {
			t.Fatal(err)
		}
		x, y = append(x, a), append(y, b)
	}
	for _, solver := range []string{"newton", "asgd", "sgd", "tracking"} {
		cfg := pipeline.DefaultConfig()
		cfg.Model.Solver = solver
		args := []string{"--features", "x", "--solver", solver, "--passes", "3", "--batch-rows", "777", path}
		if solver == "sgd" {
			cfg.Model.Delta = estimator.Knee{Value: 1}
			args = append(args, "--delta", "1")
		}
		model, err := estimator.New(cfg.Estimator([]string{"x"}))
		if err != nil {
			t.Fatal(err)
		}
		for pass := range 3 {
			if pass > 0 {
				model.EndPass()
			}
			model.Learn(nil, estimator.Columns{Rows: len(y), Features: [][]float64{x}, Target: y})
		}
		r := model.Report()
		var got struct {
			Intercept    pipeline.Interval
			Coefficients map[string]pipeline.Interval
		}
		record := replayed(t, args...)
		if err := errors.Join(json.Unmarshal(record["intercept"], &got.Intercept), json.Unmarshal(record["coefficients"], &got.Coefficients)); err != nil {
			t.Fatal(err)
		}
		if got.Intercept.Value != pipeline.Number(r.Intercept.Value) || got.Coefficients["x"].Value != pipeline.Number(r.Coefficients[0].Value) {
			t.Errorf("%s: replay %v and %v, Learn %v and %v", solver, got.Intercept.Value, got.Coefficients["x"].Value, r.Intercept.Value, r.Coefficients[0].Value)
		}
	}
}

func TestWarningOfDrift(t *testing.T) {
	var log strings.Builder
	warnOfDrift(&log, &pipeline.Update{}, false)
	if log.Len() > 0 {
		t.Errorf("a warning without an alarm: %s", log.String())
	}
	row := uint64(12345)
	drifted := &pipeline.Update{Drift: pipeline.Drift{LastAlarmRow: &row, Alarms: pipeline.Alarms{Jump: 2, Variance: 1}}}
	for follows, parts := range map[bool][]string{
		false: {"streamfit: warning: ", "2 jump, 0 slope, 1 variance, the last at row 12,345", "shuffle", "--passes", "--half-life", "--solver tracking", "--plot"},
		true:  {"streamfit: warning: ", "the last at row 12,345", "newest rows, as the model forgets"},
	} {
		log.Reset()
		warnOfDrift(&log, drifted, follows)
		for _, part := range parts {
			if !strings.Contains(log.String(), part) {
				t.Errorf("the warning lacks %q:\n%s", part, log.String())
			}
		}
	}
}
