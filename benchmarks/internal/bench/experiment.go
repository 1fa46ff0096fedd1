package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"sync/atomic"
	"time"

	"autodropout/benchmarks/internal/runfolder"
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
	folder   *runfolder.Held
	cost     costs
	notes    []string // what a reader should know about the data
	changed  []string // and about what has changed since the run began
	started  time.Time
	record   record
	progress atomic.Pointer[Progress]
	service  *service // nil: trials are trained here
	stop     context.CancelCauseFunc
	taken    atomic.Int64 // training steps of this session, those of searches included

	found []*finding[P] // of the searches that are done
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
	if err := errors.Join(e.checkServe(), e.checkFinalists(), e.checkStart()); err != nil {
		return err
	}
	// What cannot be must be said before there is a folder.
	dashboard, err := e.listen()
	if err != nil {
		return err
	}
	if dashboard != nil {
		defer dashboard.Close()
	}
	if !e.Run.Resume {
		if err := e.tryNetworks(); err != nil {
			return err
		}
	}
	if e.folder, err = OpenFolder(e.about.Name, e.Run); err != nil {
		return err
	}
	defer e.folder.Close()
	if err := e.identify(); err != nil {
		return err
	}
	_, command, err := e.folder.Settings()
	if err != nil {
		return err
	}
	e.Run.Command = cmp.Or(command, e.Run.Command)
	e.notes = []string{sentences}
	if e.Run.Preset == "quick" {
		e.notes = append(e.notes, "The preset quick is a demonstration of the whole pipeline at toy scale, not evidence for or against any method.")
	}
	for _, note := range e.notes {
		fmt.Fprintln(e.Stdout, note)
	}
	fmt.Fprintf(e.Stdout, "Results go to %s.\n", e.folder.Folder)
	return e.run(ctx, dashboard)
}

// identify makes sure that the run goes on with what it began with, and keeps the
// pattern that it was given: the folder may be moved, and the file may change.
func (e *Experiment[P]) identify() (err error) {
	now := runfolder.Identity{SIMD: SIMD(), Build: Version()}
	for _, checksum := range []func() string{e.about.Reads, e.about.Data} {
		if checksum != nil && now.Data == "" {
			now.Data = checksum()
		}
	}
	if e.changed, err = e.folder.Identify(now, e.Run.Accept); err != nil || e.Plan.Pattern == "" {
		return err
	}
	if _, err := os.Stat(e.folder.Path(runfolder.Given)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return e.Given.Save(e.folder.Path(runfolder.Given))
}

// tryNetworks makes the trainings of all networks that rows need, and forgets them:
// sizes and rates that are not possible are errors.
func (e *Experiment[P]) tryNetworks() error {
	tried := map[Network]bool{}
	for _, m := range e.Rows {
		needed := []Network{m.Network}
		if m.Search != "" {
			needed = append(needed, Child)
		}
		for _, n := range needed {
			if tried[n] {
				continue
			}
			tried[n] = true
			if _, err := e.Subject.Prepare(n, 0, nil, train.Common{}); err != nil {
				return err
			}
		}
	}
	return nil
}

// Folder returns the folder of the run, once it has started; ok is false where there
// is none, as with a worker.
func (e *Experiment[P]) Folder() (folder runfolder.Folder, ok bool) {
	if e.folder == nil {
		return "", false
	}
	return e.folder.Folder, true
}

func (e *Experiment[P]) run(ctx context.Context, dashboard net.Listener) (err error) {
	e.started = time.Now()
	ctx, e.stop = context.WithCancelCause(ctx)
	defer e.stop(nil)
	if e.Plan.Pattern != "" {
		if err := e.draw(); err != nil {
			return err
		}
	}
	defer e.dashboard(dashboard)()
	if e.Run.Cluster.Serve {
		if e.service, err = e.serve(ctx); err != nil {
			return err
		}
		defer e.service.close()
	}
	if err = e.compute(ctx); err == nil {
		err = e.report()
	}
	if err != nil {
		// That something could not be saved is what the user has to know first.
		if ctx.Err() != nil && !errors.As(err, new(*fs.PathError)) {
			err = context.Cause(ctx)
		}
		err = e.stopped(err)
	}
	if err != nil && !errors.Is(err, errSteps) {
		return err
	}
	fmt.Fprintf(e.Stdout, "This session took %s and at most %s of memory.\n",
		Duration(time.Since(e.started).Seconds()), Memory(PeakMemory()))
	return nil
}

// compute finishes all that the rows of the table need.
func (e *Experiment[P]) compute(ctx context.Context) (err error) {
	left := e.left()
	if e.cost, err = e.measure(ctx, left); err != nil {
		return err
	}
	progress := NewProgress(e.Stderr, e.announce(left), e.about.Item, e.Plan.Quiet)
	defer progress.Close()
	e.progress.Store(progress)
	e.showBest()
	if e.service != nil {
		if err := e.searchAll(ctx); err != nil {
			return err
		}
	}
	for _, m := range e.Rows {
		if err := e.computeRow(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// computeRow searches where the method does, and trains with every seed.
func (e *Experiment[P]) computeRow(ctx context.Context, m Method) error {
	policy := m.Policy
	switch {
	case m.Given && m.Policy == nil:
		policy = e.apply(e.Given)
	case m.Search != "":
		found, err := e.search(ctx, m)
		if err != nil {
			return err
		}
		policy = found.policy
	}
	for k := range e.Plan.Seeds {
		if err := e.training(ctx, m, policy, k); err != nil {
			return err
		}
	}
	return nil
}

// rows returns the rows of the table, as far as trainings have finished.
func (e *Experiment[P]) rows() (rows []runfolder.Row) {
	e.record.mu.Lock()
	defer e.record.mu.Unlock()
	for _, m := range e.Rows {
		var scores []runfolder.Score
		diverged, seconds := 0, 0.0
		for _, u := range e.folder.Finished() {
			switch {
			case u.Method != m.Key || u.Seed >= e.Plan.Seeds:
				continue
			case u.Diverged:
				diverged++
			default:
				scores = append(scores, u.Score)
			}
			seconds += u.Seconds
		}
		if len(scores)+diverged == 0 {
			continue
		}
		for _, f := range e.found {
			if m.Search != "" && f.method.searchKey() == m.searchKey() {
				seconds += f.seconds
			}
		}
		rows = append(rows, runfolder.NewRow(m.Title, scores, diverged, seconds, m.Paper))
	}
	return rows
}

// showBest tells the progress which row is best so far.
func (e *Experiment[P]) showBest() {
	if sorted := e.about.sorted(e.rows()); len(sorted) > 0 {
		e.progress.Load().Best(fmt.Sprintf("%s, %s %s", sorted[0].Method, e.about.Metric, e.about.amount(*sorted[0].Mean)))
	}
}

// stepped counts a training step against -steps and shows it.
func (e *Experiment[P]) stepped(task *Task, s train.Step) {
	task.Step(s)
	if n := e.taken.Add(1); e.Plan.Steps > 0 && n >= int64(e.Plan.Steps) {
		e.stop(errSteps)
	}
}
