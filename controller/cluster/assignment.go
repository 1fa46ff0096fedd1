package cluster

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"path/filepath"
	"time"

	"autodropout/controller"
)

// Assignment is a trial that a worker is to train.
type Assignment struct {
	controller.Trial
	Search string // the name of the search it belongs to

	// Checkpoint is a file of this trial alone. If an earlier worker has begun the
	// training, it holds the last checkpoint that was saved.
	Checkpoint string
	// Every is how often the training is to be saved.
	Every time.Duration
	// Save keeps the present content of the file for the next worker, in case this one is
	// lost. If it fails, the training may go on. Call it also when the training stops
	// because its context is cancelled.
	Save func() error
}

// handle brings a trial from the queue to its result, or gives it back.
func (w *Worker) handle(ctx context.Context, m message, folder string, train Trainer) error {
	var q queued
	err := json.Unmarshal(m.Data(), &q)
	if err == nil {
		err = q.check()
	}
	if err == nil && q.Trial.Identity != w.record.Sum {
		err = fmt.Errorf("it has the identity %q, and the run %q", q.Trial.Identity, w.record.Sum)
	}
	if err != nil {
		return w.setAside(ctx, m, err)
	}
	stop := w.beat(m)
	defer stop()
	var r result
	if found, err := w.store.get(ctx, w.store.key(resultPrefix, q.key()), &r); err != nil {
		return err
	} else if found {
		return w.acknowledge(ctx, m)
	}
	before, err := w.begin(ctx, q)
	if err != nil {
		return err
	}
	if before.Failed >= mostFailed {
		return m.NakWithDelay(w.silence) // until the coordinator has it tried again
	}
	r, err = w.train(ctx, q, before, folder, train)
	var odd *OddError
	switch {
	case err == nil:
		w.failed.Store(0)
		return w.finish(ctx, m, q, r)
	case ctx.Err() != nil:
		return w.giveBack(ctx, m, q, before)
	case errors.As(err, &odd):
		// Should the coordinator insist, it learns why.
		return errors.Join(w.note(ctx, q, before, err.Error()), w.setAside(ctx, m, err))
	}
	return w.trouble(ctx, m, q, before, err)
}

// setAside takes a message out of the queue that is not a trial of this run, and
// keeps it where a person can look at it.
func (w *Worker) setAside(ctx context.Context, m message, why error) error {
	const most = 1 << 16
	text := m.Data()[:min(len(m.Data()), most)]
	sum := fnv.New64a()
	sum.Write(text)
	key := fmt.Sprintf("%s%016x", oddPrefix, sum.Sum64())
	w.logf("a message in the queue is not a trial of this run (%v): it is set aside as %s in the store of %s", why, key, w.store.name)
	if _, err := w.store.claim(ctx, key, text); err != nil {
		return err
	}
	return m.Term()
}

// beat says that the trial is in work until stop is called. A beat that fails is
// followed by the next.
func (w *Worker) beat(m message) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for pause(ctx, w.silence/3) == nil {
			_ = m.InProgress()
		}
	}()
	return func() {
		cancel()
		<-ended
	}
}

// begin counts the attempt as a failed one until the opposite is known, and
// returns what there was before.
func (w *Worker) begin(ctx context.Context, q queued) (before attempts, err error) {
	key := w.store.key(attemptPrefix, q.key())
	if _, err := w.store.get(ctx, key, &before); err != nil || before.Failed >= mostFailed {
		return before, err
	}
	return before, w.store.put(ctx, key, attempts{before.Failed + 1, fmt.Sprintf("its worker (%s) was lost", w.name), before.Saved})
}

// giveBack returns a trial to the queue whose training is being stopped.
func (w *Worker) giveBack(ctx context.Context, m message, q queued, before attempts) error {
	late, cancel := outlive(ctx)
	defer cancel()
	w.release(late, m, q, before, "")
	return ctx.Err()
}

// release returns a trial to the queue, with why it failed here, if it did.
func (w *Worker) release(ctx context.Context, m message, q queued, before attempts, why string) {
	err := w.note(ctx, q, before, why)
	ctx, cancel := context.WithTimeout(ctx, callPatience)
	defer cancel()
	if err = errors.Join(err, m.Nak(), w.store.flush(ctx)); err != nil {
		w.logf("%v could not be given back (%v); another worker takes it after %v", &q, err, w.silence)
	}
}

// note writes down how a trial has fared whose training has ended here without a
// result. What was saved meanwhile stays so.
func (w *Worker) note(ctx context.Context, q queued, so attempts, why string) error {
	key := w.store.key(attemptPrefix, q.key())
	var now attempts
	if _, err := w.store.get(ctx, key, &now); err != nil {
		return err
	}
	if now.Saved && now.Failed == 0 { // it has got further
		so.Failed = 0
	}
	if why != "" {
		so.Failed, so.Why = so.Failed+1, why
	}
	so.Saved = now.Saved
	return w.store.put(ctx, key, so)
}

