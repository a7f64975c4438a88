package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process of streamfit.
type process struct {
	*exec.Cmd
	said  *strings.Builder
	ended chan struct{} // closed when it has; then
	err   error         // says how
}

func (b *bench) command(ctx context.Context, args ...string) *process {
	p := &process{Cmd: exec.CommandContext(ctx, b.program, args...), said: &strings.Builder{}, ended: make(chan struct{})}
	p.Stderr = p.said
	return p
}

// follow a process that has been started to its end.
func (p *process) follow() {
	go func() {
		p.err = p.Wait()
		close(p.ended)
	}()
}

func build(ctx context.Context, to string) error {
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", to, "github.com/streamfit/streamfit/cmd/streamfit").CombinedOutput(); err != nil {
		return fmt.Errorf("build streamfit: %w: %s", err, out)
	}
	return nil
}

func (b *bench) start(ctx context.Context, args ...string) (*process, error) {
	p := b.command(ctx, args...)
	if err := p.Start(); err != nil {
		return nil, err
	}
	p.follow()
	return p, nil
}

// startBroker with its records on disk, so that its memory is small.
func (b *bench) startBroker(ctx context.Context) (*process, string, error) {
	p := b.command(ctx, "dev-broker", "--listen", "127.0.0.1:0", "--data", filepath.Join(b.dir, "broker"))
	out, err := p.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	if err := p.Start(); err != nil {
		return nil, "", err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	p.follow()
	return p, strings.TrimSpace(line), err
}

// stop the process as an operator does.
func (p *process) stop(patience time.Duration) error {
	p.Process.Signal(syscall.SIGTERM)                              //nolint:errcheck // it has ended
	timer := time.AfterFunc(patience, func() { p.Process.Kill() }) //nolint:errcheck // likewise
	defer timer.Stop()
	<-p.ended
	if p.err != nil {
		return fmt.Errorf("%v: %w\n%s", p.Args, p.err, p.said)
	}
	return nil
}

// peak of the memory that the process has had, in bytes.
func (p *process) peak() int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Process.Pid))
	if err != nil {
		return 0
	}
	if m := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(text); m != nil {
		kib, _ := strconv.ParseInt(string(m[1]), 10, 64)
		return kib << 10
	}
	return 0
}

// cpu seconds that the process has used so far.
func (p *process) cpu() float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.Process.Pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	user, _ := strconv.ParseFloat(fields[11], 64)
	system, _ := strconv.ParseFloat(fields[12], 64)
	const ticks = 100 // a second, on every Linux that there is
	return (user + system) / ticks
}

// get a page of the process; empty while it does not listen.
func get(address, path string) (body string, ok bool) {
	response, err := http.Get("http://" + address + path)
	if err != nil {
		return "", false
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return string(text), err == nil && response.StatusCode == http.StatusOK
}

// metric of a page of /metrics: the first whose name begins so.
func metric(page, name string) float64 {
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, name) {
			v, _ := strconv.ParseFloat(strings.TrimSpace(line[strings.LastIndexByte(line, ' ')+1:]), 64)
			return v
		}
	}
	return 0
}

// dirSize of the files whose path holds a word.
func dirSize(dir, word string) (size int64) {
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error { //nolint:errcheck // files that are gone have no size
		if err == nil && !d.IsDir() && strings.Contains(path, word) {
			if info, err := d.Info(); err == nil {
				size += info.Size()
			}
		}
		return nil
	})
	return size
}

var errGone = errors.New("the process is gone")
