package settings_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/streamfit/streamfit/internal/settings"
)

func TestFileForms(t *testing.T) {
	lookup := variables("TOPIC", "flights", "LIST", "a,b", "ODD", `x: {y} # "z"`)
	for name, c := range map[string]struct {
		source string
		want   string // path=text
	}{
		"block":                         {"model:\n  target: delay\n", "model.target=delay"},
		"flow":                          {"model: {target: delay}", "model.target=delay"},
		"quotes":                        {`model: {target: "a: b"}`, "model.target=a: b"},
		"number as text":                {"model: {target: 2024}", "model.target=2024"},
		"literal block":                 {"model:\n  target: |-\n    a\n    b\n", "model.target=a\nb"},
		"list in flow":                  {`model: {features: [a, "b,c", 3]}`, `model.features=a,"b,c",3`},
		"list in block":                 {"model:\n  features:\n  - a\n  - b # second\n", "model.features=a,b"},
		"list of one text":              {"model: {features: 'a, b'}", "model.features=a,b"},
		"empty list":                    {"model: {features: []}", "model.features="},
		"colons in a flow list":         {"model: {features: [h:9092, a:b:c, 'x:y']}", "model.features=h:9092,a:b:c,x:y"},
		"colon in a flow map":           {"model: {target: http://h:1/x}", "model.target=http://h:1/x"},
		"colon in a block":              {"http: 127.0.0.1:8080", "http=127.0.0.1:8080"},
		"time of day":                   {"http: 12:30:45", "http=12:30:45"},
		"key that YAML has a value for": {"input: {null: 3}", "input.null=3"},
		"colon after an escape":         {`http: "\t:a\x41:b"`, "http=\t:aA:b"},
		"infinity":                      {"model: {half_life: .inf}", "model.half_life=.inf"},
		"number":                        {"model: {half_life: 1e3}", "model.half_life=1000"},
		"quoted number":                 {"input: {rows: '10'}", "input.rows=10"},
		"duration":                      {"input: {every: 1500ms}", "input.every=1.5s"},
		"text type":                     {"model: {delta: 1.5}", "model.delta=1.5"},
		"null keeps what was":           {"http: ~\nmodel:\ninput: {tls: }", "http=before"},
		"empty":                         {"", "http=before"},
		"comments only":                 {"# nothing\n", "http=before"},
		"document marks":                {"---\nhttp: x\n...\n", "http=x"},
		"variable":                      {"http: ${TOPIC}", "http=flights"},
		"variable in text":              {"http: <${TOPIC}-${TOPIC}>", "http=<flights-flights>"},
		"variable in flow":              {"model: {target: ${TOPIC}, features: [${TOPIC}, b]}", "model.features=flights,b"},
		"variable as list":              {"model: {features: ${LIST}}", "model.features=a,b"},
		"variable in list is one value": {"model: {features: [${LIST}]}", `model.features="a,b"`},
		"default":                       {"http: ${NO:localhost:9092}", "http=localhost:9092"},
		"default in flow":               {"model: {features: [${NO:a: #b}, c]}", "model.features=a: #b,c"},
		"empty default":                 {"http: ${NO:}", "http="},
		"default not needed":            {"http: ${TOPIC:x}", "http=flights"},
		"variable in quotes":            {`http: "${TOPIC}"`, "http=flights"},
		"value adds no structure":       {"http: ${ODD}", `http=x: {y} # "z"`},
		"escaped reference":             {"http: $${TOPIC}", "http=${TOPIC}"},
		"escapes in a list of strings":  {`model: {features: ["$${", "}"]}`, "model.features=${,}"},
		"lone dollar":                   {"http: a$b$", "http=a$b$"},
		"reference in a comment":        {"http: x # ${NO}", "http=x"},
		"carriage returns":              {"model:\r\n  target: delay\r\n", "model.target=delay"},
	} {
		t.Run(name, func(t *testing.T) {
			var s sample
			s.HTTP = "before"
			l := settings.Over(&s)
			if err := l.File("f", []byte(c.source), lookup); err != nil {
				t.Fatal(err)
			}
			path, _, _ := strings.Cut(c.want, "=")
			if got := path + "=" + l.Text(path); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestFileFaults(t *testing.T) {
	for name, c := range map[string]struct{ source, want string }{
		"unknown setting":     {"model:\n  tagret: y\n", `f.yaml:2:3: "model.tagret" is no setting; did you mean model.target?`},
		"unknown section":     {"modl: {target: y}", `f.yaml:1:1: "modl" is no setting`},
		"wrong type":          {"http: x\ninput:\n  rows: many", `f.yaml:3:9: input.rows: "many" is not a whole number`},
		"not a whole number":  {"input: {rows: 1.5}", `f.yaml:1:15: input.rows: "1.5" is not a whole number`},
		"too large":           {"input: {rows: 9223372036854775808}", `f.yaml:1:15: input.rows: "9223372036854775808" is not a whole number`},
		"not a number":        {"model: {half_life: .nan}", `f.yaml:1:20: model.half_life: ".nan" is not a number, or .inf`},
		"not a bool":          {"input: {tls: {enabled: maybe}}", `f.yaml:1:24: input.tls.enabled: "maybe" is not true or false`},
		"duration, no unit":   {"input: {every: 5}", `f.yaml:1:16: input.every: "5" is not a duration, as 500ms, 1s or 2m`},
		"text type":           {"model: {delta: much}", `f.yaml:1:16: model.delta: "much" is neither auto nor a number`},
		"map for a value":     {"http: {a: b}", `f.yaml:1:7: http: want one value, got a map`},
		"list for a value":    {"http: [a]", `f.yaml:1:7: http: want one value, got a list`},
		"list in a list":      {"model: {features: [a, [b]]}", `f.yaml:1:23: model.features: want one value, got a list`},
		"null in a list":      {"model: {features: [a, ~]}", `f.yaml:1:23: model.features: want one value, got nothing`},
		"value for a section": {"model: y", `f.yaml:1:8: model: want a map of settings, got a value`},
		"list at the top":     {"- a", `f.yaml:1:1: want a map of settings, got a list`},
		"twice":               {"http: a\nhttp: b", `f.yaml:2:1: mapping key "http" already defined at [1:1]`},
		"twice in flow":       {"model: {target: a, target: b}", `f.yaml:1:20: mapping key "target" already defined at [1:9]`},
		"syntax":              {"model: {target: y", `f.yaml:1:8: could not find flow mapping end token '}'`},
		"tab":                 {"model:\n\ttarget: y", `f.yaml:2:1: found character '	' that cannot start any token`},
		"two documents":       {"http: a\n---\nhttp: b", `f.yaml:3:5: a second document begins here; a configuration is one document`},
		"anchor":              {"http: &a x", `f.yaml:1:7: http: want one value, got an anchor or alias, which a configuration cannot have`},
		"tag":                 {"http: !!str x", `f.yaml:1:7: http: want one value, got a tag, which a configuration cannot have`},
		"merge":               {"<<: {http: x}", `f.yaml:1:3: want the name of a setting before the colon`},
		"undefined variable":  {"http: x${NO}", `f.yaml:1:7: http: the environment variable NO is not set; set it, or give a default as ${NO:default}`},
		"no variable":         {"http: ${}", `f.yaml:1:7: http: ${} does not name an environment variable; write $${ for the characters themselves`},
		"unclosed reference":  {"http: ${NO", `f.yaml:1:7: http: ${ without a closing }; write $${ for the characters themselves`},
		"several": {"modl: {}\ninput: {rows: x, tls: {enabled: y}}\n", "f.yaml:1:1: \"modl\" is no setting\n" +
			"f.yaml:2:15: input.rows: \"x\" is not a whole number\nf.yaml:2:33: input.tls.enabled: \"y\" is not true or false"},
		"columns count characters": {"model: {target: ${ü:ä}, zeta: 1}", `f.yaml:1:17: model.target: ${ü} does not name an environment variable; write $${ for the characters themselves
f.yaml:1:25: "model.zeta" is no setting; did you mean model.delta?`},
	} {
		t.Run(name, func(t *testing.T) {
			err := settings.Over(&sample{}).File("f.yaml", []byte(c.source), unset)
			if err == nil {
				t.Fatal("no error")
			}
			if diff := cmp.Diff(c.want, err.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// secret must not be seen: neither in what is printed nor in what is wrong.
const secret = "hunter2"

func TestSecretsComeFromTheEnvironment(t *testing.T) {
	var s sample
	l := settings.Over(&s)
	if err := l.File("f", []byte("input: {tls: {password: ${PASSWORD}}}"), variables("PASSWORD", secret)); err != nil || s.Input.TLS.Password != secret {
		t.Errorf("file: got %q, %v", s.Input.TLS.Password, err)
	}
	s = sample{}
	if err := l.Environment("APP", []string{"APP_INPUT_TLS_PASSWORD=" + secret}); err != nil || s.Input.TLS.Password != secret {
		t.Errorf("environment: got %q, %v", s.Input.TLS.Password, err)
	}
	if l.Text("input.tls.password") != "redacted" || strings.Contains(printed(t, &s), secret) {
		t.Error("the secret is shown")
	}
}

func TestSecretsInTheClearAreRefusedAndNotRepeated(t *testing.T) {
	file := func(source string) func(*settings.Layers) error {
		return func(l *settings.Layers) error {
			return l.File("f.yaml", []byte(source), variables("PASSWORD", secret))
		}
	}
	for name, c := range map[string]struct {
		give    func(*settings.Layers) error
		refused bool // for being in the clear, not for being malformed
	}{
		"literal":               {file("input: {tls: {password: hunter2}}"), true},
		"quoted":                {file("input:\n  tls:\n    password: 'hunter2'\n"), true},
		"block":                 {file("input:\n  tls:\n    password: |\n      hunter2\n"), true},
		"default":               {file("input: {tls: {password: ${NO:hunter2}}}"), true},
		"beside a reference":    {file("input: {tls: {password: hunter2${PASSWORD}}}"), true},
		"escaped reference":     {file("input: {tls: {password: $${hunter2}}}"), true},
		"assignment":            {func(l *settings.Layers) error { return l.Assign("input.tls.password=hunter2", "--set") }, true},
		"flag":                  {func(l *settings.Layers) error { return l.Flag("input.tls.password", secret, "--password") }, true},
		"a list":                {file("input: {tls: {password: [hunter2]}}"), false},
		"a map":                 {file("input: {tls: {password: {hunter2: hunter2}}}"), false},
		"a section's value":     {file("input: {tls: hunter2}"), false},
		"misspelt":              {file("input: {tls: {pasword: hunter2}}"), false},
		"misspelt assignment":   {func(l *settings.Layers) error { return l.Assign("input.tls.pasword=hunter2", "--set") }, false},
		"misspelt variable":     {func(l *settings.Layers) error { return l.Environment("APP", []string{"APP_INPUT_TLS_PASWORD=hunter2"}) }, false},
		"wrong YAML":            {file("input: {tls: {password: \"hunter2"), false},
		"wrong YAML after it":   {file("input:\n  tls:\n    password: hunter2: x\n"), false},
		"wrong YAML around it":  {file("input: {tls: {password: hunter2}, ["), false},
		"in the wrong place":    {file("input: {tls: {enabled: ${PASSWORD}}}"), false},
		"in the wrong text":     {file("model: {delta: ${PASSWORD}}"), false},
		"variable that is none": {file("input: {tls: {password: ${UNSET}}}"), false},
	} {
		t.Run(name, func(t *testing.T) {
			var s sample
			err := c.give(settings.Over(&s))
			if err == nil || errors.Is(err, settings.ErrSecret) != c.refused {
				t.Errorf("got %v", err)
			}
			if err != nil && strings.Contains(err.Error(), secret) {
				t.Errorf("the error shows the secret: %v", err)
			}
			if s.Input.TLS.Password != "" {
				t.Error("the secret was taken")
			}
		})
	}
}

func FuzzFile(f *testing.F) {
	for _, seed := range []string{
		"model: {target: y, features: [a, b], delta: auto, half_life: .inf}", "input:\n  every: 1s\n  tls: {enabled: true, password: ${P}}\nhttp: ${H:x}\n",
		"http: &a [*a]", "? {a: b}\n: c", "- - -", "a: |\n  b\n c", "http: \"\\u0000\"", "\xff", "http: $${x} ${", "---\n---\n", "%YAML 1.2\n---\nhttp: x",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, source string) {
		var s sample
		err := settings.Over(&s).File("f", []byte(source), variables("P", secret))
		if err != nil || math.IsNaN(s.Model.HalfLife) {
			if err == nil || strings.Contains(err.Error(), secret) && !strings.Contains(source, secret) {
				t.Errorf("got %v", err)
			}
			return
		}
		var again sample
		s.Input.TLS.Password = ""
		if err := settings.Over(&again).File("printed", []byte(printed(t, &s)), unset); err != nil {
			t.Fatalf("what was printed does not read back: %v\n%s", err, printed(t, &s))
		}
		if diff := cmp.Diff(s, again, opaque); diff != "" {
			t.Error(diff)
		}
	})
}
