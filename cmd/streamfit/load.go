package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/streamfit/streamfit/internal/settings"
	"github.com/streamfit/streamfit/pipeline"
)

const environmentPrefix = "STREAMFIT"

// load the configuration of a command: defaults, then the file (none if file is empty, stdin if "-"), then the environment, then the flags, each over the
// one before. check is one of pipeline.Config's Validate methods. All faults of a layer are reported together, each with where it was said.
func (c *console) load(file string, check func(pipeline.Config) error, flags ...any) (pipeline.Config, error) {
	cfg, _, err := c.layers(file, check, flags...)
	return cfg, err
}

// layers is load for those who want to know where the values came from, too.
func (c *console) layers(file string, check func(pipeline.Config) error, flags ...any) (pipeline.Config, *settings.Layers, error) {
	cfg := pipeline.DefaultConfig()
	layers := settings.Over(&cfg)
	faults := []error{
		c.layFile(layers, file),
		layers.Environment(environmentPrefix, os.Environ()),
		layFlags(layers, append(flags, c.Log)...),
	}
	if err := errors.Join(faults...); err != nil {
		return cfg, layers, err
	}
	cfg.State.Topic = cfg.StateTopic()
	return cfg, layers, (&tracer{layers, file, flags}).trace(check(cfg))
}

func (c *console) layFile(layers *settings.Layers, name string) error {
	if name == "" {
		return nil
	}
	text, err := c.readFile(name)
	if err != nil {
		if path := (*fs.PathError)(nil); errors.As(err, &path) {
			err = path.Err
		}
		return &usageError{fmt.Errorf("configuration file %s: %w", name, err)}
	}
	return layers.File(name, text, os.LookupEnv)
}

func (c *console) readFile(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(c.In)
	}
	return os.ReadFile(name)
}

// tracer finds out where the values that a check found fault with were said.
type tracer struct {
	layers *settings.Layers
	file   string
	flags  []any // groups of the command
}

// trace the faults back to where the values were said, or say how to give a value that is missing.
func (t *tracer) trace(err error) error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var faults []error
		for _, e := range joined.Unwrap() {
			faults = append(faults, t.trace(e))
		}
		return errors.Join(faults...)
	}
	var s *pipeline.SettingError
	if !errors.As(err, &s) {
		return err
	}
	if origin := t.layers.Origin(s.Path); origin != "" {
		return &settings.Fault{Origin: origin, Err: s}
	}
	if !t.layers.Has(s.Path) {
		return &settings.Fault{Origin: t.file, Err: s}
	}
	return &settings.Fault{Origin: t.file, Err: fmt.Errorf("%w (%s)", s, t.names(s.Path))}
}

// names of a setting: its flag, its path in the file, its environment variable.
func (t *tracer) names(path string) string {
	variable := settings.Variable(environmentPrefix, path)
	if t.layers.Secret(path) {
		return path + ", " + variable
	}
	flag := flagOf(path, append(t.flags, ModelFlags{}, InputFlags{}, OutputFlags{}, LogFlags{}))
	if flag == "" {
		flag = "--set " + path + "=…"
	}
	return flag + ", " + path + ", " + variable
}
