package controller

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"autodropout/internal/seed"
)

// TestCoordinate: the best of the starts is changed in one choice, everywhere and then
// group by group, to the best value of each. Every point is tried with the same seeds, so
// that what luck has to do with a seed decides nothing.
func TestCoordinate(t *testing.T) {
	space := toySpace(2, 4, 3)
	value := func(point []int) (sum float64) {
		for i, v := range point {
			sum -= float64((v - []int{2, 1, 0, 1}[i]) * (v - []int{2, 1, 0, 1}[i]))
		}
		return sum
	}
	for _, inFlight := range []int{1, 2, 4} {
		config := Config{Algorithm: Coordinate, Trials: 60, InFlight: inFlight, Starts: [][]int{{3, 2, 3, 2}, {1, 1, 1, 1}, {3, 0, 3, 0}}}
		report := mustSearch(t, config, space, func(_ context.Context, trial Trial) (Outcome, error) {
			if slices.Equal(trial.Point, []int{2, 2, 1, 1}) {
				return Outcome{Failure: "it diverged"}, nil
			}
			return Outcome{Reward: value(trial.Point) + 10*seed.New(trial.Seed, "noise").NormFloat64()}, nil
		})
		var points [][]int
		for i, trial := range report.Trials {
			if trial.Seed != report.Trials[i%3].Seed {
				t.Errorf("%d in flight: trial %d has not the seed of trial %d", inFlight, i, i%3)
			}
			if i%3 == 0 {
				points = append(points, trial.Point)
			} else if !slices.Equal(trial.Point, points[len(points)-1]) {
				t.Errorf("%d in flight: trial %d has the point %v, not %v", inFlight, i, trial.Point, points[len(points)-1])
			}
		}
		want := [][]int{
			{3, 2, 3, 2}, {1, 1, 1, 1}, {3, 0, 3, 0}, // starts
			{0, 1, 0, 1}, {2, 1, 2, 1}, {3, 1, 3, 1}, // the first choice everywhere, which changes nothing for the better
			{1, 0, 1, 0}, {1, 2, 1, 2}, // the second
			{0, 1, 1, 1}, {2, 1, 1, 1}, {3, 1, 1, 1}, // the first in the first group
			{2, 0, 1, 1}, {2, 2, 1, 1}, // the second: the last of these has failed
			{2, 1, 0, 1}, {2, 1, 3, 1}, // the first in the second: 2, 1, 2, 1 was tried
			{2, 1, 0, 0}, {2, 1, 0, 2}, // the second
		}
		for i, point := range want {
			if !slices.Equal(points[i], point) {
				t.Errorf("%d in flight: point %d is %v, want %v; all are %v", inFlight, i, points[i], point, points)
				break
			}
		}
	}
}

// TestCoordinateLate: with more trials in flight than each point has, the last points of a
// batch have no results when it is over. They are looked at later, and not in a search that
// an old log has begun.
func TestCoordinateLate(t *testing.T) {
	space := toySpace(1, 2, 3)
	for _, live := range []bool{true, false} {
		config := Config{Algorithm: Coordinate, Trials: 60, InFlight: 8, Start: []int{0, 0}, Path: filepath.Join(t.TempDir(), "trials.jsonl")}
		if !live {
			old := newHeader(config.withDefaults(), space)
			old.Live = false
			if err := os.WriteFile(config.Path, encode(old), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		report := mustSearch(t, config, space, func(_ context.Context, trial Trial) (Outcome, error) {
			return Outcome{Reward: float64(10*trial.Point[0] + trial.Point[1])}, nil
		})
		want := []int{0, 0}
		if live {
			want = []int{1, 2}
		}
		if last := report.Trials[59].Point; !slices.Equal(last, want) {
			t.Errorf("live %v: the last point is %v, want %v", live, last, want)
		}
	}
}

// TestCoordinateOnly: only the given choices are changed, and where no change is left the
// best point is tried again. What seems better by less than its standard error stays
// away.
func TestCoordinateOnly(t *testing.T) {
	space := toySpace(2, 2, 3)
	config := Config{Algorithm: Coordinate, Trials: 60, InFlight: 1, Start: []int{0, 2, 0, 2}, Only: []string{space.Choices[0].Name}}
	report := mustSearch(t, config, space, func(_ context.Context, trial Trial) (Outcome, error) {
		reward := 0.0
		if slices.Equal(trial.Point, []int{1, 2, 1, 2}) {
			reward = []float64{-0.6, 1, -0.1}[trial.Index%3] // 0.1 on average, with a standard error of 0.5
		}
		return Outcome{Reward: reward}, nil
	})
	for i, want := range [][]int{{0, 2, 0, 2}, {1, 2, 1, 2}, {1, 2, 0, 2}, {0, 2, 1, 2}, {0, 2, 0, 2}, {0, 2, 0, 2}} {
		if got := report.Trials[3*i].Point; !slices.Equal(got, want) {
			t.Errorf("point %d is %v, want %v", i, got, want)
		}
	}
	config.Only = []string{"colour"}
	if _, err := Search(t.Context(), config, space, evaluateSmall); err == nil {
		t.Error("a choice that is not in the space is to be changed")
	}
	config.Only, config.Async = nil, true
	if _, err := Search(t.Context(), config, space, evaluateSmall); err == nil {
		t.Error("results may come in any order")
	}
}

// TestSome: of many values, eight from the first to the last.
func TestSome(t *testing.T) {
	if got := some(3); !slices.Equal(got, []int{0, 1, 2}) {
		t.Errorf("of 3 values, %v", got)
	}
	if got := some(20); !slices.Equal(got, []int{0, 2, 5, 8, 10, 13, 16, 19}) {
		t.Errorf("of 20 values, %v", got)
	}
}
