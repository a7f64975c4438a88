package main

import (
	"fmt"
	"io"

	"github.com/streamfit/streamfit/estimator"
	"github.com/streamfit/streamfit/internal/simulation"
)

// section of the page: a table, and what it shows.
type section struct {
	title, text string
	write       func(io.Writer)
}

const rows = 20_000

var sections = []section{
	{"All x trusted", `5 features, 20,000 rows. *Ratio*: RMSE of the slopes beside that of the batch Huber fit of the same rows (statsmodels' RLM). *Coverage*: share of the slopes within their 95 %
intervals. *Width*: length of the intervals beside RLM's. RLM's own standard errors do not know of autocorrelation, newton's do.`, plain},
	{"Leverage", `Rows far out in x, good and bad. RMSE of the slopes in noise scales a feature scale, with the coverage of the 95 % intervals in brackets; solver newton, 20,000 rows. *auto*, learned from the
residuals, is the default.`, leverage},
	{"Many features", `Solver asgd. *Ratio*: RMSE of the slopes beside what the batch fit's asymptotic variance gives; – where the model has no interval yet. 300 features are too many for
a batch fit of the warm-up: the model starts from the median and says that it is warming up for 8,192 rows. Three seeds each.`, wide},
}

func wide(w io.Writer) {
	fmt.Fprintln(w, "| scenario | features | rows | ratio | coverage |\n|---|---|---|---|---|")
	candidates := []simulation.Candidate{simulation.Online("asgd", "asgd")}
	for _, features := range []int{80, 300} {
		for _, n := range []int{rows, 4 * rows} {
			for _, s := range simulation.Plain(features, n) {
				if s.OfNormalRows() {
					score := simulation.Run(s, 3, candidates)[0]
					fmt.Fprintf(w, "| %s | %d | %d | %.3f | %s |\n", s.Name, features, n, score.RMSE()/simulation.Law(s), coverage(score))
				}
			}
		}
	}
}

func coverage(s simulation.Score) string {
	if s.Missing > 0 {
		return "–"
	}
	return fmt.Sprintf("%.3f", s.Coverage())
}

func plain(w io.Writer) {
	fmt.Fprintln(w, "| scenario | RLM: RMSE | coverage | newton: ratio | coverage | width | asgd: ratio | coverage | width |\n|---|---|---|---|---|---|---|---|---|")
	candidates := []simulation.Candidate{simulation.RLM(), simulation.Online("newton", "newton"), simulation.Online("asgd", "asgd")}
	for _, s := range simulation.Plain(5, rows) {
		scores := simulation.Run(s, *replications, candidates)
		fmt.Fprintf(w, "| %s | %.4f | %.3f |", s.Name, scores[0].RMSE(), scores[0].Coverage())
		for _, online := range scores[1:] {
			ratio, width := online.Beside(scores[0])
			fmt.Fprintf(w, " %.3f | %.3f | %.2f |", ratio, online.Coverage(), width)
		}
		fmt.Fprintln(w)
	}
}

// guards that the table of leverage compares.
var guards = []struct {
	name  string
	guard estimator.Leverage
}{
	{"off", estimator.Leverage{Off: true}},
	{"cap 10", estimator.Leverage{Cap: 10}},
	{"cap 3", estimator.Leverage{Cap: 3}},
	{"auto", estimator.Leverage{Auto: true}},
}

func leverage(w io.Writer) {
	candidates := []simulation.Candidate{simulation.RLM()}
	fmt.Fprint(w, "| scenario | features | RLM |")
	rule := "\n|---|---|---|"
	for _, g := range guards {
		candidates = append(candidates, simulation.Online(g.name, "newton", simulation.Guarded(g.guard)))
		fmt.Fprintf(w, " %s |", g.name)
		rule += "---|"
	}
	fmt.Fprintln(w, rule)
	for _, features := range []int{5, 20} {
		for _, s := range simulation.Far(features, rows) {
			fmt.Fprintf(w, "| %s | %d |", s.Name, features)
			for _, score := range simulation.Run(s, max(1, *replications*5/features), candidates) {
				fmt.Fprintf(w, " %.4f (%.2f) |", score.RMSE(), score.Coverage())
			}
			fmt.Fprintln(w)
		}
	}
}
