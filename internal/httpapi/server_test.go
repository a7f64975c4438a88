package httpapi

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/streamfit/streamfit/pipeline"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"))
}

// serve the site for a test, and give a function that asks it.
func serve(t *testing.T, site Site) func(path string) (int, string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	address, done := make(chan net.Addr, 1), make(chan error, 1)
	go func() { done <- Serve(ctx, "127.0.0.1:0", site.Handler(), func(a net.Addr) { address <- a }) }()
	base := "http://" + (<-address).String()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return func(path string) (int, string) {
		r, err := http.Get(base + path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		return r.StatusCode, string(body)
	}
}

func TestPages(t *testing.T) {
	registry := prometheus.NewRegistry()
	pipeline.NewMetrics(registry)
	notReady := errors.New("its state is being restored")
	get := serve(t, Site{Metrics: registry, Board: &pipeline.Board{}, Ready: func() error { return notReady }, Version: map[string]string{"version": "1"}})
	for path, want := range map[string]struct {
		code int
		body string
	}{
		"/ping": {200, "pong\n"}, "/ready": {503, notReady.Error() + "\n"}, "/models": {200, "[]\n"}, "/version": {200, `{"version":"1"}` + "\n"}, "/none": {404, "404 page not found\n"},
	} {
		if code, body := get(path); code != want.code || body != want.body {
			t.Errorf("%s: %d %q, want %d %q", path, code, body, want.code, want.body)
		}
	}
	if code, _ := get("/metrics"); code != 200 {
		t.Errorf("/metrics: %d", code)
	}
}

func TestAnAddressThatIsTakenIsNamed(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	err = Serve(t.Context(), taken.Addr().String(), http.NotFoundHandler(), func(net.Addr) {})
	if err == nil || !strings.Contains(err.Error(), taken.Addr().String()) {
		t.Errorf("got error %v", err)
	}
}
