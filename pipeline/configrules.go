package pipeline

import (
	"errors"
	"net"
	"slices"
	"strings"
	"time"
)

// columns of the table: each has one role.
func (f *faults) columns(m Model) {
	f.missing("model.name", m.Name, "name the model; it is the key of its updates")
	f.missing("model.target", m.Target, "name the column to predict")
	if len(m.Features) == 0 && !m.Trend.given() {
		f.add("model.features", `missing: name the columns to predict from, or "*" for every numeric column but the target, the key, the weight and the time; or a time column in model.trend.time`)
	}
	if slices.Contains(m.Features, "*") && len(m.Features) > 1 {
		f.add("model.features", `"*" means every numeric column and stands alone`)
	}
	seen := map[string]bool{}
	for _, name := range m.Features {
		switch {
		case name == "":
			f.add("model.features", "a feature has no name")
		case seen[name]:
			f.add("model.features", "%q is named twice", name)
		case name == m.Target:
			f.add("model.features", "%q is the target too; a model that sees its target predicts nothing", name)
		}
		seen[name] = true
	}
	if m.Weight != "" && m.Weight == m.Target {
		f.add("model.weight", "%q is the target too", m.Weight)
	}
	if m.Weight != "" && seen[m.Weight] {
		f.add("model.weight", "%q is a feature too", m.Weight)
	}
	f.trend(m)
	f.halfLife(m)
}

// The scopes: one model for all rows of the topic, or one for each value of the key.
const (
	scopeGlobal = "global"
	scopeKey    = "key"
)

func (f *faults) scope(m Model, hotKeys int) {
	switch {
	case m.Scope == scopeKey:
		f.key(m, hotKeys)
	case m.Scope != scopeGlobal:
		f.add("model.scope", "%q is not one of global, key", m.Scope)
	case m.Key != "":
		f.add("model.scope", "is global, but model.key is given: want key for one model per value of %q, or leave model.key out", m.Key)
	}
}

// key of a model per key.
func (f *faults) key(m Model, hotKeys int) {
	f.missing("model.key", m.Key, "name the column that has one model per value, or "+KeyOfMessage+" for the key of the messages")
	if m.Key != "" && (m.Key == m.Target || m.Key == m.Weight || slices.Contains(m.Features, m.Key)) {
		f.add("model.key", "%q is the target, the weight or a feature too", m.Key)
	}
	if strings.Contains(m.Name, "/") {
		f.add("model.name", "%q holds a /, which in the keys of updates comes between the name and the key", m.Name)
	}
	if hotKeys < 1 {
		f.add("state.hot_keys", "%d leaves no model in memory; want 1 or more", hotKeys)
	}
	if m.MaxKeys < 1 {
		f.add("model.max_keys", "%d lets no model be made; want 1 or more", m.MaxKeys)
	}
}

// solver asks the estimator, which knows what its solvers can do.
func (f *faults) solver(c Config) {
	switch c.Model.Solver {
	case "auto", "newton", "asgd", "sgd", "tracking":
	default:
		f.add("model.solver", "%q is not one of auto, newton, asgd, sgd, tracking", c.Model.Solver)
		return
	}
	features := c.Model.Features
	if len(features) == 0 && !c.Model.Trend.given() || slices.Contains(features, "") || len(slices.Compact(slices.Sorted(slices.Values(features)))) < len(features) {
		features = []string{"x"} // columns has said so already
	}
	for _, err := range leaves(c.Estimator(features).Validate()) {
		path := settingOf(err.Error())
		f.add(path, "%s", withoutSetting(err.Error(), path))
	}
}

// withoutSetting is a sentence of the estimator's without the setting that it begins with.
func withoutSetting(sentence, path string) string {
	if inner := strings.TrimPrefix(path, "model."); strings.HasPrefix(inner, "trend.") {
		return strings.TrimLeft(strings.TrimPrefix(sentence, inner), ": ")
	}
	return strings.TrimPrefix(sentence, path+" ")
}

// settingOf a sentence of the estimator's: the setting that has to change. Those on the settings of sgd and of a trend begin with it.
func settingOf(sentence string) string {
	path, _, _ := strings.Cut(sentence, " ")
	switch {
	case strings.HasPrefix(path, "sgd."):
		return path
	case strings.HasPrefix(path, "trend."):
		return "model." + strings.TrimSuffix(path, ":")
	case strings.HasSuffix(sentence, "fits no trend; want newton"):
		return "model.solver"
	}
	for begins, path := range map[string]string{
		"delta ": "model.delta", "half-life ": "model.half_life", "on-drift ": "model.on_drift", "warm-up ": "model.warm_up", "leverage ": "model.leverage", "solver newton fits ": "model.loss", "solver asgd fits ": "model.loss", "solver tracking fits ": "model.loss", "solver tracking has half-lives": "model.half_life",
		"solver sgd needs a fixed knee": "model.delta", "solver sgd cannot forget": "model.half_life", "solver asgd cannot forget": "model.half_life", "unknown loss": "model.loss",
	} {
		if strings.HasPrefix(sentence, begins) {
			return path
		}
	}
	for _, parameter := range []string{"beta", "tau", "epsilon", "delta"} {
		if strings.HasPrefix(sentence, "loss ") && strings.Contains(sentence, ": "+parameter+" is ") {
			return "model." + parameter
		}
	}
	return "model"
}

