package simulation

import (
	"runtime"
	"sync"
)

// Run the candidates over the seeds 1, …, replications of a scenario; the scores are in the candidates' order, and the same however many processors there are.
func Run(s Scenario, replications int, candidates []Candidate) []Score {
	scores := make([][]Score, replications)
	var work sync.WaitGroup
	next := make(chan int)
	for range min(replications, runtime.GOMAXPROCS(0)) {
		work.Go(func() {
			for i := range next {
				scores[i] = replicate(s, uint64(i+1), candidates)
			}
		})
	}
	for i := range replications {
		next <- i
	}
	close(next)
	work.Wait()
	total := make([]Score, len(candidates))
	for _, replication := range scores {
		for k, score := range replication {
			total[k].merge(score)
		}
	}
	return total
}

// replicate a scenario once.
func replicate(s Scenario, seed uint64, candidates []Candidate) []Score {
	sample, names := s.Draw(seed), s.Names()
	scores := make([]Score, len(candidates))
	for k, c := range candidates {
		scores[k].add(sample, c.Fit(sample, names))
	}
	return scores
}
