package main

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"
)

// TestReplayEqualsScikitLearn runs the command lines of golden/replay.py: settings, passes and the rows of a file come through to the last digits.
func TestReplayEqualsScikitLearn(t *testing.T) {
	t.Chdir("../..")
	text, err := os.ReadFile("golden/replay.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		File, Target, Features string
		Fits                   []struct {
			Arguments        string
			Slope, Intercept float64
		}
	}
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	if len(golden.Fits) < 72 {
		t.Fatalf("%d fits, want all 72", len(golden.Fits))
	}
	worst := 0.0
	for _, fit := range golden.Fits {
		slope, intercept := coefficientsOf(t, golden.File, golden.Target, golden.Features, strings.Fields(fit.Arguments))
		apart := max(math.Abs(slope-fit.Slope), math.Abs(intercept-fit.Intercept))
		if apart > 0 {
			apart /= max(math.Abs(fit.Slope), math.Abs(fit.Intercept))
		}
		if worst = max(worst, apart); !(apart <= 1e-12) {
			t.Errorf("streamfit replay %s: slope %v, intercept %v; scikit-learn has %v and %v", fit.Arguments, slope, intercept, fit.Slope, fit.Intercept)
		}
	}
	t.Logf("%d command lines within %.2g of scikit-learn", len(golden.Fits), worst)
}

// coefficientsOf sgd's model: those in the final update.
func coefficientsOf(t *testing.T, file, target, feature string, arguments []string) (slope, intercept float64) {
	t.Helper()
	arguments = append([]string{"replay", "--target", target, "--features", feature, "--solver", "sgd", "-o", "json"}, append(arguments, file)...)
	var out, log strings.Builder
	if code := run(arguments, &console{Out: &out, Err: &log}); code != exitDone {
		t.Fatalf("streamfit %s: exit code %d: %s", strings.Join(arguments, " "), code, log.String())
	}
	type coefficient struct{ Value *float64 }
	var update struct {
		Intercept    coefficient
		Coefficients map[string]coefficient
	}
	if err := json.Unmarshal([]byte(out.String()), &update); err != nil {
		t.Fatal(err)
	}
	return *update.Coefficients[feature].Value, *update.Intercept.Value
}
