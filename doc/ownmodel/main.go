// Ownmodel is the program of doc/own-model.md: it searches a dropout pattern for a model
// and data of one's own.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"

	"autodropout/controller"
	"autodropout/data"
	"autodropout/dropout"
	"autodropout/train"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := search(ctx, "ownmodel", 60, 20, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// score trains the model with a policy, nil for no dropout, and returns the percentage
// of the images of a set that it then recognises.
func score(ctx context.Context, set data.Source, policy dropout.Policy, seed uint64, epochs int) (float64, error) {
	fit := stripes("few stripes", 1, 25)
	model, _ := newModel(len(fit.Classes))
	trainer, err := train.New(model, fit, train.Config{Epochs: epochs, Batch: 20, Common: train.Common{Policy: policy, Seed: seed}})
	if err != nil {
		return 0, err
	}
	if err := trainer.Run(ctx); err != nil {
		return 0, err
	}
	s, err := trainer.Evaluate(ctx, set)
	return 100 - s.ErrorRate(), err
}

// search tries so many patterns on validation images, saves the best one, and compares
// it with no dropout on images that had no say in the choice.
func search(ctx context.Context, folder string, trials, epochs int, w io.Writer) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	valid, test := stripes("validation stripes", 2, 100), stripes("test stripes", 3, 250)
	_, sites := newModel(len(valid.Classes))
	space := dropout.ConvSpace([]int{1, 1, 1}) // one block in each of three stages
	begin, err := dropout.Mild(space, 0.06)    // with patterns that drop 6 % of all elements
	if err != nil {
		return err
	}
	report, err := controller.Search(ctx, controller.Config{
		Path: filepath.Join(folder, "trials.jsonl"), Trials: trials, Algorithm: controller.PPO, StartProbs: begin,
		Task: controller.Task{Note: fmt.Sprintf("stripes, %d epochs", epochs)},
	}, space, func(ctx context.Context, t controller.Trial) (controller.Outcome, error) {
		policy, err := policyOf(space, t.Point, sites)
		if err != nil {
			return controller.Outcome{}, err
		}
		reward, err := score(ctx, valid, policy, t.Seed, epochs)
		return controller.Outcome{Reward: reward}, err
	})
	if err != nil {
		return fmt.Errorf("the search has stopped, and the same command goes on from there: %w", err)
	}
	best, result, ok := report.Best()
	if !ok {
		return fmt.Errorf("no trial has succeeded: %v", report.Failures())
	}
	pattern, err := dropout.DecodeConv(space, best.Point)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "trial %d of %d is the best, %.1f %%: %s\n", best.Index+1, len(report.Trials), result.Reward, pattern)
	if err := pattern.Save(filepath.Join(folder, "pattern.json")); err != nil {
		return err
	}
	policy, err := pattern.Policy(sites)
	if err != nil {
		return err
	}
	for seed := range uint64(3) {
		without, err := score(ctx, test, nil, seed, epochs)
		if err != nil {
			return err
		}
		with, err := score(ctx, test, policy, seed, epochs)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "seed %d: %.1f %% of the test images without dropout, %.1f %% with the pattern\n", seed, without, with)
	}
	return nil
}

// policyOf returns what drops as a point of the space says.
func policyOf(space dropout.Space, point []int, sites []dropout.Site) (dropout.Policy, error) {
	pattern, err := dropout.DecodeConv(space, point)
	if err != nil {
		return nil, err
	}
	return pattern.Policy(sites)
}
