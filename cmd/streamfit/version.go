package main

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"text/tabwriter"
)

type versionCmd struct {
	Output string `short:"o" enum:"table,json" default:"table" help:"table or json."`
}

// Help is the text below the usage.
func (*versionCmd) Help() string {
	return `    streamfit version
    streamfit version -o json`
}

// build says what the program was built from. The HTTP API shows it, too.
type build struct {
	Version  string            `json:"version"`
	Revision string            `json:"revision,omitempty"` // of the source; empty if it was not built in a checkout
	Modified bool              `json:"modified"`           // the checkout differed from the revision
	Time     string            `json:"time,omitempty"`     // of the revision
	Go       string            `json:"go"`
	Platform string            `json:"platform"`
	Modules  map[string]string `json:"modules"` // those that decide what Kafka and Arrow look like
}

// formatModules are the modules whose versions decide how bytes on the wire are read and written.
var formatModules = []string{"github.com/segmentio/kafka-go", "github.com/apache/arrow/go/v17", "github.com/parquet-go/parquet-go"}

func versionInfo() build {
	v := build{Version: "(devel)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Modules: map[string]string{}}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if info.Main.Version != "" {
		v.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Revision = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		case "vcs.time":
			v.Time = s.Value
		}
	}
	for _, m := range info.Deps {
		for _, name := range formatModules {
			if m.Path == name {
				v.Modules[name] = m.Version
			}
		}
	}
	return v
}

// Run prints what the program was built from.
func (v *versionCmd) Run(c *console) error {
	info := versionInfo()
	if v.Output == "json" {
		return json.NewEncoder(c.Out).Encode(info)
	}
	return info.write(c.Out)
}

func (v build) write(out io.Writer) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "streamfit\t%s\n", v.Version)
	if v.Revision != "" {
		modified := ""
		if v.Modified {
			modified = " (modified)"
		}
		fmt.Fprintf(t, "revision\t%s of %s%s\n", v.Revision, v.Time, modified)
	}
	fmt.Fprintf(t, "go\t%s %s\n", v.Go, v.Platform)
	for _, name := range formatModules {
		if version := v.Modules[name]; version != "" {
			fmt.Fprintf(t, "%s\t%s\n", name, version)
		}
	}
	return t.Flush()
}
