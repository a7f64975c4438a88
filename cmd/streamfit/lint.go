package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/streamfit/streamfit/pipeline"
)

type lintCmd struct {
	Config string      `short:"c" default:"streamfit.yaml" placeholder:"FILE" help:"Configuration to check; - reads it from stdin."`
	For    string      `enum:"run,replay" default:"run" help:"Command that it is for: replay needs no topics."`
	Print  bool        `help:"Print the configuration in force, with defaults, environment and flags applied and secrets redacted."`
	Set    assignments `name:"set" sep:"none" placeholder:"PATH=VALUE" help:"Any setting by its path in the file; may be repeated."`
}

// Help is the text below the usage.
func (*lintCmd) Help() string {
	return `Checks a configuration as run would read it, environment included, and prints every fault with its file, line and column.

    printf 'model: {target: delay, features: [distance, time]}\n' > streamfit.yaml
    streamfit lint -c streamfit.yaml --for replay

Exit code 0: it can be run; 2: it has faults.`
}

// Run prints the faults on stdout: they are what lint is for.
func (l *lintCmd) Run(c *console) error {
	check := pipeline.Config.Validate
	if l.For == "replay" {
		check = pipeline.Config.ValidateFit
	}
	_, layers, err := c.layers(l.Config, check, struct{ Set assignments }{l.Set})
	if missing := (*usageError)(nil); errors.As(err, &missing) {
		return err
	}
	if err != nil {
		fmt.Fprintln(c.Out, err)
		return &usageError{fmt.Errorf("%s: %s", l.Config, plural(len(strings.Split(err.Error(), "\n")), "fault"))}
	}
	if l.Print {
		return layers.WriteYAML(c.Out)
	}
	_, err = fmt.Fprintf(c.Out, "%s: ok\n", l.Config)
	return err
}

// plural of what, counted.
func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return grouped(uint64(n)) + " " + what + "s"
}
