package controller

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"golang.org/x/sync/errgroup"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"autodropout/dropout"
	"autodropout/internal/seed"
)

// TestSolvesABandit has one choice, of which one value pays best by a standard
// deviation of the noise.
func TestSolvesABandit(t *testing.T) {
	space := toySpace(1, 8)
	const best = 5
	for _, algorithm := range []Algorithm{Reinforce, PPO} {
		for s := range uint64(3) {
			report := mustSearch(t, Config{Trials: 200, Seed: s, Algorithm: algorithm}, space, func(_ context.Context, trial Trial) (Outcome, error) {
				reward := 0.1 * seed.New(trial.Seed, "noise").NormFloat64()
				if trial.Point[0] == best {
					reward += 0.1
				}
				return Outcome{Reward: reward}, nil
			})
			if p := joint(report.network, [][]int{{best}})[0]; p < 0.8 {
				t.Errorf("%s, seed %d: the best arm has probability %.2f, want 0.8", algorithm, s, p)
			}
		}
	}
}

// TestLearnsDependence pays when two choices agree, whichever they are: what
// only a network that sees its first choice can learn without giving up entropy.
func TestLearnsDependence(t *testing.T) {
	space := toySpace(2, 3)
	for _, algorithm := range []Algorithm{Reinforce, PPO} {
		config := Config{Trials: 300, Seed: 1, Algorithm: algorithm}
		report := mustSearch(t, config, space, func(_ context.Context, trial Trial) (Outcome, error) {
			if trial.Point[0] == trial.Point[1] {
				return Outcome{Reward: 1}, nil
			}
			return Outcome{}, nil
		})
		agree := 0.0
		for _, p := range joint(report.network, [][]int{{0, 0}, {1, 1}, {2, 2}}) {
			agree += p
		}
		if agree < 0.8 {
			t.Errorf("%s: the choices agree with probability %.2f, want 0.8", algorithm, agree)
		}
	}
}

// syntheticReward is like what the validation accuracy of a child might be: for
// every token a value is best, which drifts with depth; some tokens matter more
// than others; and a child that drops too much learns nothing.
func syntheticReward(space dropout.Space, rng *rand.Rand) func(tokens []int) float64 {
	kinds := len(space.Choices)
	target, drift, weight := make([]float64, kinds), make([]float64, kinds), make([]float64, kinds)
	total := 0.0
	for k := range kinds {
		target[k], drift[k], weight[k] = rng.Float64(), rng.Float64()-0.5, rng.ExpFloat64()
		total += weight[k] * float64(space.Groups)
	}
	return func(tokens []int) float64 {
		loss, dropped := 0.0, 0.0
		for i, v := range tokens {
			k, group := i%kinds, i/kinds
			x := float64(v) / float64(len(space.Choice(i).Values)-1)
			d := x - target[k] - drift[k]*float64(group)/float64(space.Groups)
			loss += weight[k] / total * d * d
			if k == 0 {
				dropped += x / float64(space.Groups)
			}
		}
		if dropped > 0.7 {
			return 0.1
		}
		return 0.95 - 0.3*loss
	}
}

// TestBeatsRandomSearch compares REINFORCE with random search on the real token
// space: the best patterns that the same budget finds, judged without
// the noise of their evaluation, and the last ones tried.
func TestBeatsRandomSearch(t *testing.T) {
	const seeds, trials, last = 20, 100, 20
	space := dropout.ConvSpace([]int{1, 1, 1})
	search := func(algorithm Algorithm, s uint64) (best, late float64, err error) {
		reward := syntheticReward(space, seed.New(s, "reward"))
		report, err := Search(context.Background(), Config{Trials: trials, Seed: s, Algorithm: algorithm}, space,
			func(_ context.Context, trial Trial) (Outcome, error) {
				return Outcome{Reward: reward(trial.Point) + 0.005*seed.New(trial.Seed, "noise").NormFloat64()}, nil
			})
		if err != nil {
			return 0, 0, err
		}
		trial, _, _ := report.Best()
		for _, trial := range report.Trials[trials-last:] {
			late += reward(trial.Point) / last
		}
		return reward(trial.Point), late, nil
	}
	var best, late [seeds]float64 // advantage over random search
	var group errgroup.Group
	group.SetLimit(2)
	for s := range uint64(seeds) {
		group.Go(func() error {
			best0, late0, err := search(Random, s)
			if err != nil {
				return err
			}
			best1, late1, err := search(Reinforce, s)
			best[s], late[s] = best1-best0, late1-late0
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	for what, advantage := range map[string][]float64{"the best pattern": best[:], fmt.Sprintf("the last %d patterns", last): late[:]} {
		mean, std := stat.MeanStdDev(advantage, nil)
		p := distuv.StudentsT{Sigma: 1, Nu: seeds - 1}.Survival(mean / (std / math.Sqrt(seeds)))
		t.Logf("%s: %+.4f ± %.4f, paired t-test p = %.2g", what, mean, std, p)
		if !(p < 0.01) {
			t.Errorf("%s: %+.4f ± %.4f over random search is not significant: p = %.2g", what, mean, std, p)
		}
	}
}
