package main

import "testing"

// The short form of the page: with spikes, the model follows the levels better than any of the others at their best windows; without, no worse.
func TestTheModelFollowsLevelsBetterThanTheOthers(t *testing.T) {
	const sensors, window = 6, 32
	for _, c := range []struct {
		spikes float64
		margin float64 // of the others' error
	}{{0, 1.03}, {0.05, 0.97}} {
		ours := rmse(trackers[0], window, sensors, c.spikes)
		for _, other := range trackers[1:] {
			if other.name == "repeated median in a window" {
				other.windows = []int{128}
			}
			if at, e := best(other, sensors, c.spikes); ours > c.margin*e {
				t.Errorf("%.0f %% spikes: RMSE %.3f, %s has %.3f with a window of %d", 100*c.spikes, ours, other.name, e, at)
			}
		}
		t.Logf("%.0f %% spikes: RMSE %.3f", 100*c.spikes, ours)
	}
}

func TestRepeatedMedianIsALineThroughMostPoints(t *testing.T) {
	points, values := []float64{-4, -3, -2, -1, 0}, []float64{1, 3, 100, 7, 9}
	if got := repeatedMedian(points, values); got != 9 {
		t.Errorf("%v, want 9", got)
	}
	if got := leastSquares(points, []float64{1, 3, 5, 7, 9}); got != 9 {
		t.Errorf("%v, want 9", got)
	}
}
