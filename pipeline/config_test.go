package pipeline_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/streamfit/streamfit/estimator"
	"github.com/streamfit/streamfit/pipeline"
)

// minimal is the least that a run must be told.
func minimal() pipeline.Config {
	c := pipeline.DefaultConfig()
	c.Model.Target, c.Model.Features = "delay", []string{"distance", "time"}
	c.Input.Topic, c.Output.Topic = "flights", "flights-model"
	return c
}

func TestMinimalConfigurationIsValid(t *testing.T) {
	if err := minimal().Validate(); err != nil {
		t.Error(err)
	}
}

// What a configuration says to the estimator by default is what the estimator does by default.
func TestDefaultsAreTheEstimators(t *testing.T) {
	want := estimator.DefaultConfig()
	want.Features = []string{"a", "b"}
	if diff := cmp.Diff(want, pipeline.DefaultConfig().Estimator(want.Features)); diff != "" {
		t.Error(diff)
	}
}

func TestEverySettingOfTheModelReachesTheEstimator(t *testing.T) {
	c := pipeline.DefaultConfig()
	c.Model.Solver, c.Model.Loss, c.Model.Beta, c.Model.Epsilon, c.Model.Tau, c.Model.HalfLife = "sgd", "quantile", 2, 3, 0.4, pipeline.HalfLife{Rows: 1000}
	c.Model.Delta, c.Model.Leverage = estimator.Knee{Value: 5}, estimator.Leverage{Off: true}
	c.Model.WarmUp, c.Model.OnDrift = pipeline.WarmUp{Rows: 128}, estimator.DriftIgnore
	c.Model.Trend = pipeline.Trend{Time: "ts", Unit: 60, Season: []string{"24h", "7d"}, Harmonics: 3}
	c.SGD = pipeline.SGD{LearningRate: "constant", Eta0: 6, PowerT: 7, Penalty: "none", Alpha: 8}
	want := estimator.Config{
		Features: []string{"x"}, Solver: "sgd", Loss: estimator.LossSpec{Name: "quantile", Beta: 2, Epsilon: 3, Tau: 0.4},
		Delta: estimator.Knee{Value: 5}, Leverage: estimator.Leverage{Off: true}, HalfLife: 1000, WarmUp: 128, OnDrift: estimator.DriftIgnore,
		Trend: estimator.Trend{Time: "ts", Unit: 60, Season: []estimator.Span{86400, 604800}, Harmonics: 3},
		SGD:   estimator.SGD{LearningRate: "constant", Eta0: 6, PowerT: 7, Penalty: "none", Alpha: 8},
	}
	if diff := cmp.Diff(want, c.Estimator([]string{"x"})); diff != "" {
		t.Error(diff)
	}
}

func TestStateTopicIsNamedAfterTheGroup(t *testing.T) {
	c := minimal()
	c.Input.Group = "g"
	if got := c.StateTopic(); got != "g-state" {
		t.Errorf("got %s", got)
	}
	c.State.Topic = "mine"
	if got := c.StateTopic(); got != "mine" {
		t.Errorf("got %s", got)
	}
}

// settingErrors lists path: problem of all faults.
func settingErrors(t *testing.T, err error) (lines []string) {
	t.Helper()
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			lines = append(lines, settingErrors(t, e)...)
		}
		return lines
	}
	var s *pipeline.SettingError
	if !errors.As(err, &s) {
		t.Errorf("%v is no SettingError", err)
	}
	return append(lines, err.Error())
}

func sgd(c *pipeline.Config) { c.Model.Solver, c.Model.Delta = "sgd", estimator.Knee{Value: 1} }

