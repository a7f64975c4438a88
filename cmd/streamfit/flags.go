package main

import (
	"errors"
	"reflect"
	"strconv"

	"github.com/streamfit/streamfit/internal/settings"
)

// The groups of flags that commands share. Each flag is another name of the setting in its path tag; a flag that was not given is nil.

// ModelFlags are of every command that fits.
type ModelFlags struct {
	Name     *string     `name:"name" path:"model.name" group:"model" placeholder:"NAME" help:"Name of the model, the key of its updates."`
	Target   *string     `name:"target" path:"model.target" group:"model" placeholder:"COLUMN" help:"Column to predict."`
	Features *string     `name:"features" path:"model.features" group:"model" placeholder:"COLUMN,…" help:"Columns to predict from; '*' is every numeric column that has no other role."`
	Weight   *string     `name:"weight" path:"model.weight" group:"model" placeholder:"COLUMN" help:"Column of weights."`
	Time     *string     `name:"time" path:"model.time" group:"model" placeholder:"COLUMN" help:"Column of event time."`
	Key      *string     `name:"key" path:"model.key" with:"model.scope=key" group:"model" placeholder:"COLUMN" help:"One model for each value of this column; $$message_key: for each key of the messages."`
	Loss     *string     `name:"loss" path:"model.loss" group:"model" placeholder:"NAME" help:"Loss, as huber; streamfit loss compares them."`
	Delta    *string     `name:"delta" path:"model.delta" group:"model" placeholder:"auto|NUMBER" help:"Knee of the Huber loss, in units of the target; auto follows the scale of the residuals."`
	Epsilon  *string     `name:"epsilon" path:"model.epsilon" group:"model" placeholder:"NUMBER" help:"Half-width of the tube of the epsilon-insensitive losses."`
	Tau      *string     `name:"tau" path:"model.tau" group:"model" placeholder:"NUMBER" help:"Quantile of the quantile loss, between 0 and 1."`
	Leverage *string     `name:"leverage" path:"model.leverage" group:"model" placeholder:"auto|off|NUMBER" help:"Which rows far out in the features are weighed down: auto learns it from their residuals; a number caps them all, in robust standard deviations."`
	Solver   *string     `name:"solver" path:"model.solver" group:"model" placeholder:"auto|newton|asgd|sgd|tracking" help:"How the model learns; auto is newton up to 64 features, asgd above; tracking follows a model that moves."`
	HalfLife *string     `name:"half-life" path:"model.half_life" group:"model" placeholder:"ROWS|SPAN" help:"Rows, or event time as 2h, after which a row counts half; .inf never forgets."`
	OnDrift  *string     `name:"on-drift" path:"model.on_drift" group:"model" placeholder:"alarm|adapt|ignore" help:"When the residuals change: report it, begin anew with the rows after it too, or watch nothing."`
	Set      assignments `name:"set" group:"model" sep:"none" placeholder:"PATH=VALUE" help:"Any setting by its path in the file, as sgd.eta0=0.1; may be repeated."`
	TrendFlags
}

// TrendFlags make the time a feature.
type TrendFlags struct {
	Trend     *string `name:"trend" path:"model.trend.time" group:"model" placeholder:"COLUMN" help:"Time column to fit a trend over: level, slope and seasons. No other feature is needed."`
	Unit      *string `name:"unit" path:"model.trend.unit" group:"model" placeholder:"SPAN" help:"Unit of the slope, as 1h."`
	Season    *string `name:"season" path:"model.trend.season" group:"model" placeholder:"SPAN,…" help:"Periods of the seasons, as 24h,168h; a year is 8766h."`
	Harmonics *string `name:"harmonics" path:"model.trend.harmonics" group:"model" placeholder:"N" help:"Sine and cosine pairs a season; 1 is a plain sine wave."`
	Horizon   *string `name:"horizon" path:"model.trend.horizon" group:"model" placeholder:"SPAN" help:"How long after the newest reading to forecast."`
}

// BrokerFlags are of every command that talks to Kafka.
type BrokerFlags struct {
	Brokers *string `name:"brokers" path:"input.brokers" group:"input" placeholder:"HOST:PORT,…" help:"Brokers to start from."`
}

