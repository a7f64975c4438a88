package main

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"
)

// TestReplayEqualsOthers runs the command lines of golden/replay.py and golden/peers.py: settings, passes and the rows of a file come through to the
// last digits, and docs/coming-from.md is right.
func TestReplayEqualsOthers(t *testing.T) {
	t.Chdir("../..")
	for name, fits := range map[string]int{"golden/replay.json": 73, "golden/peers.json": 13} {
		t.Run(name, func(t *testing.T) { checkReplays(t, name, fits) })
	}
}

func checkReplays(t *testing.T, name string, fits int) {
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		File, Target, Features string
		Fits                   []struct {
			Peer, Call, Arguments       string
			Slope, Intercept, Tolerance float64
		}
	}
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	if len(golden.Fits) != fits {
		t.Fatalf("%d fits, want all %d", len(golden.Fits), fits)
	}
	for _, fit := range golden.Fits {
		slope, intercept := coefficientsOf(t, golden.File, golden.Target, golden.Features, strings.Fields(fit.Arguments))
		apart := max(math.Abs(slope-fit.Slope), math.Abs(intercept-fit.Intercept))
		if apart > 0 {
			apart /= max(math.Abs(fit.Slope), math.Abs(fit.Intercept))
		}
		if !(apart <= fit.Tolerance) {
			t.Errorf("streamfit replay %s: slope %v, intercept %v; %s %s has %v and %v",
				fit.Arguments, slope, intercept, fit.Peer, fit.Call, fit.Slope, fit.Intercept)
		}
	}
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
