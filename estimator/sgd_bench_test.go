package estimator

import (
	"fmt"
	"testing"
)

func newBenchmarkSGD(t testing.TB, features int, rate string) *sgd {
	cfg := sgdConfig(features)
	cfg.SGD.LearningRate, cfg.SGD.Alpha, cfg.SGD.Eta0 = rate, 1, 1e-4
	l, err := cfg.lossOf()
	if err != nil {
		t.Fatal(err)
	}
	return newSGD(cfg.SGD, l, cfg.Features)
}

// BenchmarkSGD learns batches of 10,000 rows from columns, as a Linear does; ns/row is what scikit-learn's partial_fit can be compared with.
func BenchmarkSGD(b *testing.B) {
	const rows = 10_000
	for _, features := range []int{4, 16, 64, 256} {
		for _, rate := range []string{"constant", "invscaling", "optimal"} {
			b.Run(fmt.Sprintf("d=%d/%s", features, rate), func(b *testing.B) {
				cfg := sgdConfig(features)
				cfg.SGD.LearningRate, cfg.SGD.Alpha, cfg.SGD.Eta0 = rate, 1, 1e-4
				m, err := New(cfg)
				if err != nil {
					b.Fatal(err)
				}
				c := asMessage(b, clean(1, features, rows))
				var skipped []Skipped
				b.ReportAllocs()
				for b.Loop() {
					skipped = m.Learn(skipped[:0], c)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
			})
		}
	}
}

// asMessage lays the columns behind each other, as the body of an Arrow message has them.
func asMessage(b testing.TB, c Columns) Columns {
	body := body(b, len(c.Features)*c.Rows)
	for j, column := range c.Features {
		body = append(body, column...)
		c.Features[j] = body[len(body)-c.Rows:]
	}
	return c
}

// BenchmarkSGDStep is the solver alone, without gathering rows and without the metrics of progressive validation.
func BenchmarkSGDStep(b *testing.B) {
	for _, features := range []int{4, 16, 64, 256} {
		b.Run(fmt.Sprintf("d=%d", features), func(b *testing.B) {
			s := newBenchmarkSGD(b, features, "invscaling")
			x := make([]float64, features)
			for j := range x {
				x[j] = float64(j%7) - 3
			}
			for b.Loop() {
				s.step(x, s.predict(x), 1, 1)
			}
		})
	}
}

// BenchmarkSGDRowByRow learns what the kernel does not: averages, the penalty l1, passive-aggressive steps.
func BenchmarkSGDRowByRow(b *testing.B) {
	const rows = 10_000
	for _, features := range []int{4, 16, 64} {
		for name, set := range map[string]func(*Config){
			"average":            func(c *Config) { c.SGD.Average = 1 },
			"l1":                 func(c *Config) { c.SGD.Penalty = "l1" },
			"elasticnet+average": func(c *Config) { c.SGD.Penalty, c.SGD.Average = "elasticnet", 1 },
			"pa1":                func(c *Config) { c.SGD.LearningRate, c.Loss.Name = "pa1", "epsilon-insensitive" },
		} {
			b.Run(fmt.Sprintf("d=%d/%s", features, name), func(b *testing.B) {
				cfg := sgdConfig(features)
				set(&cfg)
				m, err := New(cfg)
				if err != nil {
					b.Fatal(err)
				}
				c := clean(1, features, rows)
				b.ReportAllocs()
				for b.Loop() {
					m.Learn(nil, c)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
			})
		}
	}
}