// mostTroubles is how many trainings in a row may fail on a worker for reasons that
// are not the trials'.
const mostTroubles = 4

// trouble gives a trial back that this worker could not train, and lets the worker
// wait a little, so that another takes the trial. One that has trouble again and
// again leaves.
func (w *Worker) trouble(ctx context.Context, m message, q queued, before attempts, why error) error {
	n := w.failed.Add(1)
	w.release(ctx, m, q, before, fmt.Sprintf("%s failed: %v", w.name, why))
	if n >= mostTroubles {
		return fmt.Errorf("this worker leaves, as %d trainings in a row failed, the last one (%v) because of: %w; the trials were given back for others", n, &q, why)
	}
	wait := time.Second << n
	w.logf("%v could not be trained here (%v): it is given back, and this worker pauses for %v", &q, why, wait)
	return pause(ctx, wait)
}

// train trains a trial. An error is not the trial's: it is to be trained again.
func (w *Worker) train(ctx context.Context, q queued, before attempts, folder string, train Trainer) (r result, err error) {
	file := filepath.Join(folder, q.key()+".checkpoint")
	defer w.disk.Remove(file)
	if before.Saved {
		if err := w.load(ctx, q, file); err != nil {
			w.logf("%v starts from the beginning, as its checkpoint cannot be had (%v)", &q, err)
			w.disk.Remove(file)
		}
	}
	began := time.Now()
	outcome, err := train(ctx, Assignment{
		Trial: q.Trial, Search: q.Search, Checkpoint: file, Every: w.silence,
		Save: func() error { return w.save(ctx, q, file) },
	})
	r = result{Reward: outcome.Reward, Error: outcome.Failure, Note: outcome.Note, Seconds: time.Since(began).Seconds(), Values: outcome.Values, Output: outcome.Output}
	if math.IsNaN(r.Reward) || math.IsInf(r.Reward, 0) { // JSON has no such number
		r.Reward, r.Error = 0, cmp.Or(r.Error, fmt.Sprintf("the reward is %g", outcome.Reward))
	}
	return r, err
}

// transfer is the longest that a checkpoint may take to the server or back.
const transfer = time.Minute

// load gets the checkpoint of a trial.
func (w *Worker) load(ctx context.Context, q queued, file string) error {
	ctx, cancel := context.WithTimeout(ctx, transfer)
	defer cancel()
	return w.disk.Write(file, func(to io.Writer) error { return w.store.load(ctx, w.store.run+"."+q.key(), to) })
}

// save keeps the checkpoint of a trial. A worker that is lost later has got
// further than those before it, so they do not count any more.
func (w *Worker) save(ctx context.Context, q queued, file string) error {
	ctx, cancel := outlive(ctx)
	defer cancel()
	f, err := w.disk.Reader(file)
	if err != nil {
		return err
	}
	defer f.Close()
	put, cancelPut := context.WithTimeout(ctx, transfer)
	defer cancelPut()
	if err := w.store.save(put, w.store.run+"."+q.key(), f); err != nil {
		return fmt.Errorf("the checkpoint of %v could not be kept: %w", &q, err)
	}
	return w.store.put(ctx, w.store.key(attemptPrefix, q.key()), attempts{Saved: true})
}

// finish writes the result of a trial, if it is the first, and takes the trial out
// of the queue.
func (w *Worker) finish(ctx context.Context, m message, q queued, r result) error {
	ctx, cancel := outlive(ctx)
	defer cancel()
	r.Tier, r.Worker, r.Identity = w.identity.Tier, w.name, q.Trial.Identity
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	first, err := w.store.claim(ctx, w.store.key(resultPrefix, q.key()), text)
	if err != nil {
		return err
	}
	if !first {
		w.logf("%v has a result already", &q)
	}
	err = w.store.persist(ctx, "delete a checkpoint", func(ctx context.Context) error {
		return w.store.forget(ctx, w.store.run+"."+q.key())
	})
	if err != nil && !errors.Is(err, errNothing) {
		return err
	}
	return w.acknowledge(ctx, m)
}

// acknowledge takes a trial that has a result out of the queue. An answer proves
// nothing about who else has it, and needs to prove nothing.
func (w *Worker) acknowledge(ctx context.Context, m message) error {
	err := w.store.persist(ctx, "take a trial out of the queue", m.DoubleAck)
	if errors.Is(err, errTaken) {
		return nil
	}
	return err
}
