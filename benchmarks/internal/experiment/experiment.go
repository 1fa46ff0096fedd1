package experiment

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"time"

	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/machine"
	"autodropout/benchmarks/internal/progress"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/benchmarks/internal/sheet"
	"autodropout/benchmarks/internal/words"
	"autodropout/ops"
)

// Experiment is one run of a benchmark: it searches patterns, trains a network
// with each row's dropout and every seed, and reports the table. Everything it
// finishes is in its folder, so that it can be stopped at any time and resumed.
type Experiment[P Pattern] struct {
	Subject Subject[P]
	Plan    Plan
	Rows    []Row   // that were asked for
	Table   []Row   // all there are
	Given   P       // the pattern of the plan's file, if it names one
	Run     cli.Run // what the command line asked for

	Stdout, Stderr io.Writer
}

// Start makes the folder of the run and computes and reports all rows, or stops
// in between with everything saved that is needed to resume. The sentences say
// what the user should know about the data first. The folder is "" where there is
// none: with a worker, or where it cannot be used.
func (e *Experiment[P]) Start(ctx context.Context, sentences string) (folder runfolder.Folder, err error) {
	s := &setup[P]{subject: e.Subject, about: e.Subject.About(), plan: e.Plan, rows: e.Rows, table: e.Table, given: e.Given, record: &record{}, stderr: e.Stderr}
	if e.Run.Cluster.Worker {
		w := &worker[P]{trials[P]{s}, e.Stdout}
		return "", w.work(ctx, &e.Run.Cluster, sentences)
	}
	all := trials[P]{s}
	if err := errors.Join(e.Plan.check(), all.checkStart()); err != nil {
		return "", err
	}
	if e.Run.Cluster.Serve {
		if err := checkServe(&s.about, e.Rows); err != nil {
			return "", err
		}
	}
	// What cannot be must be said before there is a folder.
	dashboard, err := e.Plan.listen()
	if err != nil {
		return "", err
	}
	if dashboard != nil {
		defer dashboard.Close()
	}
	if !e.Run.Resume {
		if err := s.tryNetworks(); err != nil {
			return "", err
		}
	}
	if s.folder, err = cli.OpenFolder(s.about.Name, e.Run); err != nil {
		return "", err
	}
	defer s.folder.Close()
	folder = s.folder.Folder
	if err = e.identify(s); err != nil {
		return folder, err
	}
	damage, err := s.folder.Mend()
	if err != nil {
		return folder, err
	}
	_, command, err := folder.Settings()
	if err != nil {
		return "", err
	}
	asked := e.Run
	asked.Command = cmp.Or(command, asked.Command)
	notes := append([]string{sentences}, damage...)
	if asked.Preset == "quick" {
		notes = append(notes, "The preset quick is a demonstration of the whole pipeline at toy scale, not evidence for or against any method.")
	}
	for _, note := range notes {
		fmt.Fprintln(e.Stdout, progress.Wrapped(e.Stdout, note))
	}
	fmt.Fprintf(e.Stdout, "Results go to %s.\n", folder)
	r := &run[P]{setup: s, searcher: &searcher[P]{trials: trials[P]{s}}, finals: finals[P]{s}}
	r.reporter = reporter[P]{setup: s, run: asked, notes: notes, started: time.Now(), stdout: e.Stdout, findings: r.searcher.findings}
	r.searcher.draw = r.reporter.draw
	return folder, r.start(ctx, dashboard)
}

// identify makes sure that the run goes on with what it began with, or says what has
// changed, and keeps the pattern that it was given: the folder may be moved, and the
// file may change.
func (e *Experiment[P]) identify(s *setup[P]) error {
	settings, err := e.Run.Settings.TOML()
	if err != nil {
		return err
	}
	now := runfolder.Identity{Settings: string(settings), Data: s.about.reads(), SIMD: ops.Arithmetic(), Build: machine.Version()}
	if now.Pattern, err = s.patternSum(); err != nil {
		return err
	}
	s.identity = now.Sum()
	if s.earlier, s.changed, err = s.folder.Identify(now, e.Run.Accept); err != nil || e.Plan.Pattern == "" {
		return err
	}
	given := s.folder.Path(runfolder.Given)
	if _, err := os.Stat(given); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return e.Given.Save(given)
}

