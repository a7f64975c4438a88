package main

import (
	"encoding"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/streamfit/streamfit/internal/devbroker"
	"github.com/streamfit/streamfit/internal/settings"
	"github.com/streamfit/streamfit/pipeline"
)

func text(s string) *string { return &s }

func quiet() *console { return &console{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard} }

// The setting in each layer is the name of the layer: the last layer that has it wins.
func TestFlagsBeatTheEnvironmentBeatsTheFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f.yaml")
	if err := os.WriteFile(file, []byte("model: {name: file, target: file, weight: file, features: [x]}"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("STREAMFIT_MODEL_TARGET", "environment")
	t.Setenv("STREAMFIT_MODEL_WEIGHT", "environment")
	t.Setenv("STREAMFIT_MODEL_TIME", "environment")
	cfg, err := quiet().load(file, pipeline.Config.ValidateFit, ModelFlags{Weight: text("flag"), Set: assignments{"model.half_life=.inf", "sgd.alpha=0.5"}})
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(cfg.Model.Name, " ", cfg.Model.Target, " ", cfg.Model.Weight, " ", cfg.Model.Time, " ", cfg.Model.Solver, " ", cfg.SGD.Alpha)
	if want := "file environment flag environment auto 0.5"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if cfg.State.Topic != "streamfit-state" {
		t.Errorf("state topic %q is not named after the group", cfg.State.Topic)
	}
}

func TestFaultsNameTheLayer(t *testing.T) {
	t.Setenv("STREAMFIT_MODEL_TAU", "high")
	c := quiet()
	c.In = strings.NewReader("model:\n  delta: much\n")
	c.Log = LogFlags{LogLevel: text("info")}
	_, err := c.load("-", pipeline.Config.ValidateFit, ModelFlags{Delta: text("0"), Set: assignments{"sgd.eta0=x", "sgd=1", "eta0"}})
	want := `-:2:10: model.delta: "much" is no knee; want auto, or a number above 0 in the units of the target
STREAMFIT_MODEL_TAU: model.tau: "high" is not a number, or .inf
--delta: model.delta: "0" is no knee; want auto, or a number above 0 in the units of the target
--set: sgd.eta0: "x" is not a number, or .inf
--set: sgd is a section, not a setting; its settings are sgd.learning_rate, sgd.eta0, sgd.power_t, sgd.penalty, sgd.alpha, sgd.l1_ratio, sgd.average, sgd.fit_intercept
--set: want path=value, as model.delta=1.5`
	if err == nil {
		t.Fatal("no error")
	}
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Error(diff)
	}
}

func TestFaultsOfTheWholeNameTheLayer(t *testing.T) {
	t.Setenv("STREAMFIT_OUTPUT_FORMAT", "arrow")
	c := quiet()
	c.Log = LogFlags{LogFormat: text("xml")}
	_, err := c.load("", pipeline.Config.ValidateFit, ModelFlags{Features: text("a,b"), Key: text("a")})
	want := `--key: model.key: "a" is the target, the weight or a feature too
model.target: missing: name the column to predict (--target, model.target, STREAMFIT_MODEL_TARGET)
STREAMFIT_OUTPUT_FORMAT: output.format: updates as Arrow streams are not available in this version; want json
--log-format: log.format: "xml" is not one of json, console`
	if err == nil {
		t.Fatal("no error")
	}
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Error(diff)
	}
}

