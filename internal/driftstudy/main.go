// Driftstudy measures the drift detector: false alarms on streams without a change, and the delay on streams with one. It prints tables in Markdown.
// With -dump it writes the residuals of the same streams instead, for golden/driftpeers.py.
package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/streamfit/streamfit/estimator"
)

var noises = []noise{
	{name: "normal"},
	{name: "20 % spikes", spikes: 0.2},
	{name: "autocorrelated, φ = 0.6", phi: 0.6},
	{name: "20 % spikes, all upward", spikes: 0.2, upward: true},
	{name: "Student's t, 3 degrees of freedom", heavy: true},
	{name: "exponential", skewed: true},
	{name: "20 % spikes from row 10,000 on", spikes: 0.2, from: 10000},
	{name: "20 % spikes, all upward, from row 10,000 on", spikes: 0.2, upward: true, from: 10000},
}

var changes = []change{
	{name: "jump 0.5 σ", jump: 0.5}, {name: "jump 1 σ", jump: 1}, {name: "jump 3 σ", jump: 3},
	{name: "ramp 1 σ in 200 rows", ramp: 0.005}, {name: "ramp 1 σ in 1,000 rows", ramp: 0.001},
	{name: "variance × 2", spread: 0.4142135623730951},
	{name: "coefficient 1 σ", slope: 1}, {name: "jump 20 σ", jump: 20}, {name: "variance × 9", spread: 2}, {name: "coefficient 3 σ", slope: 3},
}

// study is what is measured.
type study struct {
	rows, streams, repeats, at, features int
	solver                               string
}

const (
	batch    = 100
	patience = 3000 // rows after a change; a change that is not found is counted with so many
)

func main() {
	var s study
	flag.IntVar(&s.rows, "rows", 10_000_000, "rows without a change, of each kind of noise")
	flag.IntVar(&s.streams, "streams", 200, "they are cut into so many streams")
	flag.IntVar(&s.repeats, "repeats", 200, "streams with a change, of each kind")
	flag.IntVar(&s.at, "at", 5000, "row of the change")
	flag.IntVar(&s.features, "features", 4, "features")
	flag.StringVar(&s.solver, "solver", "newton", "solver")
	dir := flag.String("dump", "", "write residuals to this directory")
	flag.Parse()
	run := func() error { return dump(*dir, s) }
	if *dir == "" {
		run = s.run
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "driftstudy:", err)
		os.Exit(1)
	}
}

func (s study) run() error {
	fmt.Printf("%s, %d features; %d rows of each noise in %d streams; %d streams of each change, at row %d\n\n", s.solver, s.features, s.rows, s.streams, s.repeats, s.at)
	fmt.Println("| noise | false alarms per million rows: jump | slope | variance |\n|---|---|---|---|")
	for _, n := range noises {
		if err := s.falseAlarms(n); err != nil {
			return err
		}
	}
	for _, n := range noises {
		if n.from > 0 {
			continue
		}
		fmt.Printf("\n| %s | mean delay | median | 90 %% | not found | size | kinds |\n|---|---|---|---|---|---|---|\n", n.name)
		for _, c := range changes {
			if err := s.delays(n, c); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s study) falseAlarms(n noise) error {
	var counts [3]uint64
	for k := range s.streams {
		m, err := newModel(s.solver, s.features)
		if err != nil {
			return err
		}
		stream := newStream(uint64(k)+1000, n, change{}, 1<<60, s.features)
		for done := 0; done < s.rows/s.streams; done += batch {
			m.Learn(nil, stream.next(batch))
		}
		for i, c := range m.Alarms() {
			counts[i] += c
		}
	}
	fmt.Printf("| %s ", n.name)
	for _, c := range counts {
		fmt.Printf("| %.2g ", float64(c)/float64(s.rows)*1e6)
	}
	fmt.Println("|")
	return nil
}

func (s study) delays(n noise, c change) error {
	var delays, sizes []float64
	kinds, missed := map[string]int{}, 0
	for k := range s.repeats {
		d, delay, err := s.detect(n, c, uint64(k))
		if err != nil {
			return err
		}
		if delays = append(delays, delay); d.LastAlarmRow < 0 {
			missed++
			continue
		}
		kinds[strings.TrimSpace(d.Kind+" "+d.Feature)]++
		sizes = append(sizes, d.Size)
	}
	slices.Sort(delays)
	slices.Sort(sizes)
	sum := 0.0
	for _, d := range delays {
		sum += d
	}
	size := "–"
	if len(sizes) > 0 {
		size = fmt.Sprintf("%.2f", sizes[len(sizes)/2])
	}
	fmt.Printf("| %s | %.1f | %.0f | %.0f | %d | %s | %s |\n", c.name, sum/float64(len(delays)), delays[len(delays)/2], delays[len(delays)*9/10], missed, size, shares(kinds))
	return nil
}

func shares(kinds map[string]int) string {
	var out []string
	for kind, n := range kinds {
		out = append(out, fmt.Sprintf("%s %d", kind, n))
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func newModel(solver string, features int) (*estimator.Linear, error) {
	cfg := estimator.DefaultConfig()
	cfg.Solver, cfg.OnDrift = solver, estimator.DriftAlarm
	for j := range features {
		cfg.Features = append(cfg.Features, fmt.Sprintf("x%d", j+1))
	}
	return estimator.New(cfg)
}

// detect the change; the delay is patience if it is not found.
func (s study) detect(n noise, c change, seed uint64) (estimator.Drift, float64, error) {
	m, err := newModel(s.solver, s.features)
	if err != nil {
		return estimator.Drift{}, 0, err
	}
	stream := newStream(seed+5000, n, c, s.at, s.features)
	m.Learn(nil, stream.next(s.at))
	before := m.Alarms()
	for range patience / batch {
		m.Learn(nil, stream.next(batch))
		if m.Alarms() != before {
			d := m.Report().Drift
			return d, float64(d.LastAlarmRow) - float64(s.at), nil
		}
	}
	return estimator.Drift{LastAlarmRow: -1}, patience, nil
}
