// Command external searches with any trainer: for every trial it starts a program of
// the user's, gives it a dropout pattern, or other choices, and reads what training
// with that was worth. doc/external.md shows how, doc/external-protocol.md says what
// the two tell each other. Run it with -h for the flags.
package main

import (
	"context"
	"io"
	"os"
	"runtime/debug"

	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/usage"
	"autodropout/dropout"
)

// garbage is how much memory may be garbage, in percent of that which is in use: these are a
// few megabytes, and the processors are for the programs that are started.
const garbage = 800

func main() {
	debug.SetGCPercent(garbage)
	cli.Main(run)
}

// run is the program; it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return cli.ExitCode(start(ctx, args, stdout, stderr), "external", stderr)
}

// start checks all that can be checked before anything is started or written, and
// then runs the experiment for the kind of what is searched.
func start(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	c, asked, err := command.Parse(ctx, args, stdout)
	if err != nil {
		return err
	}
	folder, err := os.Getwd()
	if err != nil {
		return err
	}
	if err := c.check(folder); err != nil {
		return err
	}
	shared := trainer{config: c, start: folder, worker: asked.Cluster.Worker, slots: make(chan string, max(1, len(c.slots)))}
	for _, slot := range c.slots {
		shared.slots <- slot
	}
	if own := c.space.own; own != nil {
		return begin(ctx, &subject[*choices]{shared, own.space(), own.decode, own.load}, asked, stdout, stderr)
	}
	space, err := c.space.patterns(c.stages)
	if err != nil {
		return err
	}
	if c.space.stages() {
		return begin(ctx, &subject[*dropout.ConvPattern]{shared, space, decodeConv, loadPattern[*dropout.ConvPattern]}, asked, stdout, stderr)
	}
	return begin(ctx, &subject[*dropout.SequencePattern]{shared, space, experiment.Sequences{}.Decode, loadPattern[*dropout.SequencePattern]}, asked, stdout, stderr)
}

// begin runs the experiment.
func begin[P experiment.Pattern](ctx context.Context, s *subject[P], asked cli.Run, stdout, stderr io.Writer) (err error) {
	e := experiment.Experiment[P]{Subject: s, Plan: s.Plan, Rows: s.Rows(s.table()), Run: asked, Stdout: stdout, Stderr: stderr}
	if s.Pattern != "" {
		if e.Given, err = s.load(asked.PatternFile(s.Pattern)); err != nil {
			return usage.Errorf("-pattern: %v", err)
		}
	}
	_, err = e.Start(ctx, s.sentences())
	return err
}

// decodeConv returns the pattern that a point stands for.
func decodeConv(space dropout.Space, point []int, origin dropout.Origin) (*dropout.ConvPattern, error) {
	pattern, err := dropout.DecodeConv(space, point)
	if err != nil {
		return nil, err
	}
	pattern.Origin = origin
	return pattern, nil
}

// loadPattern reads a pattern of dropout, or takes one that comes with the program. Whether it
// fits the network is for the program that trains to say.
func loadPattern[P experiment.Pattern](path string) (P, error) {
	var none P
	loaded, err := experiment.LoadPattern(path)
	if err != nil {
		return none, err
	}
	pattern, ok := loaded.(P)
	if !ok {
		return none, usage.Errorf("%s is a pattern of another kind than -space says", path)
	}
	return pattern, nil
}
