package experiment

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"autodropout/benchmarks/internal/progress"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/benchmarks/internal/usage"
	"autodropout/benchmarks/internal/words"
	"autodropout/internal/seed"
	"autodropout/train"
)

// finals trains the networks of the table.
type finals[P Pattern] struct{ *setup[P] }

// final is a training of the table.
type final[P Pattern] struct {
	row     Row
	dropped Dropped[P]
	seed    int
}

// all makes sure that final trainings, whose networks are of one size, have finished, and
// tells after each. Where one fails, those beside it stop, with all saved that they need to
// go on.
func (s *finals[P]) all(ctx context.Context, todo []final[P], finished func()) error {
	if len(todo) == 0 {
		return nil
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var mu sync.Mutex
	var failures []error
	var group errgroup.Group
	group.SetLimit(s.together(todo[0].row.Network, len(todo)))
	for _, f := range todo {
		group.Go(func() error {
			err := context.Cause(ctx)
			if err == nil {
				err = s.training(ctx, f.row, f.dropped, f.seed)
			}
			if err == nil {
				finished()
				return nil
			}
			mu.Lock()
			defer mu.Unlock()
			if !slices.ContainsFunc(failures, func(earlier error) bool { return errors.Is(earlier, err) }) {
				failures = append(failures, err)
			}
			stop(err)
			return nil
		})
	}
	group.Wait()
	return errors.Join(failures...)
}

// training makes sure that the final training of a row with seed k has
// finished: it is in the journal, or continues from its checkpoint, or starts.
func (s *finals[P]) training(ctx context.Context, row Row, dropped Dropped[P], k int) error {
	if _, done := s.finished(row, k); !done {
		u, err := s.train(ctx, row, dropped, k)
		if err != nil {
			return err
		}
		if err := s.folder.Append(u); err != nil {
			return err
		}
	}
	// Also where a session was killed before it came to this. What is left on
	// failure does no harm.
	train.RemoveCheckpoints(s.folder.Checkpoint(row.name(k)))
	s.readLosses(row, k)
	s.readValidations(row, k, math.MaxInt)
	return nil
}

// readLosses takes the losses of a finished training from its log, if that is there
// and whole: what is kept of a run of many days may be its results only.
func (s *finals[P]) readLosses(row Row, k int) {
	steps, err := train.ReadLog(s.folder.Log(row.name(k)))
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		s.warnf("%s: its curve is not shown: %v", row.title(k), err)
		return
	}
	var losses []float32
	for i, step := range steps {
		if step.Step != i {
			s.warnf("%s: its curve is not shown: line %d of its log is of step %d", row.title(k), i+1, step.Step)
			return
		}
		losses = append(losses, step.Loss)
	}
	s.record.curve(row, k, s.subject.Steps(row.Network), losses)
}

// readValidations takes what a training was scored after its epochs, up to a step, from
// its log, if that is there.
func (s *finals[P]) readValidations(row Row, k, done int) {
	read, err := train.ReadValidations(s.folder.Validations(row.name(k)))
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			s.warnf("%s: its validation curve is not shown: %v", row.title(k), err)
		}
		return
	}
	for _, v := range read {
		if v.Steps <= done {
			s.record.validation(row, k, v)
		}
	}
}

// validations returns what a training was scored after its epochs.
func (s *finals[P]) validations(row Row, k int) []train.Validation {
	if seeds := s.record.validations(row); k < len(seeds) {
		return seeds[k]
	}
	return nil
}

// ending says how far apart a training's losses are in the end; "" where it was not
// scored.
func (s *finals[P]) ending(row Row, k int) string {
	epochs := s.validations(row, k)
	if len(epochs) == 0 {
		return ""
	}
	last := epochs[len(epochs)-1]
	return fmt.Sprintf(", training loss %.3f, validation loss %.3f", last.Train, last.Loss)
}

func (s *finals[P]) finished(row Row, k int) (runfolder.Unit, bool) {
	for _, u := range s.folder.Finished() {
		if u.Method == row.Key && u.Seed == k {
			return u, true
		}
	}
	return runfolder.Unit{}, false
}