// Every setting of the configuration has one path, one environment variable of its own, and a text that reads back.
func TestEverySettingIsReachedByItsPath(t *testing.T) {
	cfg := pipeline.DefaultConfig()
	layers := settings.Over(&cfg)
	variables := map[string]string{}
	for _, path := range layers.Paths() {
		name := settings.Variable(environmentPrefix, path)
		if other := variables[name]; other != "" {
			t.Errorf("%s and %s are both %s", path, other, name)
		}
		variables[name] = path
		if layers.Secret(path) {
			continue
		}
		if err := layers.Set(path, layers.Text(path), "test"); err != nil {
			t.Errorf("the default does not read back: %v", err)
		}
	}
	if diff := cmp.Diff(pipeline.DefaultConfig(), cfg); diff != "" {
		t.Error(diff)
	}
	if fields := countFields(reflect.ValueOf(&cfg).Elem()); fields != len(layers.Paths()) {
		t.Errorf("the configuration has %d fields, but %d settings: one has no yaml tag", fields, len(layers.Paths()))
	}
}

// countFields that hold a value.
func countFields(v reflect.Value) (n int) {
	if _, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok || v.Kind() != reflect.Struct {
		return 1
	}
	for i := range v.NumField() {
		n += countFields(v.Field(i))
	}
	return n
}

func TestDefaultsPrintAsAFileThatSaysTheSame(t *testing.T) {
	want, got := pipeline.DefaultConfig(), pipeline.Config{}
	var printed strings.Builder
	if err := settings.Over(&want).WriteYAML(&printed); err != nil {
		t.Fatal(err)
	}
	if err := settings.Over(&got).File("printed", []byte(printed.String()), os.LookupEnv); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A flag whose path is misspelt would be a flag that nothing can set.
func TestEveryFlagIsASetting(t *testing.T) {
	var cfg pipeline.Config
	layers := settings.Over(&cfg)
	for _, group := range []any{ModelFlags{}, InputFlags{}, OutputFlags{}, LogFlags{}, TargetFlags{}, UpdateFlags{}, ConfigFlags{}} {
		for _, f := range reflect.VisibleFields(reflect.TypeOf(group)) {
			path := f.Tag.Get("path")
			if f.Type == reflect.TypeFor[*string]() && !layers.Has(path) {
				t.Errorf("flag --%s: %q is no setting", f.Tag.Get("name"), path)
			}
		}
	}
}

func TestExitCodes(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want int
	}{
		"done":            {nil, 0},
		"help":            {fmt.Errorf("parse: %w", errHelp), 0},
		"unknown":         {errors.New("x"), 1},
		"usage":           {&usageError{errors.New("x")}, 2},
		"fault in a list": {errors.Join(errors.New("x"), &settings.Fault{Err: errors.New("y")}), 2},
		"setting":         {&pipeline.SettingError{}, 2},
		"message":         {fmt.Errorf("shard: %w", &pipeline.DecodeError{Err: errors.New("x")}), 3},
		"row":             {&pipeline.RowError{}, 3},
		"state":           {fmt.Errorf("x: %w", pipeline.ErrState), 5},
		"checkpoint":      {fmt.Errorf("x: %w", pipeline.ErrCheckpoint), 5},
	} {
		if got := exitCode(c.err); got != c.want {
			t.Errorf("%s: got %d, want %d", name, got, c.want)
		}
	}
}

// The scripts see that a command fails; this is with which code.
func TestCommandsExitAsDocumented(t *testing.T) {
	b, err := devbroker.Start(devbroker.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	t.Setenv("STREAMFIT_INPUT_BROKERS", b.Brokers()[0])
	for line, want := range map[string]int{
		"":                                      exitDone,
		"tail -h":                               exitDone,
		"version":                               exitDone,
		"nonsense":                              exitUsage,
		"tail --topic":                          exitUsage,
		"tail":                                  exitUsage,
		"lint -c none.yaml":                     exitUsage,
		"produce --topic t none.csv":            exitInput,
		"produce --topic t --rate=-1 x":         exitUsage,
		"tail --topic none --until-end":         exitKafka,
		"dev-broker --topic x:0":                exitUsage,
		"dev-broker --listen " + b.Brokers()[0]: exitFailed,
	} {
		if got := run(strings.Fields(line), quiet()); got != want {
			t.Errorf("streamfit %s: exit code %d, want %d", line, got, want)
		}
	}
}