// leaves of an error that errors.Join made.
func leaves(err error) []error {
	var joined interface{ Unwrap() []error }
	switch {
	case err == nil:
		return nil
	case errors.As(err, &joined):
		return joined.Unwrap()
	default:
		return []error{err}
	}
}

func (f *faults) policy(path, policy, deadLetter string) {
	f.oneOf(path, policy, "skip", "dead_letter", "fail")
	if policy == "dead_letter" && deadLetter == "" {
		f.add(path, "dead_letter needs a topic in input.dead_letter")
	}
}

func (f *faults) limits(l Limits) {
	for _, limit := range []struct {
		path  string
		value int64
	}{
		{"message_bytes", l.MessageBytes}, {"decoded_bytes", l.DecodedBytes}, {"rows", l.Rows}, {"fields", int64(l.Fields)}, {"batches", int64(l.Batches)}, {"key_bytes", l.KeyBytes},
	} {
		if limit.value < 1 {
			f.add("input.limits."+limit.path, "%d lets no message through; want 1 or more", limit.value)
		}
	}
}

func (f *faults) intervals(c Config) {
	f.oneOf("output.intervals", c.Output.Intervals, IntervalsFixed, IntervalsSequence)
	if c.Output.Intervals == IntervalsSequence && c.Model.HalfLife.Forgets() {
		f.add("output.intervals", "a sequence holds for coefficients that stand still, and model.half_life says that they move; want fixed, or half_life .inf")
	}
}

func (f *faults) cadence(o Output) {
	if o.EveryRows < 0 {
		f.add("output.every_rows", "%d is negative; want a number of rows, or 0 to publish by time only", o.EveryRows)
	}
	if o.Every != 0 {
		f.atLeast("output.every", o.Every, time.Millisecond)
	}
	switch o.Format {
	case "json":
	case "arrow":
		f.add("output.format", "updates as Arrow streams are not available in this version; want json")
	default:
		f.add("output.format", "%q is not json", o.Format)
	}
}

func (f *faults) httpAddress(address string) {
	if address == "" {
		return
	}
	if _, port, err := net.SplitHostPort(address); err != nil || port == "" {
		f.add("http", "%q is no address to listen on; want host:port, as 127.0.0.1:8080", address)
	}
}

func (f *faults) httpAccess(a HTTPAccess) {
	if a.Token != "" && a.TokenFile != "" {
		f.add("http_access.token_file", "is given besides a token; leave one of them out")
	}
	password := a.Password != "" || a.PasswordFile != ""
	switch {
	case a.Password != "" && a.PasswordFile != "":
		f.add("http_access.password_file", "is given besides a password; leave one of them out")
	case a.Username != "" && !password:
		f.add("http_access.password", "missing: set the environment variable STREAMFIT_HTTP_ACCESS_PASSWORD, or name a file in http_access.password_file")
	case a.Username == "" && password:
		f.add("http_access.username", "missing: a password is given but not whose")
	}
}

// topics must differ: what streamfit writes to one must not come back as something else.
func (f *faults) topics(c Config) {
	roles := map[string]string{c.Input.Topic: "input.topic"}
	for _, topic := range []struct{ path, name string }{
		{"output.topic", c.Output.Topic}, {"input.dead_letter", c.Input.DeadLetter}, {"state.topic", c.StateTopic()},
	} {
		if other, taken := roles[topic.name]; taken && topic.name != "" {
			f.add(topic.path, "%q is %s too; each needs a topic of its own", topic.name, other)
		}
		roles[topic.name] = topic.path
	}
}

func (f *faults) tls(t TLS) {
	if (t.Cert == "") != (t.Key == "") {
		f.add("kafka.tls", "a client certificate needs both cert and key")
	}
	if !t.Enabled && (t.CA != "" || t.Cert != "" || t.Key != "" || t.ServerName != "") {
		f.add("kafka.tls.enabled", "is false, but other TLS settings are given; set it to true or leave them out")
	}
}

func (f *faults) sasl(s SASL) {
	if s.Mechanism == "" {
		if s.Username != "" || s.Password != "" || s.PasswordFile != "" {
			f.add("kafka.sasl.mechanism", "missing: credentials are given but not how to use them; want PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512")
		}
		return
	}
	f.oneOf("kafka.sasl.mechanism", s.Mechanism, "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
	f.missing("kafka.sasl.username", s.Username, "name the user")
	switch {
	case s.Password == "" && s.PasswordFile == "":
		f.add("kafka.sasl.password", "missing: set the environment variable STREAMFIT_KAFKA_SASL_PASSWORD, or name a file in kafka.sasl.password_file")
	case s.Password != "" && s.PasswordFile != "":
		f.add("kafka.sasl.password_file", "is given besides a password; leave one of them out")
	}
}
