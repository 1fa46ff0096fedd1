package experiment

import (
	"context"
	"errors"
	"io"

	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/dropout"
)

// Benchmark is a [Subject] that a command line is for: a struct of settings with a
// [Plan] embedded. It may have a method Instead, for flags that ask for something else than an
// experiment, and a method Close, which is called in the end, see the types below.
type Benchmark[P Pattern] interface {
	Subject[P]
	Planned() *Plan

	// Table returns the rows that the table can have.
	Table() []Row
	// Check returns the dropout sites of the network, and what is wrong with the
	// settings beyond the single flag.
	Check(asked cli.Run) ([]dropout.Site, error)
	// Open loads the data, that of a search too where there is one, and returns the
	// sentences that say which it is. No method of Subject is called before.
	Open(ctx context.Context, search bool, stderr io.Writer) (about string, err error)
}

// alternative reports whether it has done something instead of the experiment. What
// is said about the data comes from Open.
type alternative interface {
	Instead(ctx context.Context, asked cli.Run, about string, stdout, stderr io.Writer) (done bool, err error)
}

// closer gives back what Open took, and says what is to be known in the end. The folder
// is that of the run, "" where there is none.
type closer interface {
	Close(folder runfolder.Folder, stdout io.Writer) error
}

// Planned returns the plan that a benchmark embeds.
func (p *Plan) Planned() *Plan { return p }

// Run is the program of a benchmark, which takes its settings, a C; it returns the exit
// code.
func Run[C any, P Pattern](ctx context.Context, command *cli.Command[C], benchmark func(settings C) Benchmark[P], args []string, stdout, stderr io.Writer) int {
	settings, asked, err := command.Parse(ctx, args, stdout)
	if err == nil {
		err = start(ctx, benchmark(settings), asked, stdout, stderr)
	}
	return cli.ExitCode(err, command.Name, stderr)
}

// start checks all that can be checked before anything is computed or written, and
// then runs the experiment.
func start[P Pattern](ctx context.Context, b Benchmark[P], asked cli.Run, stdout, stderr io.Writer) (err error) {
	sites, err := b.Check(asked)
	if err != nil {
		return err
	}
	plan, table := b.Planned(), b.Table()
	e := Experiment[P]{Subject: b, Plan: *plan, Rows: plan.Rows(table), Table: table, Run: asked, Stdout: stdout, Stderr: stderr}
	if err := checkPolicies(e.Rows, sites); err != nil {
		return err
	}
	if plan.Pattern != "" {
		if e.Given, err = loadPattern[P](asked.PatternFile(plan.Pattern), sites); err != nil {
			return err
		}
	}
	about, err := b.Open(ctx, searches(e.Rows), stderr)
	if err != nil {
		return err
	}
	var folder runfolder.Folder
	if c, ok := b.(closer); ok {
		defer func() { err = errors.Join(err, c.Close(folder, stdout)) }()
	}
	if a, ok := b.(alternative); ok {
		if done, err := a.Instead(ctx, asked, about, stdout, stderr); done || err != nil {
			return err
		}
	}
	folder, err = e.Start(ctx, about)
	return err
}
