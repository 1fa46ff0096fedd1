package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"autodropout/controller"
)

// Worker trains the trials of a run.
type Worker struct {
	store    store
	identity Identity
	record   record
	logf     func(format string, args ...any)
	name     string // for people

	consumer jetstream.Consumer
	silence  time.Duration // after which a trial is somebody else's
}

// Join makes a worker for the run called name. It waits for a coordinator until
// ctx is cancelled. It is a *[RefusedError] when the worker does not fit the
// run. Identity.Data may be left out: what it is may depend on the settings.
func Join(ctx context.Context, conn *Connection, name string, identity Identity) (*Worker, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	host, err := os.Hostname()
	if err != nil {
		host = "a worker"
	}
	w := &Worker{store: store{name: name, js: conn.stream}, identity: identity, logf: conn.logf, name: fmt.Sprintf("%s, process %d", host, os.Getpid())}
	for waiting := false; ; waiting = true {
		found, err := w.find(ctx)
		if err != nil {
			return nil, err
		}
		if found {
			return w, w.record.refuses(name, identity)
		}
		if !waiting {
			w.logf("waiting for the coordinator of %s", name)
		}
		if err := pause(ctx, time.Second); err != nil {
			return nil, err
		}
	}
}

// find looks for what a coordinator has made. The job comes last.
func (w *Worker) find(ctx context.Context) (found bool, err error) {
	if found, err = w.store.open(ctx); err != nil || !found {
		return false, err
	}
	revision, err := w.store.get(ctx, jobKey, &w.record)
	if err != nil || revision == 0 {
		return false, err
	}
	err = persist(ctx, func(ctx context.Context) (err error) {
		w.consumer, err = w.store.js.Consumer(ctx, streamName(w.store.name), consumerName)
		return err
	})
	if errors.Is(err, jetstream.ErrStreamNotFound) || errors.Is(err, jetstream.ErrConsumerNotFound) {
		return false, nil // an earlier run is being removed
	}
	if err != nil {
		return false, err
	}
	w.silence = w.consumer.CachedInfo().Config.AckWait
	return true, nil
}

// Settings returns those of the run.
func (w *Worker) Settings() string { return w.record.Settings }

// Assignment is a trial that a worker is to train.
type Assignment struct {
	controller.Trial
	Search string // the name of the search it belongs to

	// Checkpoint is a file of this trial alone. Where an earlier worker has begun the
	// training it holds the last checkpoint that was saved.
	Checkpoint string
	// Every is how often the training is to be saved.
	Every time.Duration
	// Save keeps what is in the file now for the next worker, should this one be
	// lost. When it fails the training may go on. It is to be called as well when
	// the training stops because its context is cancelled.
	Save func() error
}

// Trainer trains and scores the child of an assignment, as a [controller.Evaluator]
// does. It is given a context of its own for each.
type Trainer func(ctx context.Context, t Assignment) (controller.Outcome, error)

// Work trains trials, as many at a time as asked for, until the coordinator has no
// more or ctx is cancelled; then it stops those that run, with their checkpoints
// saved, and gives them back. The data is the checksum of what train reads; a
// worker that does not fit, or fits no longer because the coordinator has changed,
// gets a *[RefusedError]. Files are kept in folder.
func (w *Worker) Work(ctx context.Context, data, folder string, atATime int, train Trainer) error {
	w.identity.Data = data
	group, ctx := errgroup.WithContext(ctx)
	for range atATime {
		group.Go(func() error {
			for {
				done, err := w.next(ctx, folder, train)
				if done || err != nil {
					return err
				}
			}
		})
	}
	return group.Wait()
}

// next trains the next trial, if there is one soon.
func (w *Worker) next(ctx context.Context, folder string, train Trainer) (done bool, err error) {
	var now record
	revision, err := w.store.get(ctx, jobKey, &now)
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound), errors.Is(err, jetstream.ErrBucketNotFound), err == nil && revision == 0:
		return true, nil // the run has ended and gave way to another
	case err != nil:
		return false, err
	case now.Settings != w.record.Settings:
		return false, refuse("the coordinator of %s has begun another run: start the worker again", w.store.name)
	}
	if err := now.refuses(w.store.name, w.identity); err != nil || now.Done {
		return true, err
	}
	const soon = time.Second
	message, err := w.consumer.Next(jetstream.FetchMaxWait(soon))
	switch {
	case ctx.Err() != nil:
		if err == nil {
			err = message.Nak()
		}
		return true, errors.Join(ctx.Err(), err)
	case err == nil:
		return false, w.handle(ctx, message, folder, train)
	case errors.Is(err, jetstream.ErrNoMessages), passing(err), errors.Is(err, nats.ErrConnectionClosed) && !w.store.js.Conn().IsClosed():
		return false, nil
	}
	w.logf("cannot take a trial (%v); trying again", err)
	return false, pause(ctx, soon)
}
