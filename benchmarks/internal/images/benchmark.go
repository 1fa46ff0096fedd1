// Package images is what the benchmarks of ConvNets share: settings and their flags,
// where images come from, the searches' patterns, and how networks are made and scored.
package images

import (
	"context"
	"fmt"
	"io"
	"time"

	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/experiment"
	"autodropout/data"
	"autodropout/dropout"
	"autodropout/layers"
	"autodropout/train"
)

// Benchmark is what one of the benchmarks has of its own: a struct with [Settings]
// embedded.
type Benchmark interface {
	Shared() *Settings

	// Check returns what is wrong with the settings beyond the single flag.
	Check() error
	// Table returns the rows that the table can have.
	Table() []experiment.Row
	// About describes the benchmark; what follows from data and networks is filled in.
	About() experiment.About

	// Open finds the images.
	Open(ctx context.Context, stderr io.Writer) (Images, error)
	// Divide says which images the table's networks and those of a search, if there is
	// one, are trained on and scored by. Rest is what -train-size leaves, or other images
	// that nothing is trained on; nil: nothing.
	Divide(train, rest, test data.Source, search bool) (final, child Sets, err error)

	// Model makes a network.
	Model(n experiment.Network, classes int, seed uint64) (Model, error)
	// Length says how long a network is trained.
	Length(n experiment.Network) Length
	// Train returns a training, of so many steps, that is ready to run, as
	// [experiment.Subject.Prepare] does.
	Train(n experiment.Network, model Model, sets Sets, steps int, common train.Common) (*train.Loop, Scorer, error)
}

// Model is a ConvNet with places for patterns.
type Model interface {
	layers.Model
	fmt.Stringer
	Sites() []dropout.Site
	Blocks() []int // the number of blocks in each stage
}

// Scorer scores what a training has made.
type Scorer interface {
	Evaluate(ctx context.Context, images data.Source) (train.Score, error)
	Waited() time.Duration
}

// Sets are the images that a network is trained on and scored by.
type Sets struct {
	Fit, Score data.Source
	Unlabelled data.Source // trained on beside Fit; nil: there is none
	Valid      data.Source // scored by after every epoch, for the curves of the final one; nil: there is none
}

// Length is how long a network is trained: so many epochs, or steps.
type Length struct {
	Epochs, Steps int
	Images        int // trained on in a step, or as many as take that long: scoring is compared with them
}

// Run is the program of a benchmark, which takes its settings, a C; it returns the exit
// code.
func Run[C any](ctx context.Context, command *cli.Command[C], benchmark func(settings C) Benchmark, args []string, stdout, stderr io.Writer) int {
	return experiment.Run(ctx, command, func(settings C) experiment.Benchmark[*dropout.ConvPattern] {
		b := benchmark(settings)
		return &subject{Settings: b.Shared(), Benchmark: b}
	}, args, stdout, stderr)
}
