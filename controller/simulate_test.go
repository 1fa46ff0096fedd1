package controller

import (
	"math"
	"path/filepath"
	"slices"
	"testing"
)

// TestSimulate compares a simulation, whose results come in another order than
// those of the search, with the search.
func TestSimulate(t *testing.T) {
	for _, algorithm := range algorithms {
		config := Config{Trials: 24, Seed: 7, InFlight: 5, Algorithm: algorithm, Network: smallNetwork}
		want := mustSearch(t, config, smallSpace, evaluateSmall)
		var running []Trial
		var lessons []Lesson
		config.Learned = func(l Lesson) { lessons = append(lessons, l) }
		got, err := Simulate(config, smallSpace, func(sampled []Trial) Result {
			running = append(running, sampled...)
			if len(running) > config.InFlight {
				t.Fatalf("%d trials are in flight", len(running))
			}
			last := running[len(running)-1]
			running = running[:len(running)-1]
			outcome, _ := evaluateSmall(t.Context(), last)
			return Result{Trial: last.Index, Reward: outcome.Reward, Note: outcome.Note}
		})
		if err != nil {
			t.Fatal(err)
		}
		sameReport(t, string(algorithm), got, want)
		for i, l := range lessons {
			// Trial i was sampled after trials 0 to i-InFlight were applied.
			if behind := min(i, config.InFlight-1); l.Trial != i || l.Behind != behind {
				t.Errorf("lesson %d is %+v, want it %d behind", i, l, behind)
			}
		}
		moved := slices.ContainsFunc(lessons, func(l Lesson) bool { return math.Abs(l.Ratio-1) > 1e-3 })
		if len(lessons) != config.Trials || moved != (algorithm == Reinforce || algorithm == PPO) {
			t.Errorf("%s: the lessons are %+v", algorithm, lessons)
		}
	}
}

// TestLessonRatio computes an importance ratio from two policies.
func TestLessonRatio(t *testing.T) {
	config := Config{Trials: 3, InFlight: 2, Network: smallNetwork}
	var lessons []Lesson
	config.Learned = func(l Lesson) { lessons = append(lessons, l) }
	before := mustSearch(t, Config{Trials: 2, InFlight: 2, Network: smallNetwork}, smallSpace, evaluateSmall)
	after := mustSearch(t, config, smallSpace, evaluateSmall)
	last := after.Trials[2] // sampled after trial 0, which moves nothing; then trial 1 was applied
	now := joint(before.network, [][]int{last.Point})[0]
	old := 0.0
	for _, l := range last.LogProbs {
		old += float64(l)
	}
	near(t, "the ratio of the last lesson", lessons[2].Ratio, now/math.Exp(old), 1e-4)
	if lessons[0].Ratio != 1 || lessons[1].Ratio != 1 || lessons[2].Ratio == 1 {
		t.Errorf("the lessons are %+v", lessons)
	}
}

// TestLessonsOfAResumedSearch: those of trials that the log has are told as they were.
func TestLessonsOfAResumedSearch(t *testing.T) {
	for _, async := range []bool{false, true} {
		config := Config{Trials: 8, Seed: 3, InFlight: 3, Workers: 1, Async: async, Network: tinyNetwork, Disk: unsynced{}, Path: filepath.Join(t.TempDir(), "trials.jsonl")}
		mustSearch(t, config, smallSpace, evaluateSmall)
		config.Trials = 12
		var behind []int
		config.Learned = func(l Lesson) { behind = append(behind, l.Behind) }
		mustSearch(t, config, smallSpace, evaluateSmall)
		if want := []int{0, 1, 2, 2, 2, 2, 2, 2}; len(behind) != 12 || !slices.Equal(behind[:8], want) {
			t.Errorf("async %v: the lessons are %v behind, want %v at first", async, behind, want)
		}
	}
}

func TestSimulateRefuses(t *testing.T) {
	config := Config{Trials: 4, Network: smallNetwork}
	for _, r := range []Result{{Trial: 4}, {Trial: -1}, {Trial: 0, Reward: math.NaN()}} {
		if _, err := Simulate(config, smallSpace, func([]Trial) Result { return r }); err == nil {
			t.Errorf("the result %+v is taken", r)
		}
	}
}
