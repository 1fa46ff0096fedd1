package controller

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"autodropout/internal/seed"
)

// TestRounds: the plan spends the budget on those that are left, as published.
func TestRounds(t *testing.T) {
	for _, c := range []struct {
		points, repeats int
		want            string
	}{
		{1, 3, "[{0 1 0}]"},
		{2, 3, "[{0 2 0}]"},
		{4, 1, "[{0 4 0} {4 3 1} {4 2 1}]"},
		{4, 3, "[{0 4 0} {8 3 2} {8 2 2}]"},
		{8, 3, "[{0 8 0} {8 7 1} {15 6 2} {15 5 2} {15 4 2} {15 3 2} {18 2 3}]"},
	} {
		rounds := newRounds(c.points, c.repeats)
		if got := fmt.Sprint(rounds); got != c.want {
			t.Errorf("%d points %d times: the rounds are %s, want %s", c.points, c.repeats, got, c.want)
		}
		if last := rounds[len(rounds)-1]; last.first > c.points*c.repeats {
			t.Errorf("%d points %d times: the last two begin with trial %d", c.points, c.repeats, last.first)
		}
	}
}

// TestNoPoints: a list of no points to be tried is an error, one of no starts is as none.
func TestNoPoints(t *testing.T) {
	for _, algorithm := range []Algorithm{Grid, Rejects} {
		config := Config{Algorithm: algorithm, Trials: 4, Seeds: 2, Points: [][]int{}}
		if _, err := Search(t.Context(), config, smallSpace, evaluateSmall); err == nil || !strings.Contains(err.Error(), "no points to be tried") {
			t.Errorf("%s: the error is %v", algorithm, err)
		}
	}
	for _, algorithm := range []Algorithm{Random, Evolution, Coordinate} {
		config := Config{Algorithm: algorithm, Trials: 6}
		want := mustSearch(t, config, smallSpace, evaluateSmall)
		config.Starts = [][]int{}
		sameReport(t, string(algorithm), mustSearch(t, config, smallSpace, evaluateSmall), want)
	}
}

// TestRejects: the worst are left out one after another, each turn has a seed of its own,
// and the best of many points that differ by little is found more often than where all
// are tried alike.
func TestRejects(t *testing.T) {
	space := toySpace(1, 8)
	points := [][]int{{3}, {7}, {0}, {5}, {1}, {6}, {2}, {4}}
	for _, inFlight := range []int{1, 3} {
		config := Config{Algorithm: Rejects, Points: points, Trials: 24, InFlight: inFlight}
		report := mustSearch(t, config, space, func(_ context.Context, trial Trial) (Outcome, error) {
			if trial.Point[0] == 6 {
				return Outcome{Failure: "it diverged"}, nil
			}
			return Outcome{Reward: float64(trial.Point[0])}, nil
		})
		times := map[int]int{}
		seeds := map[uint64][]int{}
		for _, trial := range report.Trials {
			v := trial.Point[0]
			if slices.Contains(seeds[trial.Seed], v) {
				t.Errorf("%d in flight: point %d has seed %d twice", inFlight, v, trial.Seed)
			}
			seeds[trial.Seed] = append(seeds[trial.Seed], v)
			times[v]++
		}
		if first := seeds[report.Trials[0].Seed]; len(first) != 8 {
			t.Errorf("%d in flight: the first seed has the points %v", inFlight, first)
		}
		if times[7] != 6 || times[5] < 5 || times[0] > 2 || times[6] > 2 {
			t.Errorf("%d in flight: the points are tried %v times", inFlight, times)
		}
	}
	found := map[Algorithm]int{}
	for s := range uint64(300) {
		for _, algorithm := range []Algorithm{Grid, Rejects} {
			config := Config{Algorithm: algorithm, Points: points, Trials: 24, InFlight: 1, Seed: s}
			report := mustSearch(t, config, space, func(_ context.Context, trial Trial) (Outcome, error) {
				return Outcome{Reward: float64(trial.Point[0]) + 2.5*seed.New(trial.Seed, "luck", uint64(trial.Point[0])).NormFloat64()}, nil
			})
			if point, _ := report.Chosen(); point[0] == 7 {
				found[algorithm]++
			}
		}
	}
	if t.Logf("of 300 times the best point is found %v", found); found[Rejects] < found[Grid]+10 {
		t.Errorf("successive rejects find the best point %d times of 300, as many trials of each %d times", found[Rejects], found[Grid])
	}
}
