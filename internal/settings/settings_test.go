package settings_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/streamfit/streamfit/internal/settings"
)

// sample has a setting of every type.
type sample struct {
	Model struct {
		Target   string   `yaml:"target"`
		Features []string `yaml:"features"`
		Delta    level    `yaml:"delta"`
		HalfLife float64  `yaml:"half_life"`
	} `yaml:"model"`
	Input struct {
		Every  time.Duration `yaml:"every"`
		Rows   int64         `yaml:"rows"`
		Null   int64         `yaml:"null"`
		Fields int           `yaml:"fields"`
		TLS    struct {
			Enabled  bool   `yaml:"enabled"`
			Password string `yaml:"password" secret:"true"`
		} `yaml:"tls"`
	} `yaml:"input"`
	HTTP    string `yaml:"http"`
	Ignored string
}

// level reads and writes itself as text: "auto" or a number.
type level struct{ number string }

func (l level) MarshalText() ([]byte, error) {
	if l.number == "" {
		return []byte("auto"), nil
	}
	return []byte(l.number), nil
}

func (l *level) UnmarshalText(text []byte) error {
	var f float64
	if string(text) == "auto" {
		*l = level{}
	} else if _, err := fmt.Sscanf(string(text), "%g", &f); err != nil {
		return fmt.Errorf("%q is neither auto nor a number", text)
	} else {
		*l = level{number: string(text)}
	}
	return nil
}

var unset = func(string) (string, bool) { return "", false }

func variables(pairs ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1], true
			}
		}
		return "", false
	}
}

// opaque lets cmp look into level.
var opaque = cmp.AllowUnexported(level{})

func TestPathsAreInTheOrderOfTheStruct(t *testing.T) {
	want := []string{"model.target", "model.features", "model.delta", "model.half_life", "input.every", "input.rows", "input.null", "input.fields",
		"input.tls.enabled", "input.tls.password", "http"}
	if diff := cmp.Diff(want, settings.Over(&sample{}).Paths()); diff != "" {
		t.Error(diff)
	}
}

func TestLaterLayersWin(t *testing.T) {
	var s sample
	s.HTTP, s.Model.Target, s.Input.Rows, s.Input.Fields = "default", "default", 1, 1
	l := settings.Over(&s)
	err := errors.Join(
		l.File("f.yaml", []byte("model: {target: file}\ninput:\n  rows: 2\n  fields: 2\n"), unset),
		l.Environment("APP", []string{"APP_INPUT_ROWS=3", "APP_INPUT_FIELDS=3", "OTHER_ROWS=9"}),
		l.Flag("input.fields", "4", "--fields"),
	)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, path := range []string{"http", "model.target", "input.rows", "input.fields"} {
		fmt.Fprintf(&got, "%s=%s from %q\n", path, l.Text(path), l.Origin(path))
	}
	want := `http=default from ""
model.target=file from "f.yaml:1:17"
input.rows=3 from "APP_INPUT_ROWS"
input.fields=4 from "--fields"
`
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Error(diff)
	}
}

// A text that cannot be read must leave the value that a layer before gave.
func TestAFaultLeavesTheValueBefore(t *testing.T) {
	var s sample
	l := settings.Over(&s)
	for _, path := range []string{"model.delta", "model.half_life", "input.every", "input.rows", "input.fields", "input.tls.enabled"} {
		before := l.Text(path)
		err := l.Set(path, "much", "--x")
		if err == nil || !strings.HasPrefix(err.Error(), "--x: "+path+`: "much" is n`) {
			t.Errorf("%s: got %v", path, err)
		}
		if l.Text(path) != before || l.Origin(path) != "" {
			t.Errorf("%s: the value changed from %s to %s", path, before, l.Text(path))
		}
	}
}

func TestTextOfEveryTypeReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawSample(t)
		var got sample
		from, to := settings.Over(&want), settings.Over(&got)
		for _, path := range from.Paths() {
			if path == "input.tls.password" {
				got.Input.TLS.Password = want.Input.TLS.Password
				continue
			}
			if err := to.Set(path, from.Text(path), "test"); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(want, got, opaque); diff != "" {
			t.Error(diff)
		}
	})
}

