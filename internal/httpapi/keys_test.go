package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/streamfit/streamfit/pipeline"
	"github.com/streamfit/streamfit/pipeline/arrowipc"
)

// oneMessage is a partition with a row for each key, which never ends.
type oneMessage struct {
	value []byte
	given bool
}

func (s *oneMessage) Close() error { return nil }

func (s *oneMessage) Fetch(ctx context.Context) (pipeline.Fetched, error) {
	if s.given {
		<-ctx.Done()
		return pipeline.Fetched{}, ctx.Err()
	}
	s.given = true
	return pipeline.Fetched{Messages: []pipeline.Message{{Value: s.value}}, Next: 1, End: 1}, nil
}

// A site of a shard with 25 keys, until the test ends.
func keyedSite(t *testing.T) http.Handler {
	t.Helper()
	cfg := pipeline.DefaultConfig()
	cfg.Model.Name, cfg.Model.Target, cfg.Model.Features, cfg.Model.Scope, cfg.Model.Key = "m", "y", []string{"x"}, "key", "k"
	cfg.Output.EveryRows, cfg.Output.Every = 0, 0
	var keys []string
	columns := make([][]float64, 2)
	for i := range 25 {
		keys = append(keys, fmt.Sprintf("key %02d", i))
		columns[0], columns[1] = append(columns[0], float64(i)), append(columns[1], float64(2*i))
	}
	value, err := arrowipc.EncodeKeyed(nil, "k", keys, []string{"x", "y"}, columns)
	if err != nil {
		t.Fatal(err)
	}
	board, source := &pipeline.Board{}, &oneMessage{value: value}
	ports := pipeline.Ports{
		Start: func(context.Context) (int64, error) { return 0, nil },
		Open:  func(context.Context, int64) (pipeline.Source, error) { return source, nil },
	}
	shard := pipeline.NewShard(cfg, pipeline.Partition{Topic: "rows"}, ports, board, pipeline.NewMetrics(prometheus.NewRegistry()), zerolog.Nop())
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- shard.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		shard.Close()
	})
	for len(board.Lags()) == 0 || board.Lags()[pipeline.Partition{Topic: "rows"}] != 0 { // until the message is passed
		continue
	}
	return Site{Metrics: prometheus.NewRegistry(), Board: board, Ready: func() error { return nil }}.Handler()
}

func TestModelsOfKeysComeInPages(t *testing.T) {
	site := keyedSite(t)
	get := func(path string) (w *httptest.ResponseRecorder, body string) {
		w = httptest.NewRecorder()
		site.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		return w, w.Body.String()
	}
	seen, pages := 0, 0
	for path := "/models?limit=10"; path != ""; pages++ {
		response, body := get(path)
		var models []model
		if err := json.Unmarshal([]byte(body), &models); err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		for _, m := range models {
			if want := fmt.Sprintf("key %02d", seen); *m.Update.Key != want || m.Update.Rows.Learned != 1 {
				t.Errorf("%+v, want %s", m.Update, want)
			}
			seen++
		}
		path, _, _ = strings.Cut(strings.TrimPrefix(response.Header().Get("Link"), "<"), ">")
	}
	if seen != 25 || pages != 3 {
		t.Errorf("%d keys on %d pages", seen, pages)
	}
	if _, body := get("/models?prefix=key+1"); strings.Count(body, `"key":"key 1`) != 10 {
		t.Errorf("with the prefix: %s", body)
	}
	if _, body := get("/models?alarmed=true"); body != "[]\n" {
		t.Errorf("with an alarm: %s", body)
	}
	for query, says := range map[string]string{"limit=0": "limit", "limit=x": "limit", "alarmed=perhaps": "true or false", "after=x": "Link"} {
		if response, body := get("/models?" + query); response.Code != http.StatusBadRequest || !strings.Contains(body, says) {
			t.Errorf("%s: %d %s", query, response.Code, body)
		}
	}
}
