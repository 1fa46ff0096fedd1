package train

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"autodropout/autograd"
	"autodropout/layers"
	"autodropout/ops"
	"autodropout/optim"
	"autodropout/weights"
)

// line is a task of one's own: the slope of a line through points, three batches
// of four in an epoch.
type line struct {
	scope  *layers.Scope
	fc     *layers.Linear
	epochs int
	data   string
	fail   func(step int) error // nil: never
	scores []float64            // what validation says, by epoch
	loss   float64              // what it says besides
}

func newLine() *line {
	scope := layers.NewScope(1)
	return &line{scope: scope, fc: layers.NewLinear(scope.Sub("fc"), layers.LinearConfig{In: 1, Out: 1}), epochs: 5, data: "points"}
}

func (t *line) Params() *autograd.Params { return t.scope.Params() }
func (t *line) Steps() int               { return 3 * t.epochs }
func (t *line) Identity() any            { return struct{ Points string }{t.data} }

func (t *line) Batches(ctx context.Context, from int) iter.Seq2[Batch, error] {
	return Epochs(ctx, from, 3, func(epoch, i int) (Batch, error) {
		return Batch{Examples: 4, Loss: func(c *layers.Ctx, p *Part) (*autograd.Tensor, error) {
			if t.fail != nil {
				if err := t.fail(3*epoch + i); err != nil {
					return nil, err
				}
			}
			var x, y []float32
			for k := p.Lo; k < p.Hi; k++ {
				at := float32(4*i + k)
				x, y = append(x, at/12), append(y, at/6+0.1*float32(epoch%2))
			}
			away := ops.Sub(t.fc.Forward(c, c.Tape.Input(x, len(x), 1)), c.Tape.Input(y, len(y), 1))
			return ops.Mean(ops.Mul(away, away)), nil
		}}, nil
	})
}

// validate returns the score of an epoch, which it knows by how often it was
// called, and notes the weights that it sees.
func (t *line) validate(seen *[]float32) func(context.Context) (Validation, error) {
	return func(context.Context) (Validation, error) {
		*seen = append(*seen, t.Params().Flat()[0])
		return Validation{Score: t.scores[len(*seen)-1], Loss: t.loss}, nil
	}
}

// timeless returns validations without what they took.
func timeless(validations []Validation) []Validation {
	for i := range validations {
		validations[i].Seconds = 0
	}
	return validations
}

// first returns the epoch, the steps and the score of the first validation.
func first(l *Loop) Validation {
	v := l.Validations()[0]
	return Validation{Epoch: v.Epoch, Steps: v.Steps, Score: v.Score}
}

func mustLoop(t *testing.T, task Task, config Common) *Loop {
	t.Helper()
	loop, err := NewLoop(task, config)
	if err != nil {
		t.Fatal(err)
	}
	return loop
}

// Stopped after any step, also between an epoch and its validation, a training
// of one's own goes on as if it had not been.
func TestOwnTaskResumesExactly(t *testing.T) {
	run := func(dir string, stops int) (checkpoint, best string, log []Validation, loop *Loop) {
		for stop := range stops + 1 {
			task := newLine()
			ctx, cancel := context.WithCancel(t.Context())
			loop = mustLoop(t, task, Common{
				Optimizer: optim.NewAdam(task.Params(), optim.AdamConfig{}), Schedule: optim.Cosine(0.1, task.Steps()), ClipNorm: 0.5, EMA: 0.8, Accumulate: 3,
				Checkpoint: filepath.Join(dir, "checkpoint"), BestWeights: filepath.Join(dir, "best"), Log: filepath.Join(dir, "log"), ValidationLog: filepath.Join(dir, "validations"),
				OnStep: func(Step) {
					if stop < stops {
						cancel()
					}
				},
				Validate: func(ctx context.Context) (Validation, error) {
					x := float64(task.Params().Flat()[0])
					return Validation{Score: math.Abs(x - 1), Loss: x * x}, ctx.Err()
				},
			})
			if _, err := loop.Resume(); err != nil {
				t.Fatal(err)
			}
			if err := loop.Run(ctx); err != nil && !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			cancel()
		}
		log, err := ReadValidations(filepath.Join(dir, "validations"))
		if err != nil {
			t.Fatal(err)
		}
		return readFile(t, filepath.Join(dir, "checkpoint")), readFile(t, filepath.Join(dir, "best")), timeless(log), loop
	}
	checkpoint, best, log, whole := run(t.TempDir(), 0)
	if whole.Done() != 15 || len(whole.Validations()) != 5 || !slices.Equal(log, timeless(whole.Validations())) {
		t.Fatalf("%d steps, validations %v, their log %v", whole.Done(), whole.Validations(), log)
	}
	losses := whole.Losses()
	for i, v := range log {
		if want := float64(losses[3*i]+losses[3*i+1]+losses[3*i+2]) / 3; v.Epoch != i || v.Steps != 3*i+3 || math.Abs(v.Train-want) > 1e-6 || v.Loss != (1-v.Score)*(1-v.Score) && v.Loss != (1+v.Score)*(1+v.Score) {
			t.Errorf("epoch %d has %+v, and steps of the mean loss %v", i, v, want)
		}
	}
	for _, stops := range []int{1, 3, 7, 15} {
		again, bestAgain, logAgain, loop := run(t.TempDir(), stops)
		if again != checkpoint || bestAgain != best || !slices.Equal(timeless(loop.Validations()), timeless(whole.Validations())) || !slices.Equal(logAgain, log) {
			t.Errorf("after %d stops the training ends otherwise: %v, want %v", stops, loop.Validations(), whole.Validations())
		}
	}
}

