package controller

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"autodropout/dropout"
	"autodropout/internal/seed"
)

// small is the space and network of the tests that are not about learning.
var (
	smallSpace   = toySpace(2, 3, 2)
	smallNetwork = NetworkConfig{Layers: 1, Width: 8, Heads: 2}
)

// smallReward depends on tokens and seed only.
func smallReward(t Trial) float64 {
	sum := 0.0
	for i, v := range t.Point {
		sum += float64(v * (i%3 - 1))
	}
	return sum + 0.1*seed.New(t.Seed, "noise").NormFloat64()
}

func evaluateSmall(_ context.Context, t Trial) (Outcome, error) {
	return Outcome{Reward: smallReward(t), Note: fmt.Sprintf("tokens %v", t.Point)}, nil
}

// mustSearch runs a search that may not fail.
func mustSearch(t testing.TB, config Config, space dropout.Space, evaluate Evaluator) *Report {
	t.Helper()
	report, err := Search(context.Background(), config, space, evaluate)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// sameReport fails the test where two searches differ in anything but time.
func sameReport(t *testing.T, what string, got, want *Report) {
	t.Helper()
	if !slices.EqualFunc(got.Trials, want.Trials, func(a, b Trial) bool { return string(encode(a)) == string(encode(b)) }) {
		t.Errorf("%s: the trials differ", what)
	}
	sameResult := func(a, b *Result) bool {
		if a == nil || b == nil {
			return a == b
		}
		return a.Trial == b.Trial && a.Reward == b.Reward && a.Note == b.Note && a.Error == b.Error
	}
	if !slices.EqualFunc(got.Results, want.Results, sameResult) {
		t.Errorf("%s: the results differ", what)
	}
	if (got.Weights() == nil) != (want.Weights() == nil) {
		t.Fatalf("%s: one of the searches has no network", what)
	}
	if !slices.Equal(got.Weights(), want.Weights()) {
		t.Errorf("%s: the policies differ", what)
	}
}

// TestGrid: every point has its turn, also where a search is taken up again.
func TestGrid(t *testing.T) {
	space := dropout.Space{Name: "rates", Groups: 1, Choices: []dropout.Choice{{Name: "rate", Values: []float64{1, 2, 3}}, {Name: "kind", Values: []float64{0, 1}}}}
	config := Config{Algorithm: Grid, InFlight: 3, Path: filepath.Join(t.TempDir(), "trials.jsonl")}
	for _, config.Trials = range []int{4, 8} {
		report := mustSearch(t, config, space, evaluateSmall)
		for i, trial := range report.Trials {
			if want := []int{i / 2 % 3, i % 2}; !slices.Equal(trial.Point, want) {
				t.Errorf("trial %d has the tokens %v, want %v", i, trial.Point, want)
			}
		}
		if len(report.Trials) != config.Trials || report.Weights() != nil {
			t.Errorf("%d trials, network %v", len(report.Trials), report.Weights())
		}
	}
	// All points have one seed before they have the next, but in the logs of before that.
	config = Config{Algorithm: Grid, Seeds: 2, Trials: 14}
	for _, live := range []bool{true, false} {
		header := newHeader(config, space)
		header.Live = header.Live && live
		before := header.settings()
		for i := range config.Trials {
			want := i % 2
			if live {
				want = i / 6 % 2
			}
			if got := before.childSeed(i, space) == before.childSeed(7, space); got != (want == 1) {
				t.Errorf("live %v: trial %d has the seed of trial 7: %v", live, i, got)
			}
		}
	}
	config = Config{Algorithm: Grid, InFlight: 3, Trials: 8, Path: filepath.Join(t.TempDir(), "points.jsonl")}
	config.Points = [][]int{{2, 1}, {0, 0}}
	for i, trial := range mustSearch(t, config, space, evaluateSmall).Trials {
		if !slices.Equal(trial.Point, config.Points[i%2]) {
			t.Errorf("trial %d of given points has the tokens %v", i, trial.Point)
		}
	}
	config.Path, config.Points = "", [][]int{{2, 2}}
	if _, err := Search(context.Background(), config, space, evaluateSmall); err == nil || !strings.Contains(err.Error(), "not in the space") {
		t.Errorf("a point outside the space gives error %v", err)
	}
}

// TestSampledAfter checks what the network knows when it samples: whether trial i
// changes when the reward of trial j does.
func TestSampledAfter(t *testing.T) {
	const trials, inFlight = 9, 3
	config := Config{Trials: trials, Seed: 1, InFlight: inFlight, Workers: 3, Network: smallNetwork}
	run := func(changed int, by float64) *Report {
		return mustSearch(t, config, smallSpace, func(_ context.Context, trial Trial) (Outcome, error) {
			reward := smallReward(trial)
			if trial.Index == changed {
				reward += by
			}
			return Outcome{Reward: reward}, nil
		})
	}
	for j := 1; j < trials; j++ { // the first result only sets the baseline
		got, want := run(j, 5), run(j, -5)
		for i := range trials {
			same := slices.Equal(got.Trials[i].LogProbs, want.Trials[i].LogProbs)
			if knows := j <= i-inFlight; same == knows {
				t.Errorf("trial %d: changed by the reward of trial %d: %v", i, j, !same)
			}
			if !same {
				break // later trials differ in their tokens
			}
		}
	}
}

// TestAsync: with one trial in flight there is only one order.
func TestAsync(t *testing.T) {
	config := Config{Trials: 12, InFlight: 1, Network: smallNetwork}
	want := mustSearch(t, config, smallSpace, evaluateSmall)
	config.Async = true
	sameReport(t, "asynchronous", mustSearch(t, config, smallSpace, evaluateSmall), want)
}

func TestInFlight(t *testing.T) {
	for _, async := range []bool{false, true} {
		var running, mostRunning, mostInFlight atomic.Int64
		raise := func(most *atomic.Int64, n int64) {
			for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
			}
		}
		config := Config{Trials: 30, InFlight: 6, Workers: 3, Async: async, Algorithm: Random}
		config.Notify = func(e Event) { raise(&mostInFlight, int64(e.Status.InFlight)) }
		mustSearch(t, config, smallSpace, func(ctx context.Context, trial Trial) (Outcome, error) {
			raise(&mostRunning, running.Add(1))
			defer running.Add(-1)
			time.Sleep(time.Millisecond)
			return evaluateSmall(ctx, trial)
		})
		if mostRunning.Load() != 3 || mostInFlight.Load() != 6 {
			t.Errorf("async %v: %d trials ran at a time and %d were in flight, want 3 and 6", async, mostRunning.Load(), mostInFlight.Load())
		}
	}
}

