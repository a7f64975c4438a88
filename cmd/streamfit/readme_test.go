package main

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What the README shows is what its commands print: every line of a block, in order, but for those that "…" stands for.
func TestReadmeShowsWhatTheCommandsPrint(t *testing.T) {
	t.Chdir("../..")
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for command, blocks := range map[string][]string{ // by what they begin with
		"demo --rate 0":             {"       rows  mean loss", "   coefficient         stream"},
		"demo --use keys --rate 0":  {"   origin   flights"},
		"demo --use trend --rate 0": {"               sensor   readings"},
		"replay --name cart --target x --trend t --unit 1s docs/data/trajectory.csv":      {"model cart:"},
		"replay --target delay --features distance,time examples/data/flights-200k.arrow": {"model model:"},
	} {
		out, log := said(t, command)
		lines := strings.Split(log+"\n"+out, "\n")
		for _, begin := range blocks {
			at := 0
			for _, line := range strings.Split(fenced(t, string(page), begin), "\n") {
				if strings.TrimSpace(line) == "…" {
					continue
				}
				next := slices.Index(lines[at:], line)
				if next < 0 {
					t.Errorf("streamfit %s does not print, or not there:\n%s", command, line)
					continue
				}
				at += next + 1
			}
		}
	}
	checkRecord(t, fenced(t, string(page), `{"v":1,`))
}

// fenced block of a page that begins so.
func fenced(t *testing.T, page, begin string) string {
	t.Helper()
	for i, block := range strings.Split(page, "```") {
		if _, text, _ := strings.Cut(block, "\n"); i%2 == 1 && strings.HasPrefix(text, begin) {
			return strings.TrimRight(text, "\n")
		}
	}
	t.Fatalf("the page has no block that begins with %q", begin)
	return ""
}

// checkRecord holds the README's update record to that of the flights, apart from how well they fit, which replay alone says.
func checkRecord(t *testing.T, shown string) {
	var got, want map[string]any
	printed := printed(t, "replay --name delays --target delay --features distance,time -o json examples/data/flights-200k.arrow")
	for text, record := range map[string]*map[string]any{shown: &want, printed: &got} {
		if err := json.Unmarshal([]byte(text), record); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
	}
	delete(got, "fit")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the README's update record and that of the flights differ:\n%s", diff)
	}
}
