// Command cifar reproduces the CIFAR-10 rows of the AutoDropout paper (Pham and
// Le, arXiv 2101.01761) at a scale of one's choice: it searches a dropout
// pattern with the controller and at random, trains a Wide ResNet with each and
// with every hand-made baseline, and prints the test errors beside the paper's
// number. Run it with -h for the flags.
package main

import (
	"context"
	"fmt"
	"io"

	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/progress"
	"autodropout/benchmarks/internal/usage"
	"autodropout/data"
	"autodropout/dropout"
)

func main() { cli.Main(run) }

// run is the program; it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return cli.ExitCode(start(ctx, args, stdout, stderr), "cifar", stderr)
}

// start checks all that can be checked before anything is computed or written,
// and then runs the experiment.
func start(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	c, asked, err := command.Parse(ctx, args, stdout)
	if err != nil {
		return err
	}
	sites, err := c.check()
	if err != nil {
		return err
	}
	s := &subject{config: c}
	rows := c.Rows(s.table())
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

// open loads the sets, those of a search too where there is one, and returns the
// sentence that says which they are.
func (s *subject) open(ctx context.Context, search bool, stderr io.Writer) (about string, err error) {
	train, test, about, err := data.Open(ctx, s.data, data.OpenConfig{
		Synthetic: data.SyntheticConfig{Train: s.trainSize + s.validSize, Test: s.testSize},
		Download:  data.DownloadConfig{Progress: progress.Download(stderr, "CIFAR-10")},
	})
	if err != nil {
		return "", err
	}
	whole := [2]int{train.Len(), test.Len()}
	var rest data.Source
	if s.train, rest, err = shrink(train, s.trainSize, "-train-size"); err != nil {
		return "", err
	}
	if s.test, _, err = shrink(test, s.testSize, "-test-size"); err != nil {
		return "", err
	}
	if whole != [2]int{s.train.Len(), s.test.Len()} {
		about += fmt.Sprintf(" Of these, %d training and %d test images are used.", s.train.Len(), s.test.Len())
	}
	const heldOut = 0.1
	switch {
	case !search:
	case rest == nil && s.validSize > 0 && s.trainSize == 0:
		return "", usage.Errorf("-valid-size %d: -train-size 0, all images, leaves none", s.validSize)
	case s.validSize == 0 || rest == nil:
		s.fit, s.valid, err = data.HoldOut(s.train, uint64(s.Seed), heldOut)
	default:
		s.fit = s.train
		s.valid, _, err = shrink(rest, s.validSize, "-valid-size")
	}
	return about, err
}

// shrink takes a balanced part of a set, always the same one. What it leaves is nil
// where it is nothing.
func shrink(set data.Source, size int, flag string) (part, rest data.Source, err error) {
	if size == 0 || size >= set.Len() {
		return set, nil, nil
	}
	if part, rest, err = data.AtMost(set, 0, size, 1); err != nil {
		return nil, nil, usage.Errorf("%s %d: %v", flag, size, err)
	}
	return part, rest, nil
}