func TestFailures(t *testing.T) {
	config := Config{Trials: 20, InFlight: 3, Network: smallNetwork, Path: filepath.Join(t.TempDir(), "trials.jsonl")}
	var events []Event
	config.Notify = func(e Event) { events = append(events, e) }
	report := mustSearch(t, config, smallSpace, func(ctx context.Context, trial Trial) (Outcome, error) {
		switch trial.Index {
		case 7:
			return Outcome{Reward: 3, Failure: "diverged"}, nil
		case 12:
			return Outcome{Reward: math.NaN()}, nil
		case 2, 17:
			return Outcome{Reward: math.Inf(1)}, nil
		}
		return evaluateSmall(ctx, trial)
	})
	for i, want := range map[int]string{2: "the reward is +Inf", 7: "diverged", 12: "the reward is NaN", 17: "the reward is +Inf", 3: ""} {
		if got := report.Results[i]; got.Error != want || got.Failed() && got.Reward != 0 {
			t.Errorf("trial %d: error %q, reward %g; want error %q", i, got.Error, got.Reward, want)
		}
	}
	if last := events[len(events)-1].Status; last.Failed != 4 || last.Finished != 20 || last.InFlight != 0 {
		t.Errorf("the last event says %+v", last)
	}
	if got, want := report.Failures(), []Failure{{"the reward is +Inf", 2}, {"diverged", 1}, {"the reward is NaN", 1}}; !slices.Equal(got, want) {
		t.Errorf("the failures are %v, want %v", got, want)
	}
	if best, result, ok := report.Best(); !ok || result.Failed() || best.Index != result.Trial || math.IsNaN(result.Reward) {
		t.Errorf("the best trial is %d with %+v", best.Index, result)
	}
	replayed, err := Replay(config.Path)
	if err != nil {
		t.Fatal(err)
	}
	sameReport(t, "replay", replayed, report)
}