func TestValidateNamesTheSettingAtFault(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*pipeline.Config)
		want  string
	}{
		"no target":           {func(c *pipeline.Config) { c.Model.Target = "" }, "model.target: missing: name the column to predict"},
		"no name":             {func(c *pipeline.Config) { c.Model.Name = "" }, "model.name: missing: name the model; it is the key of its updates"},
		"nameless":            {func(c *pipeline.Config) { c.Model.Features = []string{"a", ""} }, "model.features: a feature has no name"},
		"feature twice":       {func(c *pipeline.Config) { c.Model.Features = []string{"a", "a"} }, `model.features: "a" is named twice`},
		"wildcard and x":      {func(c *pipeline.Config) { c.Model.Features = []string{"*", "x"} }, `model.features: "*" means every numeric column and stands alone`},
		"target feature":      {func(c *pipeline.Config) { c.Model.Target = "time" }, `model.features: "time" is the target too; a model that sees its target predicts nothing`},
		"weight target":       {func(c *pipeline.Config) { c.Model.Weight = "delay" }, `model.weight: "delay" is the target too`},
		"weight feature":      {func(c *pipeline.Config) { c.Model.Weight = "time" }, `model.weight: "time" is a feature too`},
		"scope key":           {func(c *pipeline.Config) { c.Model.Scope = "key" }, "model.key: missing: name the column that has one model per value, or $message_key for the key of the messages"},
		"key a feature":       {func(c *pipeline.Config) { c.Model.Scope, c.Model.Key = "key", "time" }, `model.key: "time" is the target, the weight or a feature too`},
		"keyed name":          {func(c *pipeline.Config) { c.Model.Scope, c.Model.Key, c.Model.Name = "key", "k", "a/b" }, `model.name: "a/b" holds a /, which in the keys of updates comes between the name and the key`},
		"max keys":            {func(c *pipeline.Config) { c.Model.Scope, c.Model.Key, c.Model.MaxKeys = "key", "k", 0 }, "model.max_keys: 0 lets no model be made; want 1 or more"},
		"hot keys":            {func(c *pipeline.Config) { c.Model.Scope, c.Model.Key, c.State.HotKeys = "key", "k", 0 }, "state.hot_keys: 0 leaves no model in memory; want 1 or more"},
		"keyed warm-up":       {func(c *pipeline.Config) { c.Model.WarmUp = pipeline.WarmUp{Rows: 48} }, "model.warm_up: warm-up of 48 rows: it is a power of two between 16 and 65536"},
		"policy of keys":      {func(c *pipeline.Config) { c.Input.BadRows.Key = "x" }, `input.bad_rows.key: "x" is not one of skip, dead_letter, fail`},
		"scope":               {func(c *pipeline.Config) { c.Model.Scope = "x" }, `model.scope: "x" is not one of global, key`},
		"key":                 {func(c *pipeline.Config) { c.Model.Key = "k" }, `model.scope: is global, but model.key is given: want key for one model per value of "k", or leave model.key out`},
		"asgd, half-life":     {func(c *pipeline.Config) { c.Model.Solver, c.Model.HalfLife = "asgd", nine }, "model.half_life: solver asgd cannot forget: leave half_life at .inf, or use solver newton"},
		"tracking, half-life": {func(c *pipeline.Config) { c.Model.Solver, c.Model.HalfLife = "tracking", nine }, "model.half_life: solver tracking has half-lives of its own: leave half_life at .inf, or use solver newton"},
		"solver":              {func(c *pipeline.Config) { c.Model.Solver = "x" }, `model.solver: "x" is not one of auto, newton, asgd, sgd, tracking`},
		"unknown loss":        {func(c *pipeline.Config) { sgd(c); c.Model.Loss = "x" }, `model.loss: unknown loss "x": choose one of mae, mse, half-squared, smooth-l1, huber, pseudo-huber, log-cosh, quantile, epsilon-insensitive, squared-epsilon-insensitive`},
		"loss of newton":      {func(c *pipeline.Config) { c.Model.Loss = "mae" }, `model.loss: solver newton fits the losses huber, half-squared, mse; for mae use solver sgd`},
		"half-life":           {func(c *pipeline.Config) { c.Model.HalfLife.Rows = 0 }, "model.half_life: half-life 0 is no number of rows above 0"},
		"half-life of time":   {func(c *pipeline.Config) { c.Model.HalfLife = twoHours }, "model.half_life: 2h is event time, but there is no column of it: name it in model.time, or give a number of rows"},
		"half-life, no time":  {func(c *pipeline.Config) { c.Model.HalfLife, c.Model.Time = twoHours, "delay" }, `model.time: "delay" has another role already: it is the target or the weight`},
		"half-life before":    {func(c *pipeline.Config) { c.Model.HalfLife.Time, c.Model.Time = -7200, "ts" }, "model.half_life: half-life -2h is no length of time of a microsecond or more"},
		"asgd, event time":    {func(c *pipeline.Config) { c.Model.Solver, c.Model.HalfLife, c.Model.Time = "asgd", twoHours, "ts" }, "model.half_life: solver asgd cannot forget: leave half_life at .inf, or use solver newton"},
		"sgd, event time":     {func(c *pipeline.Config) { sgd(c); c.Model.HalfLife, c.Model.Time = twoHours, "ts" }, "model.half_life: solver sgd cannot forget: leave half_life at .inf, or use solver newton"},
		"sequence, time": {func(c *pipeline.Config) {
			c.Output.Intervals, c.Model.HalfLife, c.Model.Time = "sequence", twoHours, "ts"
		}, "output.intervals: a sequence holds for coefficients that stand still, and model.half_life says that they move; want fixed, or half_life .inf"},
		"leverage":        {func(c *pipeline.Config) { c.Model.Leverage = estimator.Leverage{Cap: -1} }, "model.leverage: leverage -1 is no cap: it is auto, off, or a number of robust standard deviations above 0, as 10"},
		"sgd, auto knee":  {func(c *pipeline.Config) { c.Model.Solver = "sgd" }, "model.delta: solver sgd needs a fixed knee for loss huber: set delta to a number in the units of the target (delta: auto is for solver newton)"},
		"sgd forgets":     {func(c *pipeline.Config) { sgd(c); c.Model.HalfLife.Rows = 1e6 }, "model.half_life: solver sgd cannot forget: leave half_life at .inf, or use solver newton"},
		"sgd rate":        {func(c *pipeline.Config) { sgd(c); c.SGD.Eta0 = 0 }, "sgd.eta0: 0 is no learning rate above 0"},
		"tau":             {func(c *pipeline.Config) { sgd(c); c.Model.Loss, c.Model.Tau = "quantile", 2 }, "model.tau: loss quantile: tau is 2, it must be strictly between 0 and 1"},
		"no topic":        {func(c *pipeline.Config) { c.Input.Topic = "" }, "input.topic: missing: name the topic to read rows from"},
		"no output":       {func(c *pipeline.Config) { c.Output.Topic = "" }, "output.topic: missing: name the topic to publish updates to"},
		"no group":        {func(c *pipeline.Config) { c.Input.Group = "" }, "input.group: missing: name the consumer group"},
		"start":           {func(c *pipeline.Config) { c.Input.Start = "x" }, `input.start: "x" is not one of earliest, latest`},
		"no broker":       {func(c *pipeline.Config) { c.Input.Brokers = nil }, "input.brokers: missing: name at least one broker as host:port"},
		"broker":          {func(c *pipeline.Config) { c.Input.Brokers = []string{"k"} }, `input.brokers: "k" is no broker; want host:port, as localhost:9092`},
		"same topics":     {func(c *pipeline.Config) { c.Output.Topic = "flights" }, `output.topic: "flights" is input.topic too; each needs a topic of its own`},
		"state is input":  {func(c *pipeline.Config) { c.State.Topic = "flights" }, `state.topic: "flights" is input.topic too; each needs a topic of its own`},
		"policy":          {func(c *pipeline.Config) { c.Input.BadRows.Null = "x" }, `input.bad_rows.null: "x" is not one of skip, dead_letter, fail`},
		"no dead letters": {func(c *pipeline.Config) { c.Input.BadRows.Weight = "dead_letter" }, "input.bad_rows.weight: dead_letter needs a topic in input.dead_letter"},
		"limit":           {func(c *pipeline.Config) { c.Input.Limits.Rows = 0 }, "input.limits.rows: 0 lets no message through; want 1 or more"},
		"max wait":        {func(c *pipeline.Config) { c.Input.MaxWait = 0 }, "input.max_wait: 0s is too short; want 1ms or more"},
		"every rows":      {func(c *pipeline.Config) { c.Output.EveryRows = -1 }, "output.every_rows: -1 is negative; want a number of rows, or 0 to publish by time only"},
		"intervals":       {func(c *pipeline.Config) { c.Output.Intervals = "x" }, `output.intervals: "x" is not one of fixed, sequence`},
		"sequence":        {func(c *pipeline.Config) { c.Output.Intervals, c.Model.HalfLife = "sequence", nine }, "output.intervals: a sequence holds for coefficients that stand still, and model.half_life says that they move; want fixed, or half_life .inf"},
		"every":           {func(c *pipeline.Config) { c.Output.Every = -time.Second }, "output.every: -1s is too short; want 1ms or more"},
		"arrow":           {func(c *pipeline.Config) { c.Output.Format = "arrow" }, "output.format: updates as Arrow streams are not available in this version; want json"},
		"format":          {func(c *pipeline.Config) { c.Output.Format = "x" }, `output.format: "x" is not json`},
		"state every":     {func(c *pipeline.Config) { c.State.Every = 0 }, "state.every: 0s is too short; want 1ms or more"},
		"http":            {func(c *pipeline.Config) { c.HTTP = "8080" }, `http: "8080" is no address to listen on; want host:port, as 127.0.0.1:8080`},
		"two tokens":      {func(c *pipeline.Config) { c.HTTPAccess.Token, c.HTTPAccess.TokenFile = "t", "f" }, "http_access.token_file: is given besides a token; leave one of them out"},
		"http password":   {func(c *pipeline.Config) { c.HTTPAccess.Username = "u" }, "http_access.password: missing: set the environment variable STREAMFIT_HTTP_ACCESS_PASSWORD, or name a file in http_access.password_file"},
		"http user":       {func(c *pipeline.Config) { c.HTTPAccess.PasswordFile = "f" }, "http_access.username: missing: a password is given but not whose"},
		"http passwords": {func(c *pipeline.Config) {
			c.HTTPAccess = pipeline.HTTPAccess{Username: "u", Password: "p", PasswordFile: "f"}
		}, "http_access.password_file: is given besides a password; leave one of them out"},
		"level":        {func(c *pipeline.Config) { c.Log.Level = "x" }, `log.level: "x" is not one of trace, debug, info, warn, error`},
		"log format":   {func(c *pipeline.Config) { c.Log.Format = "x" }, `log.format: "x" is not one of json, console`},
		"heartbeat":    {func(c *pipeline.Config) { c.Kafka.Heartbeat = time.Minute }, "kafka.heartbeat: 1m0s is not below kafka.session_timeout (10s); a third of it is usual"},
		"replication":  {func(c *pipeline.Config) { c.Kafka.Replication = 0 }, "kafka.replication: 0 is no number of replicas; want 1 or more, or -1 for the broker's default"},
		"half a cert":  {func(c *pipeline.Config) { c.Kafka.TLS = pipeline.TLS{Enabled: true, Cert: "x"} }, "kafka.tls: a client certificate needs both cert and key"},
		"tls off":      {func(c *pipeline.Config) { c.Kafka.TLS.CA = "x" }, "kafka.tls.enabled: is false, but other TLS settings are given; set it to true or leave them out"},
		"no mechanism": {func(c *pipeline.Config) { c.Kafka.SASL.Username = "u" }, "kafka.sasl.mechanism: missing: credentials are given but not how to use them; want PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"},
		"mechanism": {func(c *pipeline.Config) {
			c.Kafka.SASL = pipeline.SASL{Mechanism: "x", Username: "u", PasswordFile: "f"}
		},
			`kafka.sasl.mechanism: "x" is not one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512`},
		"no user": {func(c *pipeline.Config) { c.Kafka.SASL = pipeline.SASL{Mechanism: "PLAIN", PasswordFile: "f"} }, "kafka.sasl.username: missing: name the user"},
		"no password": {func(c *pipeline.Config) { c.Kafka.SASL = pipeline.SASL{Mechanism: "PLAIN", Username: "u"} },
			"kafka.sasl.password: missing: set the environment variable STREAMFIT_KAFKA_SASL_PASSWORD, or name a file in kafka.sasl.password_file"},
		"two passwords": {func(c *pipeline.Config) {
			c.Kafka.SASL = pipeline.SASL{Mechanism: "PLAIN", Username: "u", Password: "p", PasswordFile: "f"}
		}, "kafka.sasl.password_file: is given besides a password; leave one of them out"},
	} {
		t.Run(name, func(t *testing.T) {
			config := minimal()
			c.spoil(&config)
			if diff := cmp.Diff([]string{c.want}, settingErrors(t, config.Validate())); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestValidateCollectsAllFaults(t *testing.T) {
	c := pipeline.DefaultConfig()
	c.Log.Level, c.Kafka.Replication = "loud", math.MaxInt32
	var paths []string
	for _, line := range settingErrors(t, c.Validate()) {
		path, _, _ := strings.Cut(line, ":")
		paths = append(paths, path)
	}
	want := []string{"model.features", "model.target", "log.level", "kafka.replication", "input.topic", "output.topic"}
	if diff := cmp.Diff(want, paths); diff != "" {
		t.Error(diff)
	}
}

func TestReplayNeedsNoTopics(t *testing.T) {
	c := minimal()
	c.Input, c.Kafka = pipeline.Input{BadRows: c.Input.BadRows, Limits: c.Input.Limits}, pipeline.Kafka{}
	c.Output.Topic = ""
	if err := c.ValidateFit(); err != nil {
		t.Error(err)
	}
}
