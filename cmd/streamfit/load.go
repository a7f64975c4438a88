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
	return cfg, layers, trace(layers, file, check(cfg))
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

// trace the faults that a check found back to where the values were said, or say how to give a value that is missing.
func trace(layers *settings.Layers, file string, err error) error {
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		var faults []error
		for _, e := range joined.Unwrap() {
			faults = append(faults, trace(layers, file, e))
		}
		return errors.Join(faults...)
	}
	var s *pipeline.SettingError
	if !errors.As(err, &s) {
		return err
	}
	if origin := layers.Origin(s.Path); origin != "" {
		return &settings.Fault{Origin: origin, Err: s}
	}
	return &settings.Fault{Origin: file, Err: fmt.Errorf("%w (%s)", s, namesOf(layers, s.Path))}
}

// namesOf a setting: its flag, its path in the file, its environment variable.
func namesOf(layers *settings.Layers, path string) string {
	if !layers.Has(path) {
		return "settings of " + path
	}
	flag := flagOf(path)
	if flag == "" && !layers.Secret(path) {
		flag = "--set " + path + "=…"
	}
	if flag != "" {
		flag += ", "
	}
	return flag + path + ", " + settings.Variable(environmentPrefix, path)
}
