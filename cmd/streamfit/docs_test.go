package main

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
)

var rewriteDocs = flag.Bool("rewrite-docs", false, "write what the commands of the pages in docs/ print into them; commit only differences that you understand")

// command of a page, over one line or several that end in a backslash, and the output that stands below it.
var command = regexp.MustCompile("(?s)(```sh\nstreamfit ((?:[^\n]*\\\\\n)*[^\n]+)\n```\n\n```text\n)(.*?)```\n")

// Every command of the pages prints what stands below it.
func TestPagesShowWhatTheCommandsPrint(t *testing.T) {
	t.Chdir("../..")
	for page, commands := range map[string]int{"docs/losses.md": 8, "docs/coming-from.md": 5, "docs/trend.md": 2} {
		t.Run(page, func(t *testing.T) { checkPage(t, page, commands) })
	}
}

func checkPage(t *testing.T, page string, commands int) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	rewritten := command.ReplaceAllStringFunc(string(text), func(block string) string {
		found++
		parts := command.FindStringSubmatch(block)
		got := printed(t, parts[2])
		if got != parts[3] && !*rewriteDocs {
			t.Errorf("streamfit %s printed\n%s\nthe page shows\n%s", parts[2], got, parts[3])
		}
		return parts[1] + got + "```\n"
	})
	if found != commands {
		t.Errorf("found %d commands with their output, want all %d", found, commands)
	}
	if *rewriteDocs {
		if err := os.WriteFile(page, []byte(rewritten), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// printed by a command that stands on a page.
func printed(t *testing.T, arguments string) string {
	t.Helper()
	out, _ := said(t, arguments)
	return out
}

// said by a command that stands on a page: on stdout, and on stderr.
func said(t *testing.T, arguments string) (out, log string) {
	t.Helper()
	var stdout, stderr strings.Builder
	if code := run(strings.Fields(strings.ReplaceAll(arguments, "\\\n", " ")), &console{Out: &stdout, Err: &stderr}); code != exitDone {
		t.Errorf("streamfit %s: exit code %d: %s", arguments, code, stderr.String())
	}
	return trimLines(stdout.String()), trimLines(stderr.String())
}

// trimLines of the spaces that tables leave at their ends.
func trimLines(text string) string {
	return regexp.MustCompile(`(?m) +$`).ReplaceAllString(text, "")
}
