// Package fewlabels is the benchmark of semi-supervised learning that CIFAR-10
// and ImageNet share: UDA on a few labelled and all unlabelled images, with
// patterns that were searched, found at random or made by hand.
package fewlabels

import (
	"context"
	"io"

	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/data"
	"autodropout/dropout"
	"autodropout/layers"
)

// Benchmark is what one of the benchmarks has of its own.
type Benchmark struct {
	Name    string // of the program: "cifarssl"
	Title   string // "CIFAR-10"
	Network string // "Wide ResNet"

	Split    string // what scores the rows: "test"
	Accuracy bool   // the rows have accuracies, not errors

	// Open loads the images that Config.Data names, and says which they are.
	Open func(ctx context.Context, c *Config, stderr io.Writer) (train, test data.Source, about string, err error)
	// NewModel makes a network. What depth and width mean is up to it.
	NewModel func(depth, width, classes int, seed uint64) (Model, error)

	UDA, AutoDropout runfolder.Paper // published results

	DataHelp, WidthHelp string // of the flags
	Paper, Study, Quick Config // the presets
}

// Model is a network with places for the patterns of ConvNets.
type Model interface {
	layers.Model
	Sites() []dropout.Site
	Blocks() []int // the number of blocks in each stage
	String() string
}

// Run is the program; it returns the exit code.
func (b *Benchmark) Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return cli.ExitCode(b.start(ctx, args, stdout, stderr), b.Name, stderr)
}

// start checks all that can be checked before anything is computed or written,
// and then runs the experiment.
func (b *Benchmark) start(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	c, asked, err := b.command().Parse(ctx, args, stdout)
	if err != nil {
		return err
	}
	sites, err := c.check(b)
	if err != nil {
		return err
	}
	s := &subject{Config: c, benchmark: b}
	rows := c.Rows(c.table(b))
	e := experiment.Experiment[*dropout.ConvPattern]{Subject: s, Plan: c.Plan, Rows: rows, Run: asked, Stdout: stdout, Stderr: stderr}
	if c.Pattern != "" {
		if e.Given, err = experiment.LoadPattern[*dropout.ConvPattern](asked.PatternFile(c.Pattern), sites); err != nil {
			return err
		}
	}
	about, err := s.open(ctx, experiment.Searches(rows), stderr)
	if err != nil {
		return err
	}
	_, err = e.Start(ctx, about)
	return err
}