// A validation during which the run is stopped is made again: its score may be
// half of one.
func TestStoppedValidationIsMadeAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "checkpoint")
	ctx, cancel := context.WithCancel(t.Context())
	stopped := mustLoop(t, newLine(), Common{Checkpoint: path, Validate: func(context.Context) (Validation, error) {
		cancel()
		return Validation{Score: -1}, nil
	}})
	if err := stopped.Run(ctx); !errors.Is(err, context.Canceled) || stopped.Done() != 3 || len(stopped.Validations()) != 0 {
		t.Fatalf("%v after %d steps with scores %v", err, stopped.Done(), stopped.Validations())
	}
	again := mustLoop(t, newLine(), Common{Checkpoint: path, Validate: func(context.Context) (Validation, error) { return Validation{Score: 2}, nil }})
	if _, err := again.Resume(); err != nil {
		t.Fatal(err)
	}
	if err := again.Run(t.Context()); err != nil || len(again.Validations()) != 5 || first(again) != (Validation{Epoch: 0, Steps: 3, Score: 2}) {
		t.Errorf("%v, scores %v", err, again.Validations())
	}
}

// A loss that is not a number says nothing about the score beside it.
func TestPatienceWithoutLoss(t *testing.T) {
	var seen []float32
	task := newLine()
	task.scores, task.loss = []float64{5, 4, 3, 2, 1}, math.NaN()
	loop := mustLoop(t, task, Common{Validate: task.validate(&seen), Patience: 1})
	if err := loop.Run(t.Context()); err != nil || loop.Done() != loop.Total() {
		t.Errorf("%d of %d steps: %v", loop.Done(), loop.Total(), err)
	}
}

// The parts of a batch, computed one after another or at the same time, give
// its gradient.
func TestOwnTaskInParts(t *testing.T) {
	train := func(shards, parts int) *Loop {
		task := newLine()
		loop := mustLoop(t, task, Common{Shards: shards, Accumulate: parts})
		if err := loop.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		return loop
	}
	whole := train(1, 1)
	for _, c := range [][2]int{{2, 1}, {1, 2}, {2, 2}, {3, 1}, {1, 4}, {5, 2}, {1, 9}} {
		loop := train(c[0], c[1])
		for i, loss := range loop.Losses() {
			if math.Abs(float64(loss-whole.losses[i])) > 1e-5 {
				t.Errorf("%v: step %d has loss %v, want %v", c, i, loss, whole.losses[i])
			}
		}
	}
}

func TestPatienceAndBestWeights(t *testing.T) {
	nan := math.NaN()
	for name, c := range map[string]struct {
		scores   []float64
		higher   bool
		patience int
		epochs   int // that are trained
		best     int // of them; -1: none
	}{
		"falls":          {[]float64{5, 4, 3, 2, 1}, false, 2, 5, 4},
		"ends early":     {[]float64{5, 4, 4, 4.5, 1}, false, 2, 4, 1},
		"higher":         {[]float64{1, 3, 2, 2, 9}, true, 2, 4, 1},
		"no patience":    {[]float64{1, 3, 2, 2, 0}, false, 0, 5, 4},
		"not a number":   {[]float64{nan, nan, 1, nan, nan}, false, 2, 2, -1},
		"some are none":  {[]float64{nan, 2, nan, 1, nan}, false, 2, 5, 3},
		"the first":      {[]float64{1, 1, 1, 1, 1}, false, 4, 5, 0},
		"infinite first": {[]float64{math.Inf(1), 2, 3, 3, 3}, false, 3, 5, 1},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			var seen []float32
			var told []Validation
			build := func() *Loop {
				task := newLine()
				task.scores = c.scores
				return mustLoop(t, task, Common{Validate: task.validate(&seen), Higher: c.higher, Patience: c.patience, EMA: 0.5,
					BestWeights: filepath.Join(dir, "best"), Checkpoint: filepath.Join(dir, "checkpoint"), OnValidation: func(v Validation) { told = append(told, v) }})
			}
			loop := build()
			if err := loop.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			if loop.Done() != 3*c.epochs || loop.Stopped() != (c.epochs < 5) || len(told) != c.epochs {
				t.Errorf("%d steps, stopped %t, told %v", loop.Done(), loop.Stopped(), told)
			}
			best := newLine()
			_, err := weights.Load(filepath.Join(dir, "best"), best.Params(), weights.Options{})
			if c.best < 0 {
				if loop.Best() != nil || !errors.Is(err, os.ErrNotExist) {
					t.Errorf("the best is %v, its weights %v", loop.Best(), err)
				}
			} else if err != nil || loop.Best().Epoch != c.best || best.Params().Flat()[0] != seen[c.best] {
				t.Errorf("the best is %v with weight %v, want epoch %d with %v (%v)", loop.Best(), best.Params().Flat()[0], c.best, seen[c.best], err)
			}
			again := build()
			if found, err := again.Resume(); err != nil || !found {
				t.Fatal(err)
			}
			calls := len(seen)
			if err := again.Run(t.Context()); err != nil || again.Done() != loop.Done() || len(seen) != calls || fmt.Sprint(timeless(again.Validations())) != fmt.Sprint(timeless(loop.Validations())) {
				t.Errorf("resumed at its end: %v, %d steps, %v", err, again.Done(), again.Validations())
			}
		})
	}
}

