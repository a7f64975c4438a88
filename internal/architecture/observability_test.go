package architecture

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/VictoriaMetrics/metricsql"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/streamfit/streamfit/pipeline"
	"github.com/streamfit/streamfit/pipeline/kafka"
)

const (
	alertsFile     = "deploy/prometheus/alerts.yaml"
	dashboardFile  = "deploy/grafana/streamfit.json"
	operationsFile = "docs/operations.md"
)

// described registers collectors to learn what they describe.
type described struct{ names map[string][]string }

var descText = regexp.MustCompile(`fqName: "([^"]+)".*variableLabels: \{([^}]*)\}`)

func (d described) Register(c prometheus.Collector) error {
	descs := make(chan *prometheus.Desc, 16)
	c.Describe(descs)
	close(descs)
	for desc := range descs {
		m := descText.FindStringSubmatch(desc.String())
		d.names[m[1]] = strings.Split(m[2], ",")
	}
	return nil
}

func (d described) MustRegister(all ...prometheus.Collector) {
	for _, c := range all {
		_ = d.Register(c) // never fails
	}
}

func (described) Unregister(prometheus.Collector) bool { return false }

// metrics that the program has, with their labels.
func metrics() map[string][]string {
	d := described{map[string][]string{}}
	pipeline.NewMetrics(d)
	kafka.NewMetrics(d)
	return d.names
}

type alertFile struct {
	Groups []struct {
		Rules []struct {
			Alert, Expr         string
			Labels, Annotations map[string]string
		}
	}
}

func alerts(t *testing.T) (f alertFile) {
	t.Helper()
	readYAML(t, alertsFile, &f)
	return f
}

// Everything that an alert or a panel asks for is there, under its name and with its labels.
func TestAlertsAndDashboardAskForWhatThereIs(t *testing.T) {
	have := metrics()
	for where, query := range queries(t) {
		e, err := metricsql.Parse(strings.ReplaceAll(query, "$__rate_interval", "1m"))
		if err != nil {
			t.Errorf("%s: %v", where, err)
			continue
		}
		metricsql.VisitAll(e, func(e metricsql.Expr) {
			m, ok := e.(*metricsql.MetricExpr)
			if !ok {
				return
			}
			for _, filters := range m.LabelFilterss {
				checkSelector(t, where, have, filters)
			}
		})
	}
}

func checkSelector(t *testing.T, where string, have map[string][]string, filters []metricsql.LabelFilter) {
	t.Helper()
	name := filters[0].Value
	if name == "up" { // Prometheus's own
		return
	}
	labels, ok := have[name]
	if filters[0].Label != "__name__" || !ok {
		t.Errorf("%s asks for %q, which is no metric of ours", where, name)
	}
	for _, f := range filters[1:] {
		if !slices.Contains(labels, f.Label) {
			t.Errorf("%s: %s has no label %s, it has %v", where, name, f.Label, labels)
		}
	}
}

// queries of the alerts and of the dashboard, by where they stand.
func queries(t *testing.T) map[string]string {
	out := map[string]string{}
	for _, g := range alerts(t).Groups {
		for _, r := range g.Rules {
			out["alert "+r.Alert] = r.Expr
		}
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ RefID, Expr string }
		}
		Annotations struct{ List []struct{ Name, Expr string } }
	}
	if err := json.Unmarshal([]byte(read(t, dashboardFile)), &dashboard); err != nil {
		t.Fatal(err)
	}
	for _, p := range dashboard.Panels {
		for _, target := range p.Targets {
			out["panel "+p.Title+" "+target.RefID] = target.Expr
		}
	}
	for _, a := range dashboard.Annotations.List {
		out["annotation "+a.Name] = a.Expr
	}
	if len(out) < 30 {
		t.Errorf("only %d queries were found", len(out))
	}
	return out
}

// Every metric is in docs/operations.md with its labels, and nothing else is; every alert has a section there that says what to do.
func TestOperationsNameEveryMetricAndAlert(t *testing.T) {
	text := read(t, operationsFile)
	have, documented := metrics(), map[string][]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(streamfit_[a-z_]+)` \\| ([^|]*) \\|").FindAllStringSubmatch(text, -1) {
		documented[row[1]] = nil
		for _, label := range strings.FieldsFunc(row[2], func(r rune) bool { return r == ',' || r == ' ' }) {
			documented[row[1]] = append(documented[row[1]], strings.Trim(label, "`"))
		}
	}
	if diff := cmp.Diff(have, documented); diff != "" {
		t.Errorf("docs/operations.md (-the program +the document):\n%s", diff)
	}
	for _, name := range regexp.MustCompile(`streamfit_[a-z_]+`).FindAllString(text, -1) {
		if _, ok := have[name]; !ok {
			t.Errorf("docs/operations.md speaks of %s, which is no metric", name)
		}
	}
	sections := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^### (Streamfit\w+)\n\n\S`).FindAllStringSubmatch(text, -1) {
		sections[m[1]] = true
	}
	named := map[string]bool{}
	for _, g := range alerts(t).Groups {
		for _, r := range g.Rules {
			named[r.Alert] = true
			if r.Labels["severity"] == "" || r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
				t.Errorf("alert %s lacks a severity, a summary or a description", r.Alert)
			}
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(named)), slices.Sorted(maps.Keys(sections))); diff != "" {
		t.Errorf("alerts and their sections (-alerts +sections):\n%s", diff)
	}
}

// Every metric keeps Prometheus' conventions. A vector without a series is not gathered, so each gets one.
func TestMetricsKeepPrometheusConventions(t *testing.T) {
	registry := prometheus.NewRegistry()
	linted := seeding{registry}
	pipeline.NewMetrics(linted)
	kafka.NewMetrics(linted)
	families, err := registry.Gather()
	if err != nil || len(families) < len(metrics())-2 { // the two ages have a series for as long as a shard runs
		t.Fatalf("%d families of %d metrics, %v", len(families), len(metrics()), err)
	}
	if problems, err := testutil.GatherAndLint(registry); err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
}

// seeding registers collectors and gives each vector a series.
type seeding struct{ *prometheus.Registry }

func (s seeding) MustRegister(all ...prometheus.Collector) {
	s.Registry.MustRegister(all...)
	for _, c := range all {
		d := described{map[string][]string{}}
		d.MustRegister(c)
		for _, labels := range d.names {
			switch v := c.(type) {
			case *prometheus.CounterVec:
				v.WithLabelValues(make([]string, len(labels))...)
			case *prometheus.GaugeVec:
				v.WithLabelValues(make([]string, len(labels))...)
			}
		}
	}
}