// train trains and scores once.
func (s *finals[P]) train(ctx context.Context, row Row, dropped Dropped[P], k int) (runfolder.Unit, error) {
	var piece *progress.Piece
	var events *trainingEvents
	base := uint64(s.plan.Seed)
	common := s.common(row.title(k), s.folder.Checkpoint(row.name(k)))
	common.Seed = seed.Derive(base, "final training", uint64(k))
	common.Log = s.folder.Log(row.name(k))
	common.ValidationLog = s.folder.Validations(row.name(k))
	common.OnStep = func(step train.Step) {
		s.stepped(piece, step)
		s.record.loss(row, k, step.Loss)
		events.step(step)
	}
	common.OnValidation = func(v train.Validation) {
		piece.Epoch(v, s.about.Curves.show(v.Score))
		s.record.validation(row, k, v)
		events.validation(&s.about, v)
	}
	if len(s.changed) > 0 { // it was asked to go on
		common.AcceptChanges = append(slices.Clone(train.DataSettings), "arithmetic")
	}
	training, found, err := s.resume(row.title(k), common.Checkpoint, func() (*Training, error) {
		return s.subject.Prepare(&Order[P]{
			Network: row.Network, Row: row.Key, Index: k, ModelSeed: seed.Derive(base, "final model", uint64(k)), Dropped: dropped, Common: common})
	})
	if err != nil {
		return runfolder.Unit{}, err
	}
	piece = s.piece(row.title(k), training.Total(), s.cost[row.Network])
	defer piece.End()
	if found {
		piece.Skip(training.Done())
		s.logf("%s: continuing after step %d", row.title(k), training.Done())
	}
	s.record.curve(row, k, training.Total(), training.Losses())
	s.readValidations(row, k, training.Done())
	if events, err = newTrainingEvents(s.folder.Events(row.name(k)), training); err != nil {
		return runfolder.Unit{}, err
	}
	u, err := s.finish(ctx, row, k, training)
	if err == nil && training.Outside != nil {
		s.stepped(piece, train.Step{})
		err = s.takeEpochs(row, u, training.Outside().Epochs, events)
	}
	if err == nil && !u.Diverged {
		events.score(&s.about, u.Score)
	}
	if closed := events.close(); err == nil {
		err = closed
	}
	if err == nil && training.Outside == nil {
		err = s.writeCSV(row, u)
	}
	return u, err
}

// resume returns a training, continued from its checkpoint where there is one. Where
// the run was asked to go on with what has changed, and the training cannot, it begins
// anew.
func (s *finals[P]) resume(title, checkpoint string, prepare func() (*Training, error)) (training *Training, found bool, err error) {
	if training, err = prepare(); err != nil {
		return nil, false, err
	}
	found, err = training.Resume()
	var changed *train.ChangedError
	switch {
	case !errors.As(err, &changed):
		return training, found, err
	case len(s.changed) == 0:
		return nil, false, usage.Errorf("%s: the checkpoint %s is of another training: %v; remove it to begin this training anew", title, changed.Path, changed.Changes[0])
	}
	s.warnf("%s: it begins anew, since its checkpoint is of a training with other settings: %v", title, changed.Changes[0])
	if err := train.RemoveCheckpoints(checkpoint); err != nil {
		return nil, false, err
	}
	training, err = prepare()
	return training, false, err
}

// finish runs a training to its end, scores it and saves its weights.
func (s *finals[P]) finish(ctx context.Context, row Row, k int, training *Training) (runfolder.Unit, error) {
	u := runfolder.Unit{Method: row.Key, Seed: k}
	began := time.Now()
	err := s.complete(ctx, row.title(k), training)
	waited := ""
	if training.Waited != nil {
		waited = fmt.Sprintf(", waited for data %.1f %% of the time", 100*training.Waited().Seconds()/time.Since(began).Seconds())
	}
	if u.Diverged = diverged(err); err != nil && !u.Diverged {
		return runfolder.Unit{}, err
	}
	why := err
	speed := s.took(&u, row, k, training)
	if u.Diverged {
		s.warnf("%s: %v", row.title(k), why)
		return u, nil
	}
	started := time.Now()
	if u.Score, err = training.Score(ctx); err != nil {
		return runfolder.Unit{}, err
	}
	u.Seconds += time.Since(started).Seconds()
	if !u.Score.Finite() {
		s.warnf("%s: it has diverged: its score, %s, is not finite", row.title(k), s.about.score(u.Score))
		u.Score, u.Diverged = runfolder.Score{}, true
		return u, nil
	}
	if err := training.SaveWeights(s.folder.Weights(row.name(k))); err != nil {
		return runfolder.Unit{}, err
	}
	s.logf("%s: %s%s, %s%s%s", row.title(k), s.about.score(u.Score), s.ending(row, k), words.Duration(u.Seconds), speed, waited)
	return u, nil
}

// took notes how long a training has taken, by its log, and returns its speed in
// words. A damaged log, of the steps of earlier sessions perhaps, is no reason to lose
// the training: then it is the time of what can be read.
func (s *finals[P]) took(u *runfolder.Unit, row Row, k int, training *Training) (speed string) {
	if training.Outside != nil {
		outside := training.Outside()
		u.Seconds, u.Output = outside.Seconds, outside.Output
		return ""
	}
	steps, err := train.ReadLog(s.folder.Log(row.name(k)))
	if err != nil {
		s.warnf("%s: all of its time is not known: %v", row.title(k), err)
	}
	items := 0
	for _, s := range steps {
		u.Seconds += s.Seconds
		items += s.Size
	}
	if items > 0 {
		speed = ", " + words.Speed(float64(items)/u.Seconds, s.about.Item)
	}
	for _, v := range s.validations(row, k) {
		u.Seconds += v.Seconds
	}
	return speed
}