func TestOwnTaskFails(t *testing.T) {
	cause := errors.New("the disk is gone")
	task := newLine()
	task.fail = func(step int) error {
		if step == 4 {
			return cause
		}
		return nil
	}
	path := filepath.Join(t.TempDir(), "checkpoint")
	loop := mustLoop(t, task, Common{Checkpoint: path})
	if err := loop.Run(t.Context()); !errors.Is(err, cause) || !strings.Contains(err.Error(), "after 4 of 15 steps") {
		t.Errorf("error %v", err)
	}
	task.fail = nil
	if err := loop.Run(t.Context()); err != nil || loop.Done() != 15 {
		t.Errorf("it cannot go on: %v after %d steps", err, loop.Done())
	}

	other := newLine()
	other.data = "other points"
	var changed *ChangedError
	if err := mustLoop(t, other, Common{}).Load(path); !errors.As(err, &changed) || changed.Changes[0].Setting != "Points" {
		t.Errorf("with other data: %v", err)
	}

	task = newLine()
	loop = mustLoop(t, task, Common{Checkpoint: path, Validate: func(context.Context) (Validation, error) { return Validation{}, cause }})
	if err := loop.Run(t.Context()); !errors.Is(err, cause) || !strings.Contains(err.Error(), "epoch 1") || loop.Done() != 3 {
		t.Errorf("a validation that fails: %v after %d steps", err, loop.Done())
	}
	resumed := mustLoop(t, newLine(), Common{Checkpoint: path, Validate: func(context.Context) (Validation, error) { return Validation{Score: 7}, nil }})
	if _, err := resumed.Resume(); err != nil {
		t.Fatal(err)
	}
	if err := resumed.Run(t.Context()); err != nil || len(resumed.Validations()) != 5 || first(resumed) != (Validation{Epoch: 0, Steps: 3, Score: 7}) {
		t.Errorf("resumed: %v, %v", err, resumed.Validations())
	}
}

func TestNewLoopRefuses(t *testing.T) {
	for name, c := range map[string]Common{
		"shards": {Shards: -1}, "parts": {Accumulate: -1}, "average": {EMA: 1}, "patience": {Patience: 2}, "best": {BestWeights: "x"}, "not finite": {ClipNorm: float32(math.NaN())},
	} {
		if _, err := NewLoop(newLine(), c); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestScoresOfACheckpointAreChecked(t *testing.T) {
	file := func(scores, losses string) error {
		loop := mustLoop(t, newLine(), Common{})
		loop.losses = []float32{1, 2, 3, 4, 5, 6}
		file := loop.checkpoint()
		file.Metadata[validationsKey], file.Metadata[validLossesKey] = scores, losses
		return mustLoop(t, newLine(), Common{}).accept("x", file)
	}
	for _, text := range []string{"x", "1 2", "1 2 x", "1 2 3 4 5", "0", "0 7 1", "0 3 1 1 3 1", "0 0 1"} {
		if err := file(text, ""); err == nil {
			t.Errorf("the scores %q are taken", text)
		}
	}
	for _, text := range []string{"1", "1 2 3", "1 x"} {
		if err := file("0 3 1 1 6 2", text); err == nil {
			t.Errorf("the losses %q are taken of two scores", text)
		}
	}
	for _, text := range []string{"", "1 NaN"} {
		if err := file("0 3 1 1 6 2", text); err != nil {
			t.Errorf("the losses %q of two scores: %v", text, err)
		}
	}
}

// What is not finite is null in the log, which JSON has no other word for.
func TestValidationLogHoldsWhatIsNotFinite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "validations")
	scores := []float64{math.NaN(), math.Inf(1), 3, 4, 5}
	task := newLine()
	i := -1
	loop := mustLoop(t, task, Common{ValidationLog: path, Validate: func(context.Context) (Validation, error) {
		i++
		return Validation{Score: scores[i], Loss: scores[i]}, nil
	}})
	if err := loop.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	read, err := ReadValidations(path)
	if err != nil || len(read) != 5 || !math.IsNaN(read[0].Score) || !math.IsNaN(read[1].Loss) || read[2].Score != 3 || read[4].Steps != 15 {
		t.Errorf("the log holds %v, error %v", read, err)
	}
}

