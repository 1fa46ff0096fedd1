// Command imagenet reproduces the ImageNet rows of the AutoDropout paper (Pham
// and Le, arXiv 2101.01761) at a scale of one's choice: it searches a dropout
// pattern with the controller and at random, trains a ResNet or an EfficientNet
// with each and with every hand-made baseline, and prints the accuracies beside
// the paper's numbers. Run it with -h for the flags.
package main

import (
	"cmp"
	"context"
	"io"

	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/experiment"
	"autodropout/dropout"
)

func main() { cli.Main(run) }

// run is the program; it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return cli.ExitCode(start(ctx, args, stdout, stderr), "imagenet", stderr)
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
	about, err := s.open(experiment.Searches(rows))
	if err != nil {
		return err
	}
	folder, err := e.Start(ctx, about)
	if folder != "" {
		err = cmp.Or(err, s.listBad(folder, stdout))
	}
	return err
}
