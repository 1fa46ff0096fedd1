package controller_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"

	"autodropout/autograd"
	"autodropout/controller"
	"autodropout/dropout"
	"autodropout/ops"
)

// A search over two choices of three values each. Instead of training a child
// the evaluator just prefers large values that are equal.
func ExampleSearch() {
	folder, err := os.MkdirTemp("", "search")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)

	space := dropout.Space{
		Name:   "example",
		Tokens: []dropout.Token{{Name: "size", Values: []float64{0, 0.5, 1}}},
		Groups: 2,
	}
	evaluate := func(ctx context.Context, t controller.Trial) (controller.Outcome, error) {
		first, second := t.Tokens[0], t.Tokens[1]
		if first != second {
			return controller.Outcome{Reward: 0}, nil
		}
		return controller.Outcome{Reward: float64(first)}, nil
	}
	config := controller.Config{
		Path:   filepath.Join(folder, "trials.jsonl"),
		Trials: 60,
		Task:   "an example",
	}
	report, err := controller.Search(context.Background(), config, space, evaluate)
	if err != nil {
		fmt.Println(err)
		return
	}
	best, result, _ := report.Best()
	fmt.Printf("the best of %d trials: tokens %v, reward %g\n", len(report.Trials), best.Tokens, result.Reward)

	// The log is the search: all of it can be rebuilt.
	again, err := controller.Replay(config.Path)
	if err != nil {
		fmt.Println(err)
		return
	}
	best, _, _ = again.Best()
	fmt.Println("from the log:", best.Tokens)
	// Output:
	// the best of 60 trials: tokens [2 2], reward 2
	// from the log: [2 2]
}

// The distribution that a search learns can be used on its own.
func ExamplePolicy() {
	space := dropout.ConvSpace([]int{1})
	policy := controller.NewPolicy(space, controller.PolicyConfig{Layers: 1, Width: 8, Heads: 2})
	tokens, _, entropy := policy.Sample(rand.New(rand.NewPCG(1, 2)))
	fmt.Printf("%d decisions of %.2f nats each\n", len(tokens), entropy)

	// A new policy is uniform: all patterns are equally likely.
	tape := autograd.NewTape(policy.Params())
	logProbs, _ := policy.LogProbs(tape, [][]int{tokens})
	fmt.Printf("one of %.0f patterns\n", math.Exp(-float64(ops.Sum(logProbs).Item())))
	// Output:
	// 8 decisions of 1.68 nats each
	// one of 677376 patterns
}
