package main

import (
	"os"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/term"

	"github.com/streamfit/streamfit/pipeline"
)

// logger to stderr, in the form and from the level that the configuration names.
func (c *console) logger(l pipeline.Log) zerolog.Logger {
	level, err := zerolog.ParseLevel(l.Level)
	if err != nil {
		level = zerolog.InfoLevel
	}
	out := c.Err
	if l.Format != "json" {
		out = zerolog.ConsoleWriter{Out: c.Err, TimeFormat: time.TimeOnly, NoColor: !isTerminal(c.Err)}
	}
	return zerolog.New(out).Level(level).With().Timestamp().Logger()
}

// isTerminal tells whether a person watches what is written to w, which is a console's stream.
func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