// TestFailureIsTheWorst compares a failed trial with one that has the lowest
// reward so far.
func TestFailureIsTheWorst(t *testing.T) {
	rewards := []float64{0.5, 0.2, 0.9, math.NaN(), 0.4, 0.1, math.NaN()}
	as := []float64{0.5, 0.2, 0.9, 0.2, 0.4, 0.1, 0.1}
	run := func(rewards []float64) *Report {
		config := Config{Trials: len(rewards), Seed: 3, Network: smallNetwork}
		return mustSearch(t, config, smallSpace, func(_ context.Context, trial Trial) (Outcome, error) {
			return Outcome{Reward: rewards[trial.Index]}, nil
		})
	}
	a, b := run(rewards), run(as)
	if !slices.Equal(a.Weights(), b.Weights()) {
		t.Error("a failed trial does not count as the worst so far")
	}
	// Before any other result a failure teaches nothing.
	a = run([]float64{math.NaN(), 1})
	b = run([]float64{math.NaN(), -1})
	if !slices.Equal(a.Weights(), b.Weights()) {
		t.Error("the first trial failed and the network learned from it")
	}
}

func TestEveryTrialFails(t *testing.T) {
	report, err := Search(context.Background(), Config{Trials: 3, Network: smallNetwork}, smallSpace,
		func(context.Context, Trial) (Outcome, error) { return Outcome{Failure: "diverged"}, nil })
	if failed := (*AllFailedError)(nil); !errors.As(err, &failed) || !strings.Contains(err.Error(), "all 3 trials failed, the last with: diverged") {
		t.Errorf("the error is %v", err)
	}
	if _, _, ok := report.Best(); ok {
		t.Error("there is a best trial")
	}
}

// TestTrouble: what goes wrong with the machine is no trial's result. A folder that is
// away for some seconds costs time; one that stays away ends the search, which goes
// on when it is back as if nothing had been.
func TestTrouble(t *testing.T) {
	config := Config{Trials: 8, Seed: 4, InFlight: 3, Workers: 3, Network: smallNetwork}
	want := mustSearch(t, config, smallSpace, evaluateSmall)
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		config.Path = filepath.Join(t.TempDir(), "trials.jsonl")
		gone := func(from, to time.Duration) Evaluator {
			return func(ctx context.Context, trial Trial) (Outcome, error) {
				time.Sleep(time.Second)
				if now := time.Since(began); now >= from && now < to {
					return Outcome{Reward: 100}, errors.New("open data: no such folder")
				}
				return evaluateSmall(ctx, trial)
			}
		}
		var notices []string
		config.Notify = func(e Event) {
			if e.Notice != "" {
				notices = append(notices, e.Notice)
			}
		}
		const never = 1000 * time.Hour
		_, err := Search(t.Context(), config, smallSpace, gone(2*time.Second, never))
		if err == nil || !strings.Contains(err.Error(), "could not be evaluated, 6 times in a row") || !strings.Contains(err.Error(), "no such folder") {
			t.Errorf("the error is %v", err)
		}
		if took := time.Since(began); took > time.Minute {
			t.Errorf("it took %v to give up", took)
		}
		if len(notices) < 5 || !strings.Contains(notices[0], "(open data: no such folder); it is tried again in 1s") {
			t.Errorf("the notices are %q", notices)
		}
		began = time.Now()
		sameReport(t, "after trouble", mustSearch(t, config, smallSpace, gone(0, 9*time.Second)), want)
	})
}

