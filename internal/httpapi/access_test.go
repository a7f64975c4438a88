package httpapi

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/streamfit/streamfit/pipeline"
)

// Who has no credentials sees that the process lives and whether it is ready, and nothing else; who has either kind sees all.
func TestAccess(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("the token\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const reason = "topic payroll-state takes nothing"
	for name, c := range map[string]struct {
		settings pipeline.HTTPAccess
		ask      func(*http.Request)
		allowed  bool
	}{
		"open":              {pipeline.HTTPAccess{}, func(*http.Request) {}, true},
		"token":             {pipeline.HTTPAccess{TokenFile: file}, bearer("the token"), true},
		"no token":          {pipeline.HTTPAccess{TokenFile: file}, func(*http.Request) {}, false},
		"wrong token":       {pipeline.HTTPAccess{Token: "the token"}, bearer("the tokem"), false},
		"empty token":       {pipeline.HTTPAccess{Token: "the token"}, bearer(""), false},
		"user":              {pipeline.HTTPAccess{Username: "u", Password: "p"}, basic("u", "p"), true},
		"wrong password":    {pipeline.HTTPAccess{Username: "u", Password: "p"}, basic("u", "q"), false},
		"wrong user":        {pipeline.HTTPAccess{Username: "u", Password: "p"}, basic("v", "p"), false},
		"nobody":            {pipeline.HTTPAccess{Username: "u", Password: "p"}, func(*http.Request) {}, false},
		"empty user":        {pipeline.HTTPAccess{Token: "t"}, basic("", ""), false},
		"either: the token": {pipeline.HTTPAccess{Token: "t", Username: "u", Password: "p"}, bearer("t"), true},
		"either: the user":  {pipeline.HTTPAccess{Token: "t", Username: "u", Password: "p"}, basic("u", "p"), true},
		"password as token": {pipeline.HTTPAccess{Token: "t", Username: "u", Password: "p"}, bearer("p"), false},
	} {
		t.Run(name, func(t *testing.T) {
			access, err := NewAccess(c.settings)
			if err != nil {
				t.Fatal(err)
			}
			h := Site{
				Metrics: prometheus.NewRegistry(), Board: &pipeline.Board{}, Ready: func() error { return errors.New(reason) }, Version: "v", Access: access, Debug: true,
			}.Handler()
			for path, open := range map[string]bool{"/ping": true, "/metrics": false, "/models": false, "/version": false, "/debug/pprof/": false} {
				want := http.StatusOK
				if !open && !c.allowed {
					want = http.StatusUnauthorized
				}
				if got := get(h, path, c.ask); got.Code != want {
					t.Errorf("%s: %d, want %d", path, got.Code, want)
				}
			}
			if got := get(h, "/ready", c.ask); got.Code != http.StatusServiceUnavailable || strings.Contains(got.Body.String(), reason) != c.allowed {
				t.Errorf("/ready: %d %q", got.Code, got.Body)
			}
		})
	}
}

func bearer(token string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
}

func basic(user, password string) func(*http.Request) {
	return func(r *http.Request) { r.SetBasicAuth(user, password) }
}

func get(h http.Handler, path string, ask func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	ask(r)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestDebugPagesAreThereOnlyWhenAskedFor(t *testing.T) {
	site := Site{Metrics: prometheus.NewRegistry(), Board: &pipeline.Board{}, Ready: func() error { return nil }}
	for debug, want := range map[bool]int{false: http.StatusNotFound, true: http.StatusOK} {
		site.Debug = debug
		for _, path := range []string{"/debug/pprof/", "/debug/pprof/heap"} {
			if got := get(site.Handler(), path, func(*http.Request) {}); got.Code != want {
				t.Errorf("debug %v, %s: %d", debug, path, got.Code)
			}
		}
	}
}

func TestSecretsThatAreNone(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, settings := range map[string]pipeline.HTTPAccess{
		"http_access.token_file: the file is empty": {TokenFile: empty},
		"http_access.password_file: open":           {Username: "u", PasswordFile: empty + "-not"},
	} {
		if _, err := NewAccess(settings); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestWithoutAHostItListensOnThisMachineOnly(t *testing.T) {
	for address, want := range map[string]string{":8080": "127.0.0.1:8080", "0.0.0.0:8080": "0.0.0.0:8080", "[::]:80": "[::]:80", "localhost:1": "localhost:1"} {
		if got := Local(address); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
	ctx, address, done := t.Context(), make(chan net.Addr, 1), make(chan error, 1)
	go func() { done <- Serve(ctx, ":0", http.NotFoundHandler(), func(a net.Addr) { address <- a }) }()
	if a := (<-address).(*net.TCPAddr); !a.IP.IsLoopback() {
		t.Errorf("listens on %s", a)
	}
}

// Nothing that is sent is read beyond a bound, and nothing but GET is answered.
func TestRequestsAreBounded(t *testing.T) {
	ask := serve(t, Site{Metrics: prometheus.NewRegistry(), Board: &pipeline.Board{}, Ready: func() error { return nil }})
	if code, _ := ask("/ping?" + strings.Repeat("x", 64<<10)); code != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a head of 64 KiB: %d", code)
	}
	h := Site{Metrics: prometheus.NewRegistry(), Board: &pipeline.Board{}, Ready: func() error { return nil }}.Handler()
	r := httptest.NewRequest(http.MethodPost, "/ping", strings.NewReader("x"))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", w.Code)
	}
}