// Trainers' own methods take the averaged weights: also where Validate, which has them
// already, calls one.
func TestValidateMayAskForTheAverageAgain(t *testing.T) {
	task := newLine()
	var loop *Loop
	loop = mustLoop(t, task, Common{Optimizer: optim.NewAdam(task.Params(), optim.AdamConfig{}), Schedule: optim.Constant(0.1), EMA: 0.9, Validate: func(context.Context) (Validation, error) {
		outer := task.Params().Flat()[0]
		return Validation{}, loop.averaged(func() error {
			if inner := task.Params().Flat()[0]; inner != outer {
				t.Errorf("Validate sees the weight %v, and what it calls %v", outer, inner)
			}
			return nil
		})
	}})
	if err := loop.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// A checkpoint that Validate saves, while the model has its averaged weights, is one of the
// training.
func TestValidateSaves(t *testing.T) {
	path := filepath.Join(t.TempDir(), "checkpoint")
	run := func(saves, continues bool) (*line, *Loop) {
		task := newLine()
		var loop *Loop
		loop = mustLoop(t, task, Common{EMA: 0.9, Validate: func(context.Context) (Validation, error) {
			seen := slices.Clone(task.Params().Flat())
			if saves && loop.Done() == 6 {
				if err := loop.Save(path); err != nil {
					t.Error(err)
				}
			}
			if !slices.Equal(task.Params().Flat(), seen) {
				t.Error("saving changes the weights that are validated")
			}
			return Validation{Score: float64(seen[0])}, nil
		}})
		if continues {
			if err := loop.Load(path); err != nil {
				t.Fatal(err)
			}
		}
		if err := loop.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		return task, loop
	}
	whole, loop := run(true, false)
	again, continued := run(false, true)
	if !slices.Equal(whole.Params().Flat(), again.Params().Flat()) || !slices.Equal(timeless(loop.Validations()), timeless(continued.Validations())) {
		t.Errorf("the training goes on to %v with the scores %v, want %v and %v", again.Params().Flat(), continued.Validations(), whole.Params().Flat(), loop.Validations())
	}
}

// seeded is a task with a setting that has the name of one of Common.
type seeded struct {
	*line
	seed uint64
}

func (t seeded) Identity() any { return struct{ Seed uint64 }{t.seed} }

func TestIdentityWithANameOfCommon(t *testing.T) {
	path := filepath.Join(t.TempDir(), "checkpoint")
	for _, c := range []struct {
		saved, now uint64
		common     uint64
		want       string
	}{
		{1, 1, 0, ""}, {1, 2, 0, "Seed of the task"}, {7, 7, 7, ""}, {7, 2, 7, "Seed of the task"}, {2, 7, 7, "Seed of the task"},
	} {
		if err := mustLoop(t, seeded{newLine(), c.saved}, Common{Seed: c.common}).Save(path); err != nil {
			t.Fatal(err)
		}
		err := mustLoop(t, seeded{newLine(), c.now}, Common{Seed: c.common}).Load(path)
		if changed := (*ChangedError)(nil); (c.want == "") != (err == nil) || err != nil && (!errors.As(err, &changed) || changed.Changes[0].Setting != c.want) {
			t.Errorf("%+v: the error is %v", c, err)
		}
	}
}

// sizeless is a task that does not say how many examples its batches have.
type sizeless struct{ *line }

func (t sizeless) Batches(ctx context.Context, from int) iter.Seq2[Batch, error] {
	return Epochs(ctx, from, 3, func(epoch, i int) (Batch, error) {
		return Batch{Loss: func(c *layers.Ctx, p *Part) (*autograd.Tensor, error) {
			return ops.Mean(c.Use(t.Params().All()[0])), nil
		}}, nil
	})
}

func TestBatchOfNoExamples(t *testing.T) {
	err := mustLoop(t, sizeless{newLine()}, Common{}).Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "step 0 has 0 examples: set Batch.Examples") {
		t.Errorf("the error is %v", err)
	}
}
