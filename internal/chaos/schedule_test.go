//go:build unix

package chaos

import (
	"math/rand/v2"
	"time"
)

// fault is something that happens to a running system.
type fault string

const (
	kill       fault = "kill -9"                // a process of streamfit
	terminate  fault = "SIGTERM"                // one, in order
	sleep      fault = "SIGSTOP"                // one, until its partitions are somebody else's; then it wakes as a zombie
	enter      fault = "another instance joins" // up to three
	killLeader fault = "kill -9 of a broker"    // any node; it leads some of the partitions
	killCoord  fault = "kill -9 of the coordinator's broker"
	elect      fault = "leaders move back" // the preferred ones are elected
	latency    fault = "latency"
	bandwidth  fault = "narrow bandwidth"
	cut        fault = "connections cut mid-response"
	halfOpen   fault = "half-open connections"
	resets     fault = "connections reset"
)

// odds of the faults, of a hundred.
var odds = []struct {
	fault fault
	of    int
}{
	{kill, 62}, {terminate, 6}, {sleep, 5}, {enter, 5}, {killLeader, 3}, {killCoord, 2}, {elect, 3},
	{latency, 4}, {bandwidth, 2}, {cut, 4}, {halfOpen, 2}, {resets, 2},
}

// step of a schedule: after a pause, a fault; it heals after a while, if it is one that lasts.
type step struct {
	after time.Duration
	fault fault
	lasts time.Duration
	pick  uint64 // of whatever there is to choose from at that moment
	again bool   // an instance that ended is replaced at once
	works bool   // the pause begins only when the process has a partition, so that it is met at work; else it may still be starting, or joining
}

// schedule of so many steps, from the seed alone. What it meets is up to the machine's pace.
func schedule(seed uint64, steps int) []step {
	r := rand.New(rand.NewPCG(seed, 6))
	out := make([]step, steps)
	for i := range out {
		out[i] = step{
			after: time.Duration(50+r.IntN(750)) * time.Millisecond, fault: drawn(r), pick: r.Uint64(), again: r.IntN(10) < 8, works: r.IntN(10) < 8,
			lasts: time.Duration(1000+r.IntN(4000)) * time.Millisecond,
		}
	}
	return out
}

func drawn(r *rand.Rand) fault {
	n := r.IntN(100)
	for _, o := range odds {
		if n -= o.of; n < 0 {
			return o.fault
		}
	}
	panic("the odds do not add up to 100")
}
