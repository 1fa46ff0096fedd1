package train

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"autodropout/optim"
	"autodropout/weights"
)

func TestResumeIsExact(t *testing.T) {
	for name, change := range map[string]func(*Config){"SGD": nil, "no average": func(c *Config) { c.EMA = 0 }, "in parts": func(c *Config) { c.Accumulate = 3 }} {
		t.Run(name, func(t *testing.T) {
			whole := exercise(t, change)
			mustRun(t, whole)
			want := finalBytes(t, whole)
			for stop := 1; stop < whole.Total(); stop += 3 {
				dir := t.TempDir()
				build := func(onStep func(Step)) *Trainer {
					return exercise(t, func(c *Config) {
						if change != nil {
							change(c)
						}
						c.Checkpoint, c.Log = filepath.Join(dir, "checkpoint"), filepath.Join(dir, "log")
						c.OnStep = onStep
					})
				}
				ctx, cancel := context.WithCancelCause(t.Context())
				cause := errors.New("enough")
				first := build(func(s Step) {
					if s.Step == stop-1 {
						cancel(cause)
					}
				})
				if err := first.Run(ctx); !errors.Is(err, cause) {
					t.Fatalf("a cancelled run ends with %v, want its cause", err)
				}
				if first.Done() != stop {
					t.Errorf("cancelled in step %d, the run ended after %d", stop, first.Done())
				}
				second := build(nil)
				if err := second.Load(second.config.Checkpoint); err != nil {
					t.Fatal(err)
				}
				mustRun(t, second)
				if !slices.Equal(second.Losses(), whole.Losses()) {
					t.Errorf("stopped after %d: the losses differ:\n%v\n%v", stop, second.Losses(), whole.Losses())
				}
				if readFile(t, second.config.Checkpoint) != want {
					t.Errorf("stopped after %d: the final checkpoint differs", stop)
				}
				steps, err := ReadLog(second.config.Log)
				if err != nil || len(steps) != whole.Total() || steps[stop].Step != stop || steps[stop].Loss != whole.losses[stop] {
					t.Errorf("stopped after %d: the log has %d steps, error %v", stop, len(steps), err)
				}
			}
		})
	}
}

func TestAdamStateIsSaved(t *testing.T) {
	build := func() (*network, *Trainer) {
		fit, _ := images(t)
		model := newNetwork(8)
		trainer, err := New(model, fit, Config{Batch: 12,
			Common: Common{Optimizer: optim.NewAdam(model.Params(), optim.AdamConfig{}), Schedule: optim.Constant(0.01)}})
		if err != nil {
			t.Fatal(err)
		}
		return model, trainer
	}
	path := filepath.Join(t.TempDir(), "checkpoint")
	_, whole := build()
	ctx, cancel := context.WithCancel(t.Context())
	_, first := build()
	first.config.OnStep = func(Step) { cancel() }
	if err := first.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if err := first.Save(path); err != nil {
		t.Fatal(err)
	}
	_, second := build()
	if err := second.Load(path); err != nil {
		t.Fatal(err)
	}
	mustRun(t, whole)
	mustRun(t, second)
	if finalBytes(t, whole) != finalBytes(t, second) {
		t.Error("the final checkpoints differ")
	}
}

func TestLoadRefuses(t *testing.T) {
	dir := t.TempDir()
	good := exercise(t, nil)
	mustRun(t, good)
	path := filepath.Join(dir, "good")
	only := filepath.Join(dir, "weights")
	cut := filepath.Join(dir, "cut")
	if err := good.Save(path); err != nil {
		t.Fatal(err)
	}
	if err := good.SaveWeights(only); err != nil {
		t.Fatal(err)
	}
	text := readFile(t, path)
	if err := os.WriteFile(cut, []byte(text[:len(text)-5]), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		path   string
		change func(*Config)
		want   string
	}{
		"no file":            {filepath.Join(dir, "none"), nil, "cannot read the checkpoint"},
		"cut short":          {cut, nil, "cut short"},
		"weights only":       {only, nil, "not a checkpoint"},
		"other seed":         {path, func(c *Config) { c.Seed++ }, `Seed was "7" and is "8"`},
		"other schedule":     {path, func(c *Config) { c.Schedule = optim.Constant(0.2) }, `schedule was "0.1 at step 0`},
		"no dropout":         {path, func(c *Config) { c.Policy = nil }, `and is "none"`},
		"no average":         {path, func(c *Config) { c.EMA = 0 }, `EMA was "0.9" and is "0"`},
		"shorter":            {path, func(c *Config) { c.Epochs = 1 }, `Epochs was "3" and is "1"`},
		"shorter on purpose": {path, func(c *Config) { c.Epochs, c.AcceptChanges = 1, []string{"Epochs", "schedule"} }, "12 steps, and this training 4"},
	} {
		err := exercise(t, c.change).Load(c.path)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got error %v, want one with %q", name, err, c.want)
		}
	}
	if err := exercise(t, nil).Load(path); err != nil {
		t.Errorf("the same training: %v", err)
	}
	fit, _ := images(t)
	fit.Images[5]++
	trainer, err := New(newNetwork(8), fit, good.config)
	if err != nil {
		t.Fatal(err)
	}
	if err := trainer.Load(path); err == nil {
		t.Error("a checkpoint loads for other images")
	}
}

