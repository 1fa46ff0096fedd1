package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"autodropout/controller"
	"autodropout/internal/disk"
)

// Worker trains the trials of a run.
type Worker struct {
	store    store
	disk     disk.Disk
	identity Identity
	record   record
	logf     func(format string, args ...any)
	name     string // for people

	silence time.Duration // after which a trial is somebody else's
	failed  atomic.Int64  // trainings in a row, for reasons that are not the trials'
}

// OddError says that a trial does not belong to the run: a worker sets it aside instead of
// trying it again.
type OddError struct{ Reason string }

// Error returns the reason.
func (e *OddError) Error() string { return e.Reason }

// Join makes a worker for the run called name. It waits for a coordinator until ctx is
// cancelled. It is a *[RefusedError] when the worker does not fit the run. Identity.Data
// may be left out, since it may depend on the settings.
func Join(ctx context.Context, conn *Connection, name string, identity Identity) (*Worker, error) {
	host, err := os.Hostname()
	if err != nil {
		host = "a worker"
	}
	w := &Worker{disk: disk.OS{}, identity: identity, logf: conn.logf, name: fmt.Sprintf("%s, process %d", host, os.Getpid())}
	return w, w.join(ctx, conn.engine(name), name)
}

// join is Join on an engine.
func (w *Worker) join(ctx context.Context, e engine, name string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	w.store = store{engine: e, name: name, logf: w.logf}
	for spoken := (time.Time{}); ; {
		found, err := w.find(ctx)
		if err != nil {
			return err
		}
		if found {
			return w.record.refuses(name, w.identity)
		}
		if time.Since(spoken) >= speakAgain {
			w.logf("waiting for the coordinator of %s", name)
			spoken = time.Now()
		}
		if err := pause(ctx, time.Second); err != nil {
			return err
		}
	}
}

// find looks for what a coordinator has made. The job comes last.
func (w *Worker) find(ctx context.Context) (found bool, err error) {
	if w.silence, found, err = w.store.open(ctx); err != nil || !found {
		return false, err
	}
	if found, err = w.store.get(ctx, jobKey, &w.record); err != nil || !found {
		return false, err
	}
	w.store.run = w.record.Run
	return true, nil
}

// Settings returns the settings of the run.
func (w *Worker) Settings() string { return w.record.Settings }

// Trainer trains and scores the child of an assignment, as a [controller.Evaluator] does:
// an error is trouble of this machine, and the trial is tried again on another. An
// [*OddError] says that there is no such trial. Each call has a context of its own.
type Trainer func(ctx context.Context, t Assignment) (controller.Outcome, error)

// Work trains trials, as many at a time as asked for, until the coordinator has no
// more or ctx is cancelled; then it stops those that run, with their checkpoints
// saved, and gives them back. The data is the checksum of what train reads; a
// worker that does not fit, or fits no longer because the coordinator has changed,
// gets a *[RefusedError]. One on which several trainings in a row fail leaves with
// an error. Files are kept in folder.
func (w *Worker) Work(ctx context.Context, data, folder string, atATime int, train Trainer) error {
	w.identity.Data = data
	group, ctx := errgroup.WithContext(ctx)
	for range atATime {
		group.Go(func() error {
			idle, spoken := time.Now(), false
			for {
				took, err := w.next(ctx, folder, train)
				switch {
				case errors.Is(err, errEnded):
					return nil
				case err != nil:
					return err
				case took:
					idle, spoken = time.Now(), false
				case !spoken && time.Since(idle) >= speakAgain:
					w.logf("waiting for a trial of %s", w.store.name)
					spoken = true
				}
			}
		})
	}
	return group.Wait()
}

// errEnded says that there are no more trials.
var errEnded = errors.New("the run has ended")

// next trains the next trial, if there is one soon.
func (w *Worker) next(ctx context.Context, folder string, train Trainer) (took bool, err error) {
	var now record
	found, err := w.store.get(ctx, jobKey, &now)
	switch {
	case err == nil && !found:
		return false, errEnded // it gave way to another
	case err != nil:
		return false, err
	case now.Settings != w.record.Settings || now.Run != w.record.Run || now.Sum != w.record.Sum:
		return false, refuse("the coordinator of %s has begun another run: start the worker again", w.store.name)
	}
	if err := now.refuses(w.store.name, w.identity); err != nil {
		return false, err
	}
	if now.Done {
		return false, errEnded
	}
	m, err := w.store.next(ctx)
	switch {
	case ctx.Err() != nil:
		if err == nil {
			err = m.Nak()
		}
		return false, errors.Join(ctx.Err(), err)
	case err == nil:
		return true, w.handle(ctx, m, folder, train)
	case errors.Is(err, errNothing), passing(err):
		return false, nil
	}
	w.logf("cannot take a trial (%v); trying again", err)
	return false, pause(ctx, time.Second)
}
