package controller_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"autodropout/controller"
	"autodropout/dropout"
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
		Name:    "example",
		Choices: []dropout.Choice{{Name: "size", Values: []float64{0, 0.5, 1}}},
		Groups:  2,
	}
	evaluate := func(ctx context.Context, t controller.Trial) (controller.Outcome, error) {
		first, second := t.Point[0], t.Point[1]
		if first != second {
			return controller.Outcome{Reward: 0}, nil
		}
		return controller.Outcome{Reward: float64(first)}, nil
	}
	config := controller.Config{
		Path:   filepath.Join(folder, "trials.jsonl"),
		Trials: 60,
		Task:   controller.Task{Note: "an example"},
	}
	report, err := controller.Search(context.Background(), config, space, evaluate)
	if err != nil {
		fmt.Println(err)
		return
	}
	best, result, _ := report.Best()
	fmt.Printf("the best of %d trials: the point %v, reward %g\n", len(report.Trials), best.Point, result.Reward)

	// The log is the search: all of it can be rebuilt.
	again, err := controller.Replay(config.Path)
	if err != nil {
		fmt.Println(err)
		return
	}
	best, _, _ = again.Best()
	fmt.Println("from the log:", best.Point)
	// Output:
	// the best of 60 trials: the point [2 2], reward 2
	// from the log: [2 2]
}
