package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"autodropout/train"
)

// Experiment is one run of a benchmark: it searches patterns, trains a network
// with each row's dropout and every seed, and reports the table. Everything it
// finishes is in its folder, so that it can be stopped at any time and resumed.
type Experiment[P Pattern] struct {
	Subject Subject[P]
	Plan    Plan
	Rows    []Method
	Given   P   // the pattern of the plan's file, if it names one
	Run     Run // what the command line asked for

	Stdout, Stderr io.Writer

	about    About
	folder   string
	units    *Journal[unit]
	cost     costs
	progress *Progress
	service  *service // nil: trials are trained here
	stop     context.CancelCauseFunc
	taken    atomic.Int64 // training steps of this session, those of searches included

	found  []*finding[P] // of the searches that are done
	losses []Curve       // of the first training of each row
}

// errSteps stops a run that has taken the steps it was allowed.
var errSteps = errors.New("the steps that -steps allows were taken")

// Start makes the folder of the run and computes and reports all rows, or stops
// in between with everything saved that is needed to resume. The sentences say
// what the user should know about the data first.
func (e *Experiment[P]) Start(ctx context.Context, sentences string) (err error) {
	e.about = e.Subject.About()
	if e.Run.Cluster.Worker {
		return e.work(ctx, sentences)
	}
	if err := e.checkServe(); err != nil {
		return err
	}
	if e.folder, err = OpenFolder(e.about.Name, e.Run); err != nil {
		return err
	}
	fmt.Fprintln(e.Stdout, sentences)
	if e.Run.Preset == "quick" {
		fmt.Fprintln(e.Stdout, "The preset quick is a demonstration of the whole pipeline at toy scale, not evidence for or against any method.")
	}
	fmt.Fprintf(e.Stdout, "Results go to %s.\n", e.folder)
	return e.run(ctx)
}

// Folder returns the folder of the run, once it has started; a worker has none.
func (e *Experiment[P]) Folder() string { return e.folder }

func (e *Experiment[P]) run(ctx context.Context) (err error) {
	started := time.Now()
	for _, sub := range []string{"logs", "weights", "checkpoints"} {
		if err := os.MkdirAll(filepath.Join(e.folder, sub), 0o777); err != nil {
			return err
		}
	}
	if e.units, err = OpenJournal[unit](filepath.Join(e.folder, unitsName)); err != nil {
		return err
	}
	defer e.units.Close()
	ctx, e.stop = context.WithCancelCause(ctx)
	defer e.stop(nil)
	if e.Run.Cluster.Serve {
		if e.service, err = e.serve(ctx); err != nil {
			return err
		}
		defer e.service.close()
	}
	rows, err := e.compute(ctx)
	if err == nil {
		err = e.report(rows)
	} else if ctx.Err() != nil {
		fmt.Fprintf(e.Stdout, "Stopped. Continue with: go run ./benchmarks/%s -resume -out %s\n", e.about.Name, e.folder)
		err = context.Cause(ctx)
	}
	if err != nil && !errors.Is(err, errSteps) {
		return err
	}
	fmt.Fprintf(e.Stdout, "This session took %s and at most %s of memory.\n",
		Duration(time.Since(started).Seconds()), Memory(PeakMemory()))
	return nil
}

// compute returns the rows of the table.
func (e *Experiment[P]) compute(ctx context.Context) (rows []Row, err error) {
	left := e.left()
	if e.cost, err = e.measure(ctx, left); err != nil {
		return nil, err
	}
	e.progress = NewProgress(e.Stderr, e.announce(left), e.about.Item)
	defer e.progress.Close()
	if e.service != nil {
		if err := e.searchAll(ctx); err != nil {
			return nil, err
		}
	}
	for _, m := range e.Rows {
		row, err := e.row(ctx, m)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// row searches where the method does, and trains with every seed.
func (e *Experiment[P]) row(ctx context.Context, m Method) (Row, error) {
	policy := m.Policy
	seconds := 0.0
	switch {
	case m.Given:
		policy = e.apply(e.Given)
	case m.Search != "":
		found, err := e.search(ctx, m)
		if err != nil {
			return Row{}, err
		}
		policy, seconds = e.apply(found.pattern), found.seconds
	}
	var scores []Score
	diverged := 0
	for k := range e.Plan.Seeds {
		u, err := e.training(ctx, m, policy, k)
		if err != nil {
			return Row{}, err
		}
		seconds += u.Seconds
		if u.Diverged {
			diverged++
		} else {
			scores = append(scores, u.Score)
		}
	}
	return NewRow(m.Title, scores, diverged, seconds, m.Paper), nil
}

// stepped counts a training step against -steps and shows it.
func (e *Experiment[P]) stepped(task *Task, s train.Step) {
	task.Add(1, s.Size)
	if n := e.taken.Add(1); e.Plan.Steps > 0 && n >= int64(e.Plan.Steps) {
		e.stop(errSteps)
	}
}