func drawSample(t *rapid.T) (s sample) {
	s.Model.Target = rapid.String().Draw(t, "target")
	// A list cannot hold a carriage return before a line feed: CSV reads both as one line feed.
	s.Model.Features = rapid.SliceOf(rapid.StringMatching(`[a-zA-Z0-9 ,"'{}$:#\n\t.*\[\]-]*`)).Draw(t, "features")
	if len(s.Model.Features) == 0 {
		s.Model.Features = nil
	}
	s.Model.Delta.number = rapid.SampledFrom([]string{"", "1.5", "1e-300", "3"}).Draw(t, "delta")
	s.Model.HalfLife = rapid.SampledFrom([]float64{math.Inf(1), math.Inf(-1), 0, 0.1, 1e300, 5e-324, -3}).Draw(t, "half-life")
	s.Input.Every = time.Duration(rapid.Int64().Draw(t, "every"))
	s.Input.Rows = rapid.Int64().Draw(t, "rows")
	s.Input.Fields = rapid.Int().Draw(t, "fields")
	s.Input.TLS.Enabled = rapid.Bool().Draw(t, "enabled")
	s.HTTP = rapid.String().Draw(t, "http")
	return s
}

func TestPrintedSettingsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawSample(t)
		text := printed(t, &want)
		var got sample
		if err := settings.Over(&got).File("printed", []byte(text), unset); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if diff := cmp.Diff(want, got, opaque); diff != "" {
			t.Errorf("%s\n%s", diff, text)
		}
	})
}

type fataler interface{ Fatal(...any) }

func printed(t fataler, s *sample) string {
	var out strings.Builder
	if err := settings.Over(s).WriteYAML(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestPrint(t *testing.T) {
	var s sample
	s.Model.Target, s.Model.Features, s.Model.HalfLife = "y", []string{"a", "b,c", "${d}"}, math.Inf(1)
	s.Input.Every, s.Input.TLS.Password = 1500*time.Millisecond, "hunter2"
	want := `model:
  target: y
  features: [a, "b,c", "$${d}"]
  delta: auto
  half_life: .inf
input:
  every: 1.5s
  rows: 0
  null: 0
  fields: 0
  tls:
    enabled: false
    password: redacted
http: ""
`
	if diff := cmp.Diff(want, printed(t, &s)); diff != "" {
		t.Error(diff)
	}
}

func TestUnknownSettingsNameTheNearest(t *testing.T) {
	for written, want := range map[string]string{
		"model.tagret":    `"model.tagret" is no setting; did you mean model.target?`,
		"Model.Target":    `"Model.Target" is no setting; did you mean model.target?`,
		"model.halflife":  `"model.halflife" is no setting; did you mean model.half_life?`,
		"features":        `"features" is no setting; did you mean model.features?`,
		"input.http":      `"input.http" is no setting; did you mean http?`,
		"something.quite": `"something.quite" is no setting`,
		"":                `"" is no setting`,
		"input.tls":       `input.tls is a section, not a setting; its settings are input.tls.enabled, input.tls.password`,
	} {
		err := settings.Over(&sample{}).Assign(written+"=1", "--set")
		if err == nil || err.Error() != "--set: "+want {
			t.Errorf("%s: got %v, want %s", written, err, want)
		}
	}
	if err := settings.Over(&sample{}).Assign("http", "--set"); err == nil || !strings.Contains(err.Error(), "want path=value") {
		t.Errorf("got %v", err)
	}
}

func TestEnvironment(t *testing.T) {
	var s sample
	err := settings.Over(&s).Environment("APP", []string{
		"APP_MODEL_TARGET=y", "APP_MODEL_FEATURES=a, b", "APP_MODEL_TAGRET=x", "APP_INPUT_ROWS=many", "APPLE_X=1", "PATH=/bin", "APP_INPUT_EVERY=2s",
		// what Kubernetes sets in every pod of a namespace with a service of this name
		"APP_SERVICE_HOST=10.0.0.1", "APP_SERVICE_PORT=80", "APP_SERVICE_PORT_HTTP=80", "APP_PORT=tcp://10.0.0.1:80", "APP_PORT_80_TCP_ADDR=10.0.0.1",
	})
	want := `APP_MODEL_TAGRET: no setting has this environment variable; did you mean APP_MODEL_TARGET?
APP_INPUT_ROWS: input.rows: "many" is not a whole number`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if s.Model.Target != "y" || !cmp.Equal(s.Model.Features, []string{"a", "b"}) || s.Input.Every != 2*time.Second {
		t.Errorf("got %+v", s)
	}
}
