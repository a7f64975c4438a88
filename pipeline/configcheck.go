package pipeline

import (
	"errors"
	"fmt"
	"math"
	"net"
	"slices"
	"strings"
	"time"
)

// A SettingError is one fault of a configuration.
type SettingError struct {
	Path    string // as "model.target"; a section where the fault is of several settings
	Problem string // what is wrong and what to do
}

func (e *SettingError) Error() string { return e.Path + ": " + e.Problem }

// Validate collects all faults of the configuration of a run from topic to topic, each a *SettingError.
func (c Config) Validate() error {
	f := &faults{}
	f.missing("input.topic", c.Input.Topic, "name the topic to read rows from")
	f.missing("output.topic", c.Output.Topic, "name the topic to publish updates to")
	f.missing("input.group", c.Input.Group, "name the consumer group")
	f.oneOf("input.start", c.Input.Start, "earliest", "latest")
	f.oneOf("input.on_data_loss", c.Input.OnDataLoss, "fail", "accept")
	f.atLeast("input.max_wait", c.Input.MaxWait, time.Millisecond)
	f.atLeast("state.every", c.State.Every, time.Millisecond)
	f.topics(c)
	return errors.Join(c.ValidateFit(), c.ValidateBrokers(), f.join())
}

// ValidateFit collects the faults of what every fit needs, be it from files or from topics: the model, the policies, the cadence.
func (c Config) ValidateFit() error {
	f := &faults{}
	f.columns(c.Model)
	f.scope(c.Model, c.State.HotKeys)
	f.solver(c)
	for path, policy := range map[string]string{
		"input.bad_rows.null": c.Input.BadRows.Null, "input.bad_rows.nonfinite": c.Input.BadRows.NonFinite, "input.bad_rows.weight": c.Input.BadRows.Weight,
		"input.bad_rows.range": c.Input.BadRows.Range, "input.bad_rows.key": c.Input.BadRows.Key,
	} {
		f.policy(path, policy, c.Input.DeadLetter)
	}
	f.limits(c.Input.Limits)
	f.cadence(c.Output)
	f.intervals(c)
	f.httpAddress(c.HTTP)
	f.httpAccess(c.HTTPAccess)
	return errors.Join(f.join(), c.Log.Validate())
}

// Validate collects the faults of the log settings.
func (l Log) Validate() error {
	f := &faults{}
	f.oneOf("log.level", l.Level, "trace", "debug", "info", "warn", "error")
	f.oneOf("log.format", l.Format, "json", "console")
	return f.join()
}

// ValidateBrokers collects the faults of how brokers are reached.
func (c Config) ValidateBrokers() error {
	f, k := &faults{}, c.Kafka
	if len(c.Input.Brokers) == 0 {
		f.add("input.brokers", "missing: name at least one broker as host:port")
	}
	for _, b := range c.Input.Brokers {
		if host, port, err := net.SplitHostPort(b); err != nil || host == "" || port == "" {
			f.add("input.brokers", "%q is no broker; want host:port, as localhost:9092", b)
		}
	}
	f.atLeast("kafka.session_timeout", k.SessionTimeout, time.Second)
	f.atLeast("kafka.heartbeat", k.Heartbeat, 10*time.Millisecond)
	f.atLeast("kafka.shutdown_timeout", k.ShutdownTimeout, 10*time.Millisecond)
	if k.Heartbeat >= k.SessionTimeout {
		f.add("kafka.heartbeat", "%s is not below kafka.session_timeout (%s); a third of it is usual", k.Heartbeat, k.SessionTimeout)
	}
	if k.Replication != -1 && (k.Replication < 1 || k.Replication > math.MaxInt16) {
		f.add("kafka.replication", "%d is no number of replicas; want 1 or more, or -1 for the broker's default", k.Replication)
	}
	f.tls(k.TLS)
	f.sasl(k.SASL)
	return f.join()
}

// faults being collected.
type faults []*SettingError

func (f *faults) join() error {
	slices.SortStableFunc(*f, func(a, b *SettingError) int { return strings.Compare(a.Path, b.Path) })
	var all []error
	for _, fault := range *f {
		all = append(all, fault)
	}
	return errors.Join(all...)
}

func (f *faults) add(path, format string, args ...any) {
	*f = append(*f, &SettingError{Path: path, Problem: fmt.Sprintf(format, args...)})
}

func (f *faults) missing(path, value, what string) {
	if value == "" {
		f.add(path, "missing: %s", what)
	}
}

func (f *faults) oneOf(path, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		f.add(path, "%q is not one of %s", value, strings.Join(allowed, ", "))
	}
}

func (f *faults) atLeast(path string, value, least time.Duration) {
	if value < least {
		f.add(path, "%s is too short; want %s or more", value, least)
	}
}
