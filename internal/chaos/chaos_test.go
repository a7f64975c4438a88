//go:build unix

package chaos

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/streamfit/streamfit/internal/kafkatest"
	"github.com/streamfit/streamfit/internal/programtest"
	"github.com/streamfit/streamfit/pipeline/kafka"
)

func TestMain(m *testing.M) {
	zerolog.SetGlobalLevel(zerolog.Disabled) // the proxies', which know no other way
	os.Exit(programtest.Main(m))
}

const (
	partitions = 3
	loadEvery  = 40 * time.Millisecond
)

// The short form is one seed with few steps; CHAOS_SEEDS and CHAOS_STEPS ask for more.
const shortSteps = 40

func TestChaos(t *testing.T) {
	steps := shortSteps
	if text := os.Getenv("CHAOS_STEPS"); text != "" {
		var err error
		if steps, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	for _, seed := range seeds(t) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { survive(t, seed, steps) })
	}
}

// seeds as in "1,5-7".
func seeds(t *testing.T) (out []uint64) {
	text := os.Getenv("CHAOS_SEEDS")
	if text == "" {
		text = "2"
	}
	for part := range strings.SplitSeq(text, ",") {
		first, last, found := strings.Cut(part, "-")
		if !found {
			last = first
		}
		from, err := strconv.ParseUint(first, 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		to, err := strconv.ParseUint(last, 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		for ; from <= to; from++ {
			out = append(out, from)
		}
	}
	return out
}

// survive the schedule of a seed.
func survive(t *testing.T, seed uint64, steps int) {
	began, mode := time.Now(), modeOf(seed)
	net := newNetwork(t)
	cluster := kafkatest.RunCluster(t, mode.nodes, net.front)
	w := programtest.NewWorld(t, cluster.Brokers()...)
	w.Brokers = strings.Join(cluster.Fronts(), ",")
	if err := w.Cluster.EnsureTopic(t.Context(), kafka.Topic{Name: w.Input, Partitions: partitions}); err != nil {
		t.Fatal(err)
	}
	s := &system{t: t, cluster: cluster, network: net, world: w, args: mode.args(), count: map[fault]int{}}
	v := &verdict{s: s, mode: mode, partitions: partitions, said: map[string]string{}, byRows: map[string][]byte{}}
	l := newLoad(t, cluster.Brokers(), w.Input, partitions, seed, mode)
	if err := l.transaction(); err != nil { // which is when its brokers make ready for it
		t.Fatal(err)
	}
	loading, stopLoading := context.WithCancel(t.Context())
	defer stopLoading()
	loaded := make(chan error, 1)
	go func() { loaded <- l.run(loading, loadEvery) }()
	for _, step := range schedule(seed, steps) {
		one := s.victim(t.Context(), step)
		select {
		case err := <-loaded:
			t.Fatal(err)
		case <-time.After(step.after):
		}
		s.heal(false)
		s.strike(t.Context(), step, one)
	}
	stopLoading()
	s.settle()
	if err := <-loaded; err != nil {
		t.Fatal(err)
	}
	ends, input := make([]int64, partitions), make([][]*kgo.Record, partitions)
	for p := range ends {
		ends[p] = s.decided(t.Context(), w.Input, p)
		input[p] = committed(t, cluster.Brokers(), w.Input, int32(p), ends[p])
	}
	if err := v.await(t.Context(), ends); err != nil {
		t.Fatal(err)
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	if err := v.check(t.Context(), l, input, ends); err != nil {
		t.Fatal(err)
	}
	v.report(l, seed, time.Since(began))
}
