// Streamfit fits outlier-robust linear models to event streams. See the README, or streamfit -h.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// console is where a command reads from and writes to: results go to Out, everything else to Err.
type console struct {
	In       io.Reader
	Out, Err io.Writer
	Log      LogFlags
}

// cli is the command line: a field per command, one file each.
type cli struct {
	Help helpFlag `short:"h" help:"Show what there is, and an example that works when pasted."`
	LogFlags

	Demo      demoCmd      `cmd:"" help:"Show the whole thing on an embedded broker, with real data."`
	Run       runCmd       `cmd:"" help:"Learn from a topic and publish the model to another."`
	Replay    replayCmd    `cmd:"" help:"Learn from files, with the very code that run uses."`
	Produce   produceCmd   `cmd:"" help:"Send files to a topic as Arrow record batches."`
	Tail      tailCmd      `cmd:"" help:"Follow the output topic: coefficients and loss as they change."`
	Loss      lossCmd      `cmd:"" help:"Compare the losses: a table, values, a figure."`
	Lint      lintCmd      `cmd:"" help:"Check a configuration and say what is wrong, with line and column."`
	DevBroker devBrokerCmd `cmd:"" help:"Run an embedded Kafka broker to try the other commands with."`
	Version   versionCmd   `cmd:"" help:"Say what this program was built from."`
}

func main() {
	os.Exit(run(os.Args[1:], &console{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}

// run one command line and return its exit code. The first SIGINT or SIGTERM asks the command to finish; the second ends the process at once.
func run(args []string, c *console) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)

	err := execute(ctx, args, c)
	if err != nil && !errors.Is(err, errHelp) {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			fmt.Fprintf(c.Err, "streamfit: %s\n", line)
		}
	}
	return exitCode(err)
}

func execute(ctx context.Context, args []string, c *console) error {
	var line cli
	parser, err := newParser(&line, c)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	command, err := parser.Parse(args)
	if err != nil {
		return badUsage(err)
	}
	c.Log = line.LogFlags
	command.BindTo(ctx, (*context.Context)(nil))
	return command.Run(c)
}

// badUsage tells where to read on about a command line that says nothing.
func badUsage(err error) error {
	var parse *kong.ParseError
	if errors.Is(err, errHelp) || !errors.As(err, &parse) {
		return err
	}
	name := "streamfit"
	if node := parse.Context.Selected(); node != nil {
		name += " " + node.Name
	}
	return &usageError{fmt.Errorf("%w; %s -h shows what there is", err, name)}
}
