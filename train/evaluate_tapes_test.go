package train

import (
	"context"
	"errors"
	"runtime"
	"runtime/debug"
	"slices"
	"testing"
	"weak"

	"autodropout/autograd"
	"autodropout/data"
	"autodropout/internal/race"
	"autodropout/models"
)

func TestEvaluationsReuseMemory(t *testing.T) {
	if race.Enabled {
		t.Skip("a sync.Pool forgets things at random under the race detector")
	}
	_, images, err := data.Synthetic(data.SyntheticConfig{Train: 10, Test: 100})
	if err != nil {
		t.Fatal(err)
	}
	model, err := models.NewWRN(models.WRNConfig{Depth: 10, Width: 1, Classes: 10})
	if err != nil {
		t.Fatal(err)
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // which empties a sync.Pool too
	runtime.GC()
	runtime.GC()
	evaluate := func() (Score, uint64) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		score, err := Evaluate(t.Context(), model, images)
		if err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		return score, after.TotalAlloc - before.TotalAlloc
	}
	first, made := evaluate()
	second, more := evaluate()
	if first != second {
		t.Errorf("evaluated again, %+v is %+v", first, second)
	}
	if more > made/2 {
		t.Errorf("a second evaluation allocates %d bytes, the first one %d", more, made)
	}
}

// However a training ends, its model's evaluations have the memory of its tapes.
func TestEndedTrainingHoldsNoTape(t *testing.T) {
	score := func(context.Context) (Validation, error) { return Validation{Score: 1}, nil }
	broken := errors.New("it is broken")
	for _, c := range []struct {
		name  string
		steps int
		end   func(c *Common, task *line, stop func())
	}{
		{"the last step", 15, func(*Common, *line, func()) {}},
		{"patience", 6, func(c *Common, _ *line, _ func()) { c.Validate, c.Patience = score, 1 }},
		{"stopped", 1, func(c *Common, _ *line, stop func()) { c.OnStep = func(Step) { stop() } }},
		{"diverged", 2, func(c *Common, _ *line, _ func()) {
			c.Schedule = func(step int) float32 { return float32(step) * 1e38 }
		}},
		{"no more data", 2, func(_ *Common, task *line, _ func()) {
			task.fail = func(step int) error { return map[int]error{2: broken}[step] }
		}},
		{"no validation", 3, func(c *Common, _ *line, _ func()) {
			c.Validate = func(context.Context) (Validation, error) { return Validation{}, broken }
		}},
	} {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		task := newLine()
		config := Common{Shards: 2}
		c.end(&config, task, stop)
		var tapes []weak.Pointer[autograd.Tape]
		var loop *Loop
		then := config.OnStep
		config.OnStep = func(s Step) {
			for _, w := range loop.workers {
				tapes = append(tapes, weak.Make(w.tape))
			}
			if then != nil {
				then(s)
			}
		}
		loop = mustLoop(t, task, config)
		err := loop.Run(ctx)
		if loop.Done() != c.steps || len(tapes) == 0 || (err == nil) != (c.steps == loop.Total() || loop.Stopped()) {
			t.Fatalf("%s: %d steps, want %d; %d tapes; %v", c.name, loop.Done(), c.steps, len(tapes), err)
		}
		if slices.ContainsFunc(tapes, func(t weak.Pointer[autograd.Tape]) bool { return t.Value() != nil }) {
			t.Errorf("%s: a tape is there after the training", c.name)
		}
		if c.steps == loop.Total() {
			if err := loop.Run(ctx); err != nil { // has nothing to do
				t.Error(err)
			}
		}
	}
}
