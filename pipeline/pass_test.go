package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/streamfit/streamfit/estimator"
)

// runPasses over the messages, with what Run's watcher saw.
func runPasses(t *testing.T, cfg Config, messages []Message, passes int) (s *Shard, last *Update, seen int) {
	t.Helper()
	w := world{cfg: cfg, source: memorySource{messages: messages, perFetch: 3}, stateless: true}
	w.board.Show = func(_ Partition, u *Update) { last = u }
	ports := w.ports()
	ports.Watch = func(p estimator.Predicted) { seen += len(p.Target) }
	ports.Again = func(context.Context) (Source, error) {
		if passes--; passes == 0 {
			return nil, io.EOF
		}
		return &memorySource{messages: messages, perFetch: 2}, nil
	}
	s = NewShard(cfg, Partition{Topic: "rows"}, ports, &w.board, NewMetrics(prometheus.NewRegistry()), zerolog.Nop())
	if err := s.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s, last, seen
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func sgdConfig() Config {
	cfg := testConfig()
	cfg.Model.Solver, cfg.Model.Delta = "sgd", estimator.Knee{Value: 20}
	cfg.SGD.Eta0, cfg.SGD.Penalty = 1e-6, "l2"
	return cfg
}

func TestPassesEqualLearnAndEndPass(t *testing.T) {
	rows := makeTable(2000, 5) // the last row of a pass is one that an update is due at
	for name, cfg := range map[string]Config{"newton": testConfig(), "sgd": sgdConfig()} {
		t.Run(name, func(t *testing.T) {
			_, got, seen := runPasses(t, cfg, rows.every(t, 170), 3)
			model, err := estimator.New(cfg.Estimator(cfg.Model.Features))
			if err != nil {
				t.Fatal(err)
			}
			model.SetInterval(500)
			for pass := range 3 {
				if pass > 0 {
					model.EndPass()
				}
				model.Learn(nil, estimator.Columns{Rows: 2000, Features: [][]float64{rows.a, rows.b}, Target: rows.y})
			}
			want := newUpdate("m", model.Report())
			if diff := cmp.Diff(asJSON(t, want.Coefficients), asJSON(t, got.Coefficients)); diff != "" {
				t.Errorf("coefficients after three passes (-Learn and EndPass, +Run):\n%s", diff)
			}
			if diff := cmp.Diff(asJSON(t, want.Loss), asJSON(t, got.Loss)); diff != "" {
				t.Errorf("losses are those of the first pass (-want +got):\n%s", diff)
			}
			if seen != 6000 || got.Rows.Learned != 2000 {
				t.Errorf("the watcher saw %d rows and the update counts %d, want 6000 and 2000", seen, got.Rows.Learned)
			}
			_, once, _ := runPasses(t, cfg, rows.every(t, 170), 1)
			if asJSON(t, once.Coefficients) == asJSON(t, got.Coefficients) {
				t.Error("further passes changed nothing")
			}
		})
	}
}

func TestScoreIsOfRowsThatAreNotLearned(t *testing.T) {
	rows := makeTable(1500, 6)
	learned := table{rows.a[:1000], rows.b[:1000], rows.y[:1000]}
	held := table{rows.a[1000:], rows.b[1000:], rows.y[1000:]}
	held.a[3], held.y[4], held.b[5] = nullValue, nullValue, math.NaN()
	s, last, _ := runPasses(t, testConfig(), learned.every(t, 100), 1)

	n, apart := 0, 0.0
	skipped, err := s.Score(t.Context(), &memorySource{messages: held.every(t, 64)}, func(p estimator.Predicted) {
		for i, y := range p.Target {
			for n == 3 || n == 4 || n == 5 {
				n++
			}
			want := float64(last.Intercept.Value) + float64(last.Coefficients[0].Value)*held.a[n] + float64(last.Coefficients[1].Value)*held.b[n]
			apart = max(apart, math.Abs(p.Prediction[i]-want))
			if y != held.y[n] || p.Knee[i] != float64(last.Delta) {
				t.Fatalf("row %d: target %v, knee %v", n, y, p.Knee[i])
			}
			n++
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if apart > 1e-9 || n != 500 {
		t.Errorf("%d rows scored, predictions are up to %v from those of the last update", n, apart)
	}
	if diff := cmp.Diff([...]uint64{estimator.ReasonRange: 0, estimator.ReasonNull: 2, estimator.ReasonNonFinite: 1}, skipped); diff != "" {
		t.Errorf("skipped (-want +got):\n%s", diff)
	}
	after, err := s.update()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(asJSON(t, last), asJSON(t, after)); diff != "" {
		t.Errorf("scoring changed the model:\n%s", diff)
	}
}

func TestScoreOfADamagedMessage(t *testing.T) {
	rows := makeTable(100, 7)
	s, _, _ := runPasses(t, testConfig(), rows.every(t, 50), 1)
	_, err := s.Score(t.Context(), &memorySource{messages: numbered([]Message{{}, {Value: []byte("no Arrow")}})}, func(estimator.Predicted) {})
	if want := (*DecodeError)(nil); !errors.As(err, &want) || want.Offset != 1 {
		t.Errorf("got %v, want a DecodeError at offset 1", err)
	}
}
