package experiment

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"autodropout/benchmarks/internal/progress"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/dropout"
)

// trainings is a [Subject] whose trainings do what run says.
type trainings struct {
	Subject[*dropout.ConvPattern]
	run func(ctx context.Context, k int) error
}

func (t *trainings) Steps(Network) int { return 1 }

func (t *trainings) Prepare(o *Order[*dropout.ConvPattern]) (*Training, error) {
	return &Training{
		Runner:  running{func(ctx context.Context) error { return t.run(ctx, o.Index) }},
		Score:   func(context.Context) (runfolder.Score, error) { return runfolder.Score{Value: float64(o.Index)}, nil },
		Outside: func() Outside { return Outside{} },
	}, nil
}

// running is a training of one step.
type running struct {
	run func(ctx context.Context) error
}

func (r running) Resume() (found bool, err error) { return false, nil }
func (r running) Run(ctx context.Context) error   { return r.run(ctx) }
func (r running) Done() int                       { return 0 }
func (r running) Total() int                      { return 1 }
func (r running) Losses() []float32               { return nil }
func (r running) SaveWeights(string) error        { return nil }

// trainRow trains a row with three seeds, whose steps take so many seconds, or which
// programs train where that is 0, and returns the seeds that have finished.
func trainRow(t *testing.T, cost float64, workers int, run func(ctx context.Context, k int) error) (finished []int, err error) {
	t.Helper()
	held, err := runfolder.Folder(filepath.Join(t.TempDir(), "run")).Create("", "")
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	s := &setup[*dropout.ConvPattern]{subject: &trainings{run: run}, about: About{Outside: cost == 0}, plan: Plan{Workers: workers}, folder: held, record: &record{}, cost: costs{Final: cost}}
	s.shown.Store(progress.New(io.Discard, 1, "img", true))
	var told atomic.Int32
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	var todo []final[*dropout.ConvPattern]
	for k := range 3 {
		todo = append(todo, final[*dropout.ConvPattern]{row: Row{Key: "none"}, seed: k})
	}
	err = (&finals[*dropout.ConvPattern]{s}).all(ctx, todo, func() { told.Add(1) })
	for _, u := range held.Finished() {
		finished = append(finished, u.Seed)
	}
	if int(told.Load()) != len(finished) {
		t.Errorf("%d trainings have finished, %d were told", len(finished), told.Load())
	}
	slices.Sort(finished)
	return finished, err
}

// TestFinalsTogether: final trainings of a small network run at the same time, and so do as
// many programs as were asked for.
func TestFinalsTogether(t *testing.T) {
	for _, cost := range []float64{smallStep, 0} {
		var barrier sync.WaitGroup
		barrier.Add(3)
		finished, err := trainRow(t, cost, 3, func(ctx context.Context, _ int) error {
			barrier.Done()
			all := make(chan struct{})
			go func() { barrier.Wait(); close(all) }()
			select {
			case <-all:
				return nil
			case <-ctx.Done():
				return errors.New("the others have not begun")
			}
		})
		if err != nil || !slices.Equal(finished, []int{0, 1, 2}) {
			t.Errorf("the trainings %v have finished, error %v", finished, err)
		}
	}
}

// TestFinalsAlone: those of a large network, and where one worker was asked for, run one
// after another.
func TestFinalsAlone(t *testing.T) {
	for _, c := range []struct {
		cost    float64
		workers int
	}{{2 * smallStep, 3}, {0, 1}, {smallStep, 1}} {
		var running atomic.Int32
		var order []int
		finished, err := trainRow(t, c.cost, c.workers, func(_ context.Context, k int) error {
			if running.Add(1) > 1 {
				return errors.New("another one is running")
			}
			defer running.Add(-1)
			order = append(order, k)
			time.Sleep(time.Millisecond)
			return nil
		})
		if err != nil || !slices.Equal(finished, []int{0, 1, 2}) || !slices.Equal(order, finished) {
			t.Errorf("%+v: the trainings %v have finished in the order %v, error %v", c, finished, order, err)
		}
	}
}

// TestFinalsStop: where one training fails, those beside it are stopped, none begins, and
// the error says once what it was, and what else went wrong.
func TestFinalsStop(t *testing.T) {
	failure, unsaved := errors.New("no room"), errors.New("cannot save")
	begun := make(chan struct{})
	var last atomic.Bool
	finished, err := trainRow(t, smallStep, 2, func(ctx context.Context, k int) error {
		switch k {
		case 0:
			close(begun)
			<-ctx.Done()
			return fmt.Errorf("%w; %w", unsaved, context.Cause(ctx))
		case 1:
			<-begun
			return failure
		}
		last.Store(true)
		return nil
	})
	if finished != nil || last.Load() || !errors.Is(err, unsaved) || err.Error() != "no room\ncannot save; no room" {
		t.Errorf("the trainings %v have finished, the last has begun: %v, error %q", finished, last.Load(), err)
	}
}