// run is an experiment under way.
type run[P Pattern] struct {
	*setup[P]
	searcher *searcher[P]
	finals   finals[P]
	reporter reporter[P]
}

// start computes and reports everything.
func (r *run[P]) start(ctx context.Context, dashboard net.Listener) (err error) {
	ctx, r.stop = context.WithCancelCause(ctx)
	defer r.stop(nil)
	if r.plan.Pattern != "" {
		if err := r.reporter.draw(); err != nil {
			return err
		}
	}
	defer r.reporter.dashboard(dashboard)()
	if asked := r.reporter.run; asked.Cluster.Serve {
		if r.searcher.service, err = serve(ctx, r.setup, asked, r.reporter.stdout); err != nil {
			return err
		}
		defer r.searcher.service.close()
	}
	if err = r.compute(ctx); err == nil {
		err = r.reporter.report()
	}
	if err != nil {
		// That something could not be saved is what the user has to know first.
		if ctx.Err() != nil && !errors.As(err, new(*fs.PathError)) {
			err = context.Cause(ctx)
		}
		err = r.reporter.stopped(err)
	}
	if err != nil && !errors.Is(err, errSteps) {
		return err
	}
	fmt.Fprintf(r.reporter.stdout, "This session took %s and at most %s of memory.\n",
		words.Duration(time.Since(r.reporter.started).Seconds()), words.Memory(machine.PeakMemory()))
	return nil
}

// compute finishes all that the rows of the table need.
func (r *run[P]) compute(ctx context.Context) (err error) {
	estimate := estimator[P]{r.setup}
	left := estimate.left()
	if r.cost, err = estimate.measure(ctx, left); err != nil {
		return err
	}
	shown := progress.New(r.stderr, estimate.announce(r.reporter.stdout, left), r.about.Item, r.plan.Quiet)
	defer shown.Close()
	r.shown.Store(shown)
	r.reporter.showBest()
	if r.searcher.service != nil {
		if err := r.searchAll(ctx); err != nil {
			return err
		}
	}
	var todo []final[P]
	for _, row := range r.rows {
		trainings, err := r.search(ctx, row)
		if err != nil {
			return err
		}
		todo = append(todo, trainings...)
		if r.about.Outside {
			continue // programs have places of their own, which all rows together fill best
		}
		if err := r.finals.all(ctx, todo, r.reporter.showBest); err != nil {
			return err
		}
		todo = nil
	}
	return r.finals.all(ctx, todo, r.reporter.showBest)
}

// searchAll runs all searches one after another, and then lets the workers go.
func (r *run[P]) searchAll(ctx context.Context) error {
	for _, row := range r.rows {
		if row.searches() {
			if _, err := r.searcher.search(ctx, row); err != nil {
				return err
			}
		}
	}
	r.searcher.service.finished = true
	return r.searcher.service.Finish(ctx)
}

// search searches where the row does, and returns its final trainings.
func (r *run[P]) search(ctx context.Context, row Row) (trainings []final[P], err error) {
	dropped := Dropped[P]{ByHand: row.Policy}
	var found *finding[P]
	switch {
	case row.searches():
		found, err = r.searcher.search(ctx, row)
		if err != nil || found.failed != "" {
			return nil, err
		}
		dropped = found.dropped
	case row.Kind == sheet.Given && row.Policy == nil:
		dropped.Pattern = &r.given
	case row.Rated != nil:
		dropped = r.rated(&row, row.Rated.Given)
	}
	for k := range r.plan.Seeds {
		if row.Kind == sheet.Shuffled {
			if dropped, err = r.searcher.shuffled(found, k); err != nil {
				return nil, err
			}
		}
		trainings = append(trainings, final[P]{row, dropped, k})
	}
	return trainings, nil
}
