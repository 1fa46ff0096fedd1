package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"path/filepath"

	"autodropout/controller"
	"autodropout/data"
	"autodropout/dropout"
	"autodropout/train"
)

// search tries so many patterns and saves the best one. A quarter of the training images
// judges them: the validation images have no say, and stay fit to judge the result.
func search(ctx context.Context, images data.Source, out string, trials, epochs int, w io.Writer) error {
	fit, judge, err := data.HoldOut(images, 0, 0.25)
	if err != nil {
		return err
	}
	space := dropout.ConvSpace([]int{1, 1, 1}) // one block in each of three stages
	begin, err := dropout.Mild(space, 0.15)    // with patterns that drop 15 % of all elements
	if err != nil {
		return err
	}
	report, err := controller.Search(ctx, controller.Config{
		Path: filepath.Join(out, "trials.jsonl"), Trials: trials, Algorithm: controller.PPO, StartProbs: begin,
		Task: controller.Task{Note: fmt.Sprintf("images %08x, %d epochs", images.Checksum(), epochs)},
		Notify: func(e controller.Event) {
			if e.Result != nil {
				fmt.Fprintf(w, "trial %d: %s\n", e.Trial.Index+1, cmp.Or(e.Result.Error, fmt.Sprintf("%.1f %%", e.Result.Reward)))
			}
		},
	}, space, func(ctx context.Context, t controller.Trial) (controller.Outcome, error) {
		reward, err := worth(ctx, fit, judge, space, t, epochs)
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
	return pattern.Save(filepath.Join(out, "pattern.json"))
}

// worth trains a network with the pattern of a trial, and returns the percentage of the
// other images that it then recognises.
func worth(ctx context.Context, fit, judge data.Source, space dropout.Space, t controller.Trial, epochs int) (float64, error) {
	model := newNetwork(len(fit.Header().Classes))
	pattern, err := dropout.DecodeConv(space, t.Point)
	if err != nil {
		return 0, err
	}
	policy, err := pattern.Policy(model.sites())
	if err != nil {
		return 0, err
	}
	config := settings(policy, epochs)
	config.Seed = t.Seed
	trainer, err := train.New(model, fit, config)
	if err != nil {
		return 0, err
	}
	if err := trainer.Run(ctx); err != nil {
		return 0, err
	}
	score, err := trainer.Evaluate(ctx, judge)
	return 100 - score.ErrorRate(), err
}
