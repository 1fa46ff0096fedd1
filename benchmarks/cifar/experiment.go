package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"autodropout/benchmarks/internal/bench"
	"autodropout/data"
	"autodropout/dropout"
	"autodropout/train"
)

// experiment is one run of the benchmark.
type experiment struct {
	config
	asked          bench.Run
	stdout, stderr io.Writer
	folder         string

	train, test *data.Set
	fit, valid  *data.Set            // the parts of train that searches use
	given       *dropout.ConvPattern // that of -pattern, nil: none

	units    *bench.Journal[unit]
	cost     costs
	progress *bench.Progress
	stop     context.CancelCauseFunc
	taken    atomic.Int64 // training steps of this session, those of searches included

	found  []*finding    // of the searches that are done
	losses []bench.Curve // of the first training of each row
}

// errSteps stops a run that has taken the steps it was allowed.
var errSteps = errors.New("the steps that -steps allows were taken")

// run computes all rows and reports them, or stops in between with everything
// saved that is needed to resume.
func (e *experiment) run(ctx context.Context) (err error) {
	started := time.Now()
	for _, sub := range []string{"logs", "weights", "checkpoints"} {
		if err := os.MkdirAll(filepath.Join(e.folder, sub), 0o777); err != nil {
			return err
		}
	}
	if e.units, err = bench.OpenJournal[unit](filepath.Join(e.folder, "units.jsonl")); err != nil {
		return err
	}
	defer e.units.Close()
	ctx, e.stop = context.WithCancelCause(ctx)
	defer e.stop(nil)
	rows, err := e.compute(ctx)
	if err == nil {
		err = e.report(rows)
	} else if ctx.Err() != nil {
		fmt.Fprintf(e.stdout, "Stopped. Continue with: go run ./benchmarks/cifar -resume -out %s\n", e.folder)
		err = context.Cause(ctx)
	}
	if err != nil && !errors.Is(err, errSteps) {
		return err
	}
	fmt.Fprintf(e.stdout, "This session took %s and at most %s of memory.\n",
		bench.Duration(time.Since(started).Seconds()), bench.Memory(bench.PeakMemory()))
	return nil
}

// compute returns the rows of the table.
func (e *experiment) compute(ctx context.Context) (rows []bench.Row, err error) {
	left := e.left()
	if e.cost, err = e.measure(ctx, left); err != nil {
		return nil, err
	}
	e.progress = bench.NewProgress(e.stderr, e.announce(left))
	defer e.progress.Close()
	for _, m := range e.rows() {
		row, err := e.row(ctx, m)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// row searches where the method does, and trains with every seed.
func (e *experiment) row(ctx context.Context, m method) (bench.Row, error) {
	var pattern *dropout.ConvPattern
	seconds := 0.0
	switch {
	case m.given:
		pattern = e.given
	case m.search != "":
		found, err := e.search(ctx, m)
		if err != nil {
			return bench.Row{}, err
		}
		e.found = append(e.found, found)
		pattern, seconds = found.pattern, found.seconds
	}
	var values []float64
	diverged := 0
	for k := range e.seeds {
		u, err := e.training(ctx, m, pattern, k)
		if err != nil {
			return bench.Row{}, err
		}
		seconds += u.Seconds
		if u.Diverged {
			diverged++
		} else {
			values = append(values, u.Error)
		}
	}
	return bench.NewRow(m.title, values, diverged, seconds, m.paper), nil
}

// stepped counts a training step against -steps and shows it.
func (e *experiment) stepped(task *bench.Task, s train.Step) {
	task.Add(1, s.Size)
	if n := e.taken.Add(1); e.steps > 0 && n >= int64(e.steps) {
		e.stop(errSteps)
	}
}