func TestCancel(t *testing.T) {
	config := Config{Trials: 12, Seed: 4, InFlight: 4, Workers: 2, Network: smallNetwork}
	want := mustSearch(t, config, smallSpace, evaluateSmall)

	config.Path = filepath.Join(t.TempDir(), "trials.jsonl")
	ctx, cancel := context.WithCancel(context.Background())
	var stopped sync.Map
	var finished sync.WaitGroup
	finished.Add(5)
	report, err := Search(ctx, config, smallSpace, func(ctx context.Context, trial Trial) (Outcome, error) {
		if trial.Index < 5 {
			defer finished.Done()
			return evaluateSmall(ctx, trial)
		}
		finished.Wait()
		cancel()
		<-ctx.Done()
		stopped.Store(trial.Index, true)
		return Outcome{}, ctx.Err()
	})
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "stopped after 5 of 12 trials") {
		t.Fatalf("the error is %v", err)
	}
	for i, r := range report.Results {
		if (r != nil) != (i < 5) {
			t.Errorf("trial %d: result %v", i, r)
		}
	}
	var ran sync.Map
	got := mustSearch(t, config, smallSpace, func(ctx context.Context, trial Trial) (Outcome, error) {
		ran.Store(trial.Index, true)
		return evaluateSmall(ctx, trial)
	})
	sameReport(t, "resumed", got, want)
	for i := range config.Trials {
		if _, again := ran.Load(i); again != (i >= 5) {
			t.Errorf("trial %d: run when resumed: %v", i, again)
		}
	}
}

// TestFinishedWhileStopping: a child that finishes although its context was
// cancelled is not thrown away.
func TestFinishedWhileStopping(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	report, err := Search(ctx, Config{Trials: 5, InFlight: 1, Network: smallNetwork}, smallSpace, func(ctx context.Context, trial Trial) (Outcome, error) {
		cancel()
		<-ctx.Done()
		return evaluateSmall(ctx, trial)
	})
	if !errors.Is(err, context.Canceled) || len(report.Results) != 1 || report.Results[0] == nil {
		t.Errorf("%d trials, error %v", len(report.Results), err)
	}
}

func TestConfigErrors(t *testing.T) {
	for _, c := range []struct {
		config Config
		space  dropout.Space
		want   string
	}{
		{Config{}, smallSpace, "must have at least 1"},
		{Config{Trials: 1, Workers: -1}, smallSpace, "-1 workers"},
		{Config{Trials: 1, InFlight: -1, Workers: 1}, smallSpace, "-1 trials in flight"},
		{Config{Trials: 1, Algorithm: "sarsa"}, smallSpace, `"sarsa"`},
		{Config{Trials: 1, Network: NetworkConfig{Heads: 5}}, smallSpace, "divide its width"},
		{Config{Trials: 1, Network: NetworkConfig{Layers: -1}}, smallSpace, "-1 layers"},
		{Config{Trials: 1, Learning: LearningConfig{Rate: -1}}, smallSpace, "learning rate is -1"},
		{Config{Trials: 1, Learning: LearningConfig{Rate: math.NaN()}}, smallSpace, "learning rate is NaN"},
		{Config{Trials: 1, Learning: LearningConfig{Entropy: -2}}, smallSpace, "entropy bonus is -2"},
		{Config{Trials: 1, Learning: LearningConfig{Decay: 1}}, smallSpace, "decay"},
		{Config{Trials: 1}, dropout.Space{}, "empty"},
		{Config{Trials: 1}, toySpace(1, 2, 0), "0 values"},
		{Config{Trials: 1}, toySpace(1<<12, 2, 2), "at most 4096 decisions"},
		{Config{Trials: 1, Network: NetworkConfig{Layers: 64, Width: 4096}}, toySpace(2, 2, 2), "more than 16 million weights"},
		{Config{Trials: 1, Network: NetworkConfig{Heads: 32}}, toySpace(1<<11, 2, 2), "too much memory for 4096 decisions"},
	} {
		_, err := Search(context.Background(), c.config, c.space, evaluateSmall)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: the error is %v, want %q in it", c.config, err, c.want)
		}
	}
}