func TestWeights(t *testing.T) {
	trainer := exercise(t, nil)
	mustRun(t, trainer)
	_, test := images(t)
	averaged, err := trainer.Evaluate(t.Context(), test)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "weights")
	if err := trainer.SaveWeights(path); err != nil {
		t.Fatal(err)
	}
	other := newNetwork(8)
	clear(other.Params().Flat())
	if _, err := weights.Load(path, other.Params(), weights.Options{}); err != nil {
		t.Fatal(err)
	}
	got, err := Evaluate(t.Context(), other, test)
	if err != nil || got != averaged {
		t.Errorf("loaded weights score %+v (error %v), the trainer's average %+v", got, err, averaged)
	}
	checkpoint := filepath.Join(t.TempDir(), "checkpoint")
	if err := trainer.Save(checkpoint); err != nil {
		t.Fatal(err)
	}
	if _, err := weights.Load(checkpoint, newNetwork(9).Params(), weights.Options{}); err == nil {
		t.Error("the weights of a checkpoint load into a model of another width")
	}
	if _, err := weights.Load(checkpoint, newNetwork(8).Params(), weights.Options{}); err != nil {
		t.Errorf("the weights of a checkpoint do not load: %v", err)
	}
	raw, err := Evaluate(t.Context(), trainer.model, test)
	if err != nil || raw == averaged {
		t.Errorf("the average scores %+v, exactly as the last weights", raw)
	}
	if _, err := weights.Load(path, newNetwork(9).Params(), weights.Options{}); err == nil {
		t.Error("weights load into a model of another width")
	}
}

func TestPeriodicCheckpoint(t *testing.T) {
	path := filepath.Join(t.TempDir(), "checkpoint")
	seen := 0
	trainer := exercise(t, func(c *Config) {
		c.Checkpoint, c.CheckpointEvery = path, time.Nanosecond
		c.OnStep = func(s Step) {
			if _, err := os.Stat(path); err == nil {
				seen++
			}
		}
	})
	mustRun(t, trainer)
	if want := trainer.Total() - 1; seen != want {
		t.Errorf("there was a checkpoint in %d steps, want all but the first, %d", seen, want)
	}
}

func TestLogIsCutToTheCheckpoint(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	text := ""
	for i := range 50 {
		text += fmt.Sprintf("{\"step\":%d,\"loss\":1}\n", i)
	}
	if err := os.WriteFile(path, []byte(text+`{"step":50,"lo`), 0o600); err != nil {
		t.Fatal(err)
	}
	if steps, err := ReadLog(path); err != nil || len(steps) != 50 {
		t.Errorf("read %d steps, error %v; want 50: the last line is torn", len(steps), err)
	}
	l, lacks, err := openLog(path, 3)
	if err != nil || lacks != 0 {
		t.Fatal(err)
	}
	if err := l.write(Step{Step: 3, Loss: 2}); err != nil {
		t.Fatal(err)
	}
	if err := l.close(); err != nil {
		t.Fatal(err)
	}
	steps, err := ReadLog(path)
	if err != nil || len(steps) != 4 || steps[3].Loss != 2 {
		t.Errorf("continued after 3 steps the log holds %+v, error %v", steps, err)
	}
	if l, lacks, err = openLog(path, 9); err != nil || lacks != 5 {
		t.Errorf("a log of 4 steps lacks %d of 9, error %v", lacks, err)
	}
	l.close()
}
