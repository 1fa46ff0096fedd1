package cluster

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// mostLost is how many workers in a row a trial may lose without getting further.
const mostLost = 5

// handle brings a trial from the queue to its result.
func (w *Worker) handle(ctx context.Context, message jetstream.Msg, folder string, train Trainer) error {
	var q queued
	if err := json.Unmarshal(message.Data(), &q); err != nil {
		w.logf("a message in the queue is not a trial (%v); it is thrown away", err)
		return message.Term()
	}
	stop := w.beat(message)
	defer stop()
	var r result
	if revision, err := w.store.get(ctx, resultPrefix+q.key(), &r); err != nil {
		return err
	} else if revision > 0 {
		return w.acknowledge(ctx, message)
	}
	before, err := w.begin(ctx, q)
	if err != nil {
		return err
	}
	r = result{Error: fmt.Sprintf("given up, as %d workers were lost while they trained it", before.Lost)}
	if before.Lost < mostLost {
		var ended bool
		if r, ended = w.train(ctx, q, before, folder, train); !ended {
			return w.giveBack(ctx, message, q, before)
		}
	}
	return w.finish(ctx, message, q, r)
}

// beat says that the trial is in work until stop is called. A beat that fails is
// followed by the next.
func (w *Worker) beat(message jetstream.Msg) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for pause(ctx, w.silence/3) == nil {
			_ = message.InProgress()
		}
	}()
	return func() {
		cancel()
		<-ended
	}
}

// begin counts a trial's worker as lost until the opposite is known, and returns
// the count before.
func (w *Worker) begin(ctx context.Context, q queued) (before losses, err error) {
	if _, err := w.store.get(ctx, lossPrefix+q.key(), &before); err != nil {
		return losses{}, err
	}
	return before, w.store.put(ctx, lossPrefix+q.key(), losses{before.Lost + 1, before.Saved})
}

// giveBack returns a trial to the queue whose training is being stopped.
func (w *Worker) giveBack(ctx context.Context, message jetstream.Msg, q queued, before losses) error {
	late, cancel := outlive(ctx)
	defer cancel()
	var now losses
	_, err := w.store.get(late, lossPrefix+q.key(), &now)
	if err == nil {
		// What was saved meanwhile stays so.
		err = w.store.put(late, lossPrefix+q.key(), losses{min(before.Lost, now.Lost), now.Saved})
	}
	if err = errors.Join(err, message.Nak(), w.store.js.Conn().FlushWithContext(late)); err != nil {
		w.logf("trial %d of %s could not be given back (%v); another worker takes it after %v", q.Trial.Index, q.Search, err, w.silence)
	}
	return ctx.Err()
}

// train trains a trial. It returns false when the worker is being stopped before
// the trial has ended.
func (w *Worker) train(ctx context.Context, q queued, before losses, folder string, train Trainer) (r result, ended bool) {
	file := filepath.Join(folder, q.key()+".checkpoint")
	defer os.Remove(file)
	if before.Saved {
		if err := w.load(ctx, q, file); err != nil {
			w.logf("trial %d of %s starts from the beginning, as its checkpoint cannot be had (%v)", q.Trial.Index, q.Search, err)
			os.Remove(file)
		}
	}
	began := time.Now()
	outcome, err := train(ctx, Assignment{
		Trial: q.Trial, Search: q.Search, Checkpoint: file, Every: w.silence,
		Save: func() error { return w.save(ctx, q, file) },
	})
	r = result{Reward: outcome.Reward, Note: outcome.Note, Seconds: time.Since(began).Seconds()}
	switch {
	case err != nil && ctx.Err() != nil:
		return result{}, false
	case err != nil:
		r.Reward, r.Error = 0, cmp.Or(err.Error(), "unknown error")
	case math.IsNaN(r.Reward) || math.IsInf(r.Reward, 0): // JSON has no such number
		r.Reward, r.Error = 0, fmt.Sprintf("the reward is %g", outcome.Reward)
	}
	return r, true
}

// transfer is the longest that a checkpoint may take to the server or back.
const transfer = time.Minute

// load gets the checkpoint of a trial.
func (w *Worker) load(ctx context.Context, q queued, file string) error {
	ctx, cancel := context.WithTimeout(ctx, transfer)
	defer cancel()
	return w.store.checkpoints.GetFile(ctx, q.key(), file)
}

// save keeps the checkpoint of a trial. A worker that is lost later has got
// further than those before it, so they do not count any more.
func (w *Worker) save(ctx context.Context, q queued, file string) error {
	ctx, cancel := outlive(ctx)
	defer cancel()
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	put, cancelPut := context.WithTimeout(ctx, transfer)
	defer cancelPut()
	if _, err := w.store.checkpoints.Put(put, jetstream.ObjectMeta{Name: q.key()}, f); err != nil {
		return fmt.Errorf("the checkpoint of trial %d of %s could not be kept: %w", q.Trial.Index, q.Search, err)
	}
	return w.store.put(ctx, lossPrefix+q.key(), losses{Saved: true})
}

// finish writes the result of a trial, if it is the first, and takes the trial out
// of the queue.
func (w *Worker) finish(ctx context.Context, message jetstream.Msg, q queued, r result) error {
	ctx, cancel := outlive(ctx)
	defer cancel()
	r.Tier, r.Worker = w.identity.Tier, w.name
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	first, err := w.store.claim(ctx, resultPrefix+q.key(), text)
	if err != nil {
		return err
	}
	if !first {
		w.logf("trial %d of %s has a result already", q.Trial.Index, q.Search)
	}
	err = persist(ctx, func(ctx context.Context) error { return w.store.checkpoints.Delete(ctx, q.key()) })
	if err != nil && !errors.Is(err, jetstream.ErrObjectNotFound) {
		return err
	}
	return w.acknowledge(ctx, message)
}

// acknowledge takes a trial that has a result out of the queue. An answer proves
// nothing about who else has it, and needs to prove nothing.
func (w *Worker) acknowledge(ctx context.Context, message jetstream.Msg) error {
	return persist(ctx, func(ctx context.Context) error {
		err := message.DoubleAck(ctx)
		if errors.Is(err, jetstream.ErrMsgAlreadyAckd) {
			return nil
		}
		return err
	})
}
