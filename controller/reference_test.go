package controller

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"autodropout/internal/seed"
)

// TestReference: the reference is tried once with each seed, before all else, and what a
// seed is worth to all of its children does not count: the search goes as it does where seeds
// are worth nothing.
func TestReference(t *testing.T) {
	space := toySpace(3, 4, 4)
	reference := make([]int, space.Decisions())
	search := func(config Config, luck float64) *Report {
		config.Trials, config.Seeds, config.Reference, config.Network, config.Seed = 40, 3, reference, smallNetwork, 5
		return mustSearch(t, config, space, func(_ context.Context, trial Trial) (Outcome, error) {
			sum := math.Round(luck * seed.New(trial.Seed, "luck").NormFloat64())
			for _, v := range trial.Point {
				sum += float64(v * v)
			}
			return Outcome{Reward: sum}, nil
		})
	}
	for _, algorithm := range []Algorithm{Random, Reinforce, PPO, Evolution, Local} {
		for _, starts := range [][][]int{nil, {{1, 1, 1, 1, 1, 1}, {3, 3, 0, 0, 0, 0}}} {
			config := Config{Algorithm: algorithm, InFlight: 4, Starts: starts}
			lucky, plain := search(config, 1000), search(config, 0)
			seeds := map[uint64]bool{}
			for i, trial := range lucky.Trials {
				if is := slices.Equal(trial.Point, reference); i < 3 && (!is || seeds[trial.Seed]) {
					t.Errorf("%s: trial %d is %v with seed %d, not the reference with a seed of its own", algorithm, i, trial.Point, trial.Seed)
				}
				seeds[trial.Seed] = true
				if !slices.Equal(trial.Point, plain.Trials[i].Point) {
					t.Fatalf("%s: trial %d is %v, and %v where seeds are worth nothing", algorithm, i, trial.Point, plain.Trials[i].Point)
				}
			}
			if len(seeds) != 3 || lucky.References != 3 {
				t.Errorf("%s: %d seeds and %d references, want 3", algorithm, len(seeds), lucky.References)
			}
			if got, want := lucky.Gains(), plain.Gains(); !slices.Equal(got, want) || got[0] != 0 {
				t.Errorf("%s: the gains are %v, want %v", algorithm, got, want)
			}
		}
	}
}

// TestFailedReference: for a reference that has failed stands the mean of the others; a trial that
// failed has no gain.
func TestFailedReference(t *testing.T) {
	for failed, want := range map[string]string{"": "[0 0 2 3]", "0": "[NaN 0 1 3]", "01": "[NaN NaN 12 14]", "2": "[0 0 NaN 3]"} {
		report := mustSearch(t, Config{Algorithm: Evolution, Trials: 4, InFlight: 1, Seeds: 2, Reference: []int{0, 0, 0, 0}}, smallSpace,
			func(_ context.Context, trial Trial) (Outcome, error) {
				if strings.Contains(failed, fmt.Sprint(trial.Index)) {
					return Outcome{Failure: "it diverged"}, nil
				}
				return Outcome{Reward: []float64{10, 11, 12, 14}[trial.Index]}, nil
			})
		if got := fmt.Sprint(report.Gains()); got != want {
			t.Errorf("without the references %q the gains are %s, want %s", failed, got, want)
		}
	}
}

func TestWrongReference(t *testing.T) {
	point := []int{0, 0, 0, 0}
	for want, config := range map[string]Config{
		"the children must share seeds":     {Reference: point},
		"applies results in order":          {Reference: point, Seeds: 1, Async: true},
		"the reference is not in the space": {Reference: []int{9}, Seeds: 1},
		"needs no reference":                {Reference: point, Seeds: 1, Algorithm: Rejects, Points: [][]int{point}},
	} {
		config.Trials = 4
		if _, err := Search(t.Context(), config, smallSpace, evaluateSmall); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want %q in it", err, want)
		}
	}
}
