package main

import (
	"errors"

	"github.com/alecthomas/kong"

	"github.com/streamfit/streamfit/internal/settings"
)

// errHelp ends the command line once the help has been shown.
var errHelp = errors.New("help was asked for")

// helpFlag shows the help of the command that it stands behind.
type helpFlag bool

// BeforeReset is called by kong before anything of the command line is checked.
func (helpFlag) BeforeReset(ctx *kong.Context) error {
	if err := ctx.PrintUsage(false); err != nil {
		return err
	}
	return errHelp
}

const about = `Fits outlier-robust linear models to event streams: Arrow record batches come in from Kafka, a linear model with Huber loss learns every row
exactly once, and coefficients, their uncertainty and the running loss go out to a Kafka topic.

Every setting is a field of the configuration file, an environment variable and a flag: model.target is STREAMFIT_MODEL_TARGET is --target; what has no flag
of its own is set by --set path=value. A flag beats the environment, the environment beats the file.

` + exitCodes

// newParser of a command line. Results of -h go to Out: they were asked for.
func newParser(line *cli, c *console) (*kong.Kong, error) {
	return kong.New(line,
		kong.Name("streamfit"), kong.Description(about), kong.Writers(c.Out, c.Err),
		kong.NoDefaultHelp(), kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 120}),
		kong.ValueFormatter(describe),
		kong.ExplicitGroups([]kong.Group{
			{Key: "model", Title: "The model:"}, {Key: "input", Title: "The input:"}, {Key: "output", Title: "The output:"},
			{Key: "log", Title: "Logs (on stderr):"},
		}),
	)
}

// describe a flag: what it does and, where it is a setting, the environment variable that does the same.
func describe(v *kong.Value) string {
	text := kong.DefaultHelpValueFormatter(v)
	if path := v.Tag.Get("path"); path != "" {
		text += " [" + settings.Variable(environmentPrefix, path) + "]"
	}
	return text
}
