package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/outside"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/train"
)

// training has a program train. It implements [experiment.Runner].
type training struct {
	trainer *trainer
	job     *outside.Job
	common  train.Common
	final   bool

	answered bool
	done     outside.Done
}

// Resume implements [experiment.Runner]: how far a program has come is in its folder,
// and for the program to see.
func (t *training) Resume() (found bool, err error) { return false, nil }

// Done implements [experiment.Runner].
func (t *training) Done() int {
	if t.answered {
		return 1
	}
	return 0
}

// Total implements [experiment.Runner].
func (t *training) Total() int { return 1 }

// Losses implements [experiment.Runner]: the program keeps them.
func (t *training) Losses() []float32 { return nil }

// SaveWeights implements [experiment.Runner]: they are in the program's folder.
func (t *training) SaveWeights(string) error { return nil }

// Run implements [experiment.Runner]. What goes wrong in a trial is told to those who
// have it tried again; a final training is attempted again here.
func (t *training) Run(ctx context.Context) error {
	const (
		most       = 6 // attempts
		firstPause = time.Second
	)
	for tries, pause := 1, firstPause; ; tries, pause = tries+1, 2*pause {
		err := t.attempt(ctx)
		if err == nil || !t.final || ctx.Err() != nil || tries == most {
			return err
		}
		t.common.Notify(fmt.Sprintf("%v; it is attempted again in %v", err, pause))
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// attempt has the program train once.
func (t *training) attempt(ctx context.Context) error {
	folder, err := filepath.Abs(strings.TrimSuffix(t.common.Checkpoint, ".safetensors"))
	if err != nil {
		return err
	}
	t.job.Folder = folder
	if slots := t.trainer.slots; len(t.trainer.config.slots) > 0 {
		select {
		case t.job.Slot = <-slots:
			defer func() { slots <- t.job.Slot }()
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	if t.trainer.worker {
		err = t.away(ctx)
	} else {
		t.done, err = t.job.Run(ctx)
	}
	if err != nil {
		return err
	}
	t.answered = true
	if t.done.Diverged {
		return &experiment.DivergedError{Why: "the program says that it has diverged, or its reward is not finite"}
	}
	return nil
}

// away trains for a coordinator, which keeps copies of the folder: each time that the
// program has changed its files, and when the training is stopped. Where a copy cannot
// be made the training goes on.
func (t *training) away(ctx context.Context) (err error) {
	t.job.Folder += ".folder"
	defer os.RemoveAll(t.job.Folder)
	if err := os.RemoveAll(t.job.Folder); err != nil {
		return err
	}
	err = outside.Unpack(t.common.Checkpoint, t.job.Folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.common.Notify(fmt.Sprintf("it begins anew, as the copy of its folder cannot be read: %v", err))
		if err := os.RemoveAll(t.job.Folder); err != nil {
			return err
		}
	}
	kept, _ := outside.Print(t.job.Folder)
	keep := func() {
		now, err := outside.Print(t.job.Folder)
		if err == nil && now != kept {
			if err = outside.Pack(t.job.Folder, t.common.Checkpoint); err == nil {
				kept = now
				t.common.OnPart(0, 1)
			}
		}
		if err != nil {
			t.common.Notify(fmt.Sprintf("the folder cannot be copied now: %v", err))
		}
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		ticker := time.NewTicker(t.common.CheckpointEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				keep()
			case <-stop:
				return
			}
		}
	}()
	t.done, err = t.job.Run(ctx)
	close(stop)
	<-stopped
	if err != nil && ctx.Err() != nil {
		keep()
	}
	return err
}

// score implements the score of an [experiment.Training].
func (t *training) score(context.Context) (s runfolder.Score, err error) {
	s = runfolder.Score{Value: t.done.Reward, Values: t.done.Values}
	if !t.final {
		return s, nil
	}
	if s.Value, err = value(&t.done, t.trainer.metric); err != nil {
		return s, err
	}
	for _, name := range t.trainer.also {
		v, err := value(&t.done, name)
		if err != nil {
			return s, err
		}
		s.Also = append(s.Also, v)
	}
	return s, nil
}

// outside implements what an [experiment.Training] tells of its program.
func (t *training) outside() experiment.Outside {
	o := experiment.Outside{Seconds: t.done.Seconds, Attempts: t.done.Attempts, Output: t.done.Output}
	for i, e := range t.done.Epochs {
		o.Epochs = append(o.Epochs, train.Validation{Epoch: i, Steps: i + 1, Train: e.Train, Loss: e.Loss, Score: e.Score})
	}
	return o
}
