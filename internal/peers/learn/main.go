// Command learn measures how long a solver learns a row, for peers.py: `learn -solver sgd -features 16` prints nanoseconds of processor time a row.
package main

import (
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"syscall"
	"time"

	"github.com/streamfit/streamfit/estimator"
)

const (
	batch = 10_000 // rows a call
	slice = 100 * time.Millisecond
)

func main() {
	solver := flag.String("solver", "sgd", "sgd, asgd or newton")
	features := flag.Int("features", 16, "feature columns")
	onDrift := flag.String("drift", estimator.DriftAlarm, "on_drift: alarm or ignore")
	flag.Parse()
	perRow, err := measure(config(*solver, *features, *onDrift))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.3f\n", perRow)
}

// measure learns batches for a slice of time, after those that warm the model up.
func measure(cfg estimator.Config) (perRow float64, err error) {
	c := columns(len(cfg.Features))
	m, err := estimator.New(cfg)
	if err != nil {
		return 0, err
	}
	m.Learn(nil, c)
	m.Learn(nil, c)
	began, rows := used(), 0
	for used()-began < slice {
		m.Learn(nil, c)
		rows += c.Rows
	}
	return float64((used() - began).Nanoseconds()) / float64(rows), nil
}

// config is the default of the solver; sgd's is scikit-learn's, with the knee that peers.py has.
func config(solver string, features int, onDrift string) estimator.Config {
	cfg := estimator.DefaultConfig()
	cfg.Solver, cfg.OnDrift = solver, onDrift
	for j := range features {
		cfg.Features = append(cfg.Features, fmt.Sprintf("x%d", j))
	}
	if solver == "sgd" {
		cfg.Delta = estimator.Knee{Value: 1.35}
	}
	return cfg
}

// columns as peers.py has them: normal features, a tenth of the targets outliers.
func columns(features int) estimator.Columns {
	random := rand.New(rand.NewPCG(1, 2))
	c := estimator.Columns{Rows: batch, Target: make([]float64, batch)}
	values := onLargePages(features * batch) // the columns lie behind each other, as in an Arrow message
	for j := range features {
		column := values[j*batch : (j+1)*batch]
		for i := range column {
			column[i] = random.NormFloat64()
			c.Target[i] += column[i] / float64(1+j)
		}
		c.Features = append(c.Features, column)
	}
	for i := range c.Target {
		c.Target[i] += random.NormFloat64()
		if i%10 == 0 {
			c.Target[i] += 50
		}
	}
	return c
}

// used processor time of this process.
func used() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		log.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
