package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"autodropout/data"
	"autodropout/dropout"
	"autodropout/patterns"
	"autodropout/train"
)

// learn trains a network with dropout of a name, shows how well it does after every
// epoch, and saves it.
func learn(ctx context.Context, fit, valid data.Source, drop, out string, epochs int, w io.Writer) error {
	classes := fit.Header().Classes
	model := newNetwork(len(classes))
	policy, err := policyOf(drop, model.sites())
	if err != nil {
		return err
	}

	var trainer *train.Trainer
	config := settings(policy, epochs)
	config.Checkpoint = filepath.Join(out, "checkpoint.safetensors")
	config.Higher = true
	config.Validate = func(ctx context.Context) (train.Validation, error) {
		seen, err := trainer.Evaluate(ctx, fit)
		if err != nil {
			return train.Validation{}, err
		}
		unseen, err := trainer.Evaluate(ctx, valid)
		if err != nil {
			return train.Validation{}, err
		}
		t, v := 100*seen.Accuracy(), 100*unseen.Accuracy()
		fmt.Fprintf(w, "%5d  %6.1f %%  %8.1f %%  %s\n", trainer.Done()*epochs/trainer.Total(), t, v, curves(t, v))
		return train.Validation{Score: v}, nil
	}
	trainer, err = train.New(model, fit, config)
	if err != nil {
		return err
	}

	found, err := trainer.Resume()
	if err != nil {
		return err
	}
	if found {
		fmt.Fprintf(w, "going on after %d of %d steps\n", trainer.Done(), trainer.Total())
	}
	fmt.Fprintln(w, "epoch  training  validation")
	if err := trainer.Run(ctx); err != nil {
		return fmt.Errorf("stopped after %d of %d steps (%w): the same command goes on from there", trainer.Done(), trainer.Total(), err)
	}
	if err := trainer.SaveWeights(filepath.Join(out, "weights.safetensors")); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, "classes.txt"), []byte(strings.Join(classes, "\n")), 0o644)
}

// settings says how a network is trained. What they leave open is SGD with Nesterov
// momentum and a learning rate that falls from 0.1 to 0 along a cosine.
func settings(policy dropout.Policy, epochs int) train.Config {
	return train.Config{
		Epochs:  epochs,
		Batch:   32,
		Augment: data.Augment{Flip: true},
		Common:  train.Common{Policy: policy},
	}
}

// curves draws two percentages as points of a line: t of training images, v of
// validation images.
func curves(t, v float64) string {
	line := []byte(strings.Repeat(" ", 51))
	line[int(t/2)], line[int(v/2)] = 't', 'v'
	return "|" + string(line) + "|"
}

// policyOf returns the dropout of a name for a network with these sites.
func policyOf(name string, sites []dropout.Site) (dropout.Policy, error) {
	var pattern dropout.Pattern
	var err error
	switch {
	case name == "none":
		return nil, nil
	case name == "dropblock":
		return dropout.NewDropBlock(5, 0.8, sites)
	case filepath.Ext(name) == ".json":
		pattern, err = dropout.LoadPattern(name) // what a search has found
	default:
		pattern, err = patterns.Load(name) // what comes with the module
	}
	if err != nil {
		return nil, err
	}
	return pattern.Policy(sites)
}
