package experiment

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/progress"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/benchmarks/internal/usage"
	"autodropout/benchmarks/internal/words"
	"autodropout/controller"
	"autodropout/controller/cluster"
	"autodropout/train"
)

// worker trains the trials of a run elsewhere.
type worker[P Pattern] struct {
	trials[P]
	stdout io.Writer
}

// work trains trials for a coordinator.
func (s *worker[P]) work(ctx context.Context, c *cli.Cluster, sentences string) error {
	defer c.Conn.Close()
	if s.about.Data == nil {
		return usage.Errorf("%s has no trials to train with these settings: its coordinator needs a row with a search", s.about.Name)
	}
	data, err := s.trialData()
	if err != nil {
		return err
	}
	folder, release, err := runfolder.Worker()
	if err != nil {
		return fmt.Errorf("cannot make a folder for checkpoints: %w", err)
	}
	defer release()
	fmt.Fprintln(s.stdout, sentences)
	ctx, s.stop = context.WithCancelCause(ctx)
	defer s.stop(nil)
	shown := progress.New(s.stderr, 0, s.about.Item, s.plan.Quiet)
	defer shown.Close()
	s.shown.Store(shown)
	err = c.Member.Work(ctx, data, folder, s.concurrency(),
		func(ctx context.Context, t cluster.Assignment) (controller.Outcome, error) { return s.assigned(ctx, t) })
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	if err == nil || errors.Is(err, errSteps) {
		fmt.Fprintln(s.stdout, "No more trials for this worker.")
		return nil
	}
	return err
}

// assigned trains a trial for a coordinator and says so.
func (s *worker[P]) assigned(ctx context.Context, t cluster.Assignment) (controller.Outcome, error) {
	title := fmt.Sprintf("%s, trial %d", t.Search, t.Index+1)
	piece := s.piece(title, s.subject.Steps(Child), 0)
	defer piece.End()
	began := time.Now()
	outcome, err := s.train(ctx, t, title, piece)
	switch {
	case err == nil && outcome.Failure != "":
		s.failedTrial()("%s: failed: %s", title, outcome.Failure)
	case err == nil:
		s.logf("%s: %s %s in %s", title, s.about.Reward.Shown, s.about.Reward.Show(outcome.Reward), words.Duration(time.Since(began).Seconds()))
	}
	return outcome, err
}

// train trains a trial for a coordinator, which keeps its checkpoints.
func (s *worker[P]) train(ctx context.Context, t cluster.Assignment, title string, piece *progress.Piece) (controller.Outcome, error) {
	at := slices.IndexFunc(s.rows, func(row Row) bool { return row.searchKey() == strings.TrimSuffix(t.Search, finalistsSuffix) })
	if at < 0 {
		return controller.Outcome{}, &cluster.OddError{Reason: fmt.Sprintf("it is one of %q, a row that the settings of the run do not have", t.Search)}
	}
	row := s.rows[at]
	space, err := s.space(row)
	if err != nil {
		return controller.Outcome{}, err
	}
	if err := space.Check(t.Point); err != nil {
		return controller.Outcome{}, &cluster.OddError{Reason: err.Error()}
	}
	keep := keeper{path: t.Checkpoint, save: t.Save}
	keep.changed() // what an earlier worker has left is kept already
	look := func() {
		if err := keep.look(); err != nil {
			s.logf("%s: %v; the training goes on", title, err)
		}
	}
	common := s.common(title, t.Checkpoint)
	common.Identity = t.Identity
	common.CheckpointEvery, common.KeepCheckpoints = t.Every, 1
	common.OnStep = func(step train.Step) {
		s.stepped(piece, step)
		look()
	}
	common.OnPart = func(int, int) { look() }
	outcome, err := s.trainTrial(ctx, row, space, t.Trial, title, common, piece)
	if err != nil && ctx.Err() != nil {
		err = errors.Join(err, keep.look())
	}
	return outcome, err
}

// keeper keeps a checkpoint wherever it has been written anew.
type keeper struct {
	path string
	save func() error
	last time.Time // when it was written that was looked at last
}

// changed reports whether the file has been written since the last call.
func (k *keeper) changed() bool {
	info, err := os.Stat(k.path)
	if err != nil || info.ModTime().Equal(k.last) {
		return false
	}
	k.last = info.ModTime()
	return true
}

func (k *keeper) look() error {
	if !k.changed() {
		return nil
	}
	return k.save()
}
