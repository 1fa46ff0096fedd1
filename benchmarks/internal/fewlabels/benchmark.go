// Package fewlabels is the benchmark of semi-supervised learning that CIFAR-10
// and ImageNet share: UDA on a few labelled and all unlabelled images, with
// patterns that were searched, found at random or made by hand.
package fewlabels

import (
	"context"
	"io"

	"autodropout/benchmarks/internal/images"
	"autodropout/benchmarks/internal/runfolder"
)

// Benchmark is what one of the benchmarks has of its own.
type Benchmark struct {
	Name    string // of the program: "cifarssl"
	Title   string // "CIFAR-10"
	Network string // "Wide ResNet"

	Split    string // what scores the rows: "test"
	Accuracy bool   // the rows have accuracies, not errors

	// Open finds the images that Config.Data names.
	Open func(ctx context.Context, c *Config, stderr io.Writer) (images.Images, error)
	// NewModel makes a network. What depth and width mean is up to it.
	NewModel func(depth, width, classes int, seed uint64) (images.Model, error)

	UDA, AutoDropout runfolder.Paper // published results

	Photos              bool   // the data may be a folder of photographs
	DataHelp, WidthHelp string // of the flags
	Paper, Study, Quick Config // the presets
}

// Run is the program; it returns the exit code.
func (b *Benchmark) Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return images.Run(ctx, b.command(), func(c Config) images.Benchmark { return &subject{b, c} }, args, stdout, stderr)
}
