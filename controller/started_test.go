package controller

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestStarts: the points come first, and what follows is near the best of those that
// were known then.
func TestStarts(t *testing.T) {
	space := toySpace(4, 4, 4, 4)
	starts := [][]int{make([]int, space.Decisions()), make([]int, space.Decisions()), make([]int, space.Decisions()), make([]int, space.Decisions())}
	for k := range starts {
		for i := range starts[k] {
			starts[k][i] = k
		}
	}
	reward := func(point []int) float64 {
		sum := 0.0
		for _, v := range point {
			if v == 2 {
				sum++
			}
		}
		return sum
	}
	for _, algorithm := range []Algorithm{Reinforce, PPO, Evolution, Local} {
		for _, inFlight := range []int{1, 3, 7} {
			config := Config{Trials: 16, InFlight: inFlight, Algorithm: algorithm, Network: smallNetwork, Starts: starts, Seed: 4}
			report := mustSearch(t, config, space, func(_ context.Context, trial Trial) (Outcome, error) {
				if trial.Index == 0 {
					return Outcome{Failure: "it diverged"}, nil
				}
				return Outcome{Reward: reward(trial.Point)}, nil
			})
			for k, start := range starts {
				if !slices.Equal(report.Trials[k].Point, start) {
					t.Errorf("%s: trial %d has the point %v, want %v", algorithm, k, report.Trials[k].Point, start)
				}
			}
			// The best start is number 2: it is known to the trial after all starts if at
			// most two are in flight beside it, and to later ones anyway.
			near := 0
			for _, trial := range report.Trials[4+inFlight:] {
				if 2*distance(trial.Point, starts[2]) < len(trial.Point) {
					near++
				}
			}
			if trials := len(report.Trials) - 4 - inFlight; near < trials*2/3 && (inFlight < 3 || inFlight < 7 && algorithm == Evolution) {
				t.Errorf("%s with %d in flight: %d of %d trials are near the best start", algorithm, inFlight, near, trials)
			}
		}
	}
	for want, config := range map[string]Config{
		"a point to start with is not in the space": {Starts: [][]int{{9}}},
		"give one of the two":                       {Starts: starts, Start: starts[0]},
		"applies results in order":                  {Starts: starts, Async: true},
		"the children share -1 seeds":               {Seeds: -1},
	} {
		config.Trials = 1
		if _, err := Search(t.Context(), config, space, evaluateSmall); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want %q in it", err, want)
		}
	}
}

// TestSeeds: children share seeds in turn; points that are tried in turn have one seed
// each time round.
func TestSeeds(t *testing.T) {
	seeds := func(config Config) string {
		config.Trials, config.Seed = 6, 1
		number := map[uint64]int{}
		var text []string
		for _, trial := range mustSearch(t, config, smallSpace, evaluateSmall).Trials {
			if _, ok := number[trial.Seed]; !ok {
				number[trial.Seed] = len(number)
			}
			text = append(text, fmt.Sprint(number[trial.Seed]))
		}
		return strings.Join(text, "")
	}
	points := [][]int{{0, 0, 0, 0}, {1, 1, 1, 1}}
	for want, config := range map[string]Config{
		"012345": {Algorithm: Random}, "000000": {Algorithm: Random, Seeds: 1}, "010101": {Algorithm: Random, Seeds: 2},
		"001122": {Algorithm: Grid, Points: points, Seeds: 3}, "001100": {Algorithm: Grid, Points: points, Seeds: 2},
	} {
		if got := seeds(config); got != want {
			t.Errorf("%s, %d seeds: the trials have seeds %s, want %s", config.Algorithm, config.Seeds, got, want)
		}
	}
}
