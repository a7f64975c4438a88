package main

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
)

var rewriteDocs = flag.Bool("rewrite-docs", false, "write what the commands of docs/losses.md print into it; commit only differences that you understand")

// command of the page, and the output that stands below it.
var command = regexp.MustCompile("(?s)```sh\nstreamfit ([^\n]+)\n```\n\n```text\n(.*?)```\n")

// Every command of docs/losses.md prints what stands below it.
func TestLossesPageShowsWhatTheCommandsPrint(t *testing.T) {
	t.Chdir("../..")
	page, err := os.ReadFile("docs/losses.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	rewritten := command.ReplaceAllStringFunc(string(page), func(block string) string {
		found++
		parts := command.FindStringSubmatch(block)
		var out, log strings.Builder
		if code := run(strings.Fields(parts[1]), &console{Out: &out, Err: &log}); code != exitDone {
			t.Errorf("streamfit %s: exit code %d: %s", parts[1], code, log.String())
		}
		if got := trimLines(out.String()); got != parts[2] && !*rewriteDocs {
			t.Errorf("streamfit %s printed\n%s\nthe page shows\n%s", parts[1], got, parts[2])
		}
		return "```sh\nstreamfit " + parts[1] + "\n```\n\n```text\n" + trimLines(out.String()) + "```\n"
	})
	if found < 8 {
		t.Errorf("found %d commands with their output, want all 8", found)
	}
	if *rewriteDocs {
		if err := os.WriteFile("docs/losses.md", []byte(rewritten), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// trimLines of the spaces that tables leave at their ends.
func trimLines(text string) string {
	return regexp.MustCompile(`(?m) +$`).ReplaceAllString(text, "")
}

// The figure of the page is what the program draws.
func TestLossesPageShowsTheFigure(t *testing.T) {
	path := t.TempDir() + "/losses.svg"
	runLoss(t, "--figure", path)
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("../../docs/losses.svg")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Error("docs/losses.svg is out of date: go run ./cmd/streamfit loss --figure docs/losses.svg")
	}
}
