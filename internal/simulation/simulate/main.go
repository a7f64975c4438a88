// Command simulate writes the long form of the simulations as a page of Markdown: `make simulate` puts it into docs/measured/simulation.md.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"runtime"
	"strings"
	"time"
)

// replications of the scenarios of 5 features; of more features there are fewer.
var replications = flag.Int("replications", 200, "seeds a scenario")

var only = flag.String("only", "", "only the sections whose titles contain this")

func main() {
	flag.Parse()
	if err := write(os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func write(to io.Writer) error {
	w := bufio.NewWriter(to)
	fmt.Fprintf(w, `# Simulations

Streams whose truth is known, learned in one pass by the default configuration on raw columns: scales of 1e-3 … 1e4, offsets of 20 to 100 of them, neighbouring
features correlated by 0.5, a target 170 noise scales away from 0. How the rows are drawn is in `+"`internal/simulation`"+`.

Made by `+"`make simulate`"+` (%d seeds a scenario of 5 features) on %s, on %s. The figures follow from the seeds.

`, *replications, time.Now().Format(time.DateOnly), machine())
	for _, section := range sections {
		if !strings.Contains(section.title, *only) {
			continue
		}
		fmt.Fprintf(os.Stderr, "%s …\n", section.title)
		fmt.Fprintf(w, "## %s\n\n%s\n\n", section.title, section.text)
		section.write(w)
		fmt.Fprintln(w)
		if err := w.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// machine that this runs on, as its processor calls itself.
func machine() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(info)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return fmt.Sprintf("%d cores of an %s (%s)", runtime.NumCPU(), strings.TrimSpace(value), runtime.GOARCH)
		}
	}
	return fmt.Sprintf("%d cores, %s", runtime.NumCPU(), runtime.GOARCH)
}