// InputFlags say where a run takes its rows from.
type InputFlags struct {
	BrokerFlags
	Topic      *string `name:"topic" path:"input.topic" group:"input" placeholder:"TOPIC" help:"Topic to read rows from."`
	Group      *string `name:"group" path:"input.group" group:"input" placeholder:"NAME" help:"Consumer group; also names the state topic."`
	Start      *string `name:"start" path:"input.start" group:"input" placeholder:"earliest|latest" help:"Where a partition without saved state begins."`
	DeadLetter *string `name:"dead-letter" path:"input.dead_letter" group:"input" placeholder:"TOPIC" help:"Topic for messages that cannot be decoded; without one they end the run."`
}

// OutputFlags say where a run's updates and state go.
type OutputFlags struct {
	OutputTopic *string `name:"output-topic" path:"output.topic" group:"output" placeholder:"TOPIC" help:"Topic to publish updates to."`
	Intervals   *string `name:"intervals" path:"output.intervals" group:"output" placeholder:"fixed|sequence" help:"sequence: publish besides the bounds that hold at all times at once."`
	EveryRows   *string `name:"every-rows" path:"output.every_rows" group:"output" placeholder:"N" help:"Publish every N rows; 0: not by rows."`
	Every       *string `name:"every" path:"output.every" group:"output" placeholder:"DURATION" help:"Publish every so often, as 1s; 0s: not by time."`
	Format      *string `name:"format" path:"output.format" group:"output" placeholder:"json" help:"Form of the updates."`
	StateTopic  *string `name:"state-topic" path:"state.topic" group:"output" placeholder:"TOPIC" help:"Compacted topic for the state; GROUP-state if not given."`
	ExactlyOnce *bool   `name:"exactly-once" path:"exactly_once" group:"output" negatable:"" help:"Publish in Kafka transactions: readers of committed records see each update once."`
	HTTP        *string `name:"http" path:"http" group:"output" placeholder:"HOST:PORT" help:"Serve metrics, models and health here; off if not given."`
}

// ConfigFlags are of the commands that read a configuration but fit nothing.
type ConfigFlags struct {
	Config string      `short:"c" placeholder:"FILE" help:"Configuration file; - reads it from stdin."`
	Set    assignments `name:"set" sep:"none" placeholder:"PATH=VALUE" help:"Any setting by its path in the file; may be repeated."`
}

// LogFlags are of every command.
type LogFlags struct {
	LogLevel  *string `name:"log-level" path:"log.level" group:"log" placeholder:"LEVEL" help:"trace, debug, info, warn or error."`
	LogFormat *string `name:"log-format" path:"log.format" group:"log" placeholder:"FORMAT" help:"console or json."`
}

// assignments of settings that have no flag of their own, each path=value.
type assignments []string

// layFlags over the layers before. groups are structs of flags.
func layFlags(layers *settings.Layers, groups ...any) error {
	var faults []error
	for _, group := range groups {
		faults = append(faults, layGroup(layers, reflect.ValueOf(group)))
	}
	return errors.Join(faults...)
}

func layGroup(layers *settings.Layers, group reflect.Value) error {
	var faults []error
	for i := range group.NumField() {
		field := group.Type().Field(i)
		switch v := group.Field(i).Interface().(type) {
		case *string:
			if path := field.Tag.Get("path"); path != "" && v != nil {
				flag := "--" + field.Tag.Get("name")
				faults = append(faults, layers.Flag(path, *v, flag))
				if also := field.Tag.Get("with"); also != "" { // what the flag means beside its own setting
					faults = append(faults, layers.Assign(also, flag))
				}
			}
		case *bool:
			if path := field.Tag.Get("path"); path != "" && v != nil {
				faults = append(faults, layers.Flag(path, strconv.FormatBool(*v), "--"+field.Tag.Get("name")))
			}
		case assignments:
			for _, a := range v {
				faults = append(faults, layers.Assign(a, "--set"))
			}
		default:
			if field.Anonymous {
				faults = append(faults, layGroup(layers, group.Field(i)))
			}
		}
	}
	return errors.Join(faults...)
}

// flagOf finds the flag in the groups that is another name of the setting at path; empty: there is none.
func flagOf(path string, groups []any) string {
	for _, group := range groups {
		for _, field := range reflect.VisibleFields(reflect.TypeOf(group)) {
			if field.Tag.Get("path") == path {
				return "--" + field.Tag.Get("name")
			}
		}
	}
	return ""
}
