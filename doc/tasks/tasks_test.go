package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"autodropout/data"
	"autodropout/train"
)

func TestRegression(t *testing.T) {
	var out strings.Builder
	if err := regress(t.Context(), t.TempDir(), &out); err != nil {
		t.Fatal(err)
	}
	var done, total int
	var score float64
	if _, err := fmt.Sscanf(out.String(), "%d of %d steps; squared error %f", &done, &total, &score); err != nil || score > 0.02 {
		t.Errorf("it says %q (%v)", &out, err)
	}
}

func TestLanguageModel(t *testing.T) {
	var out strings.Builder
	if err := model(t.Context(), 20_000, &out); err != nil {
		t.Fatal(err)
	}
	var before, after float64
	if _, err := fmt.Sscanf(out.String(), "perplexity %f before, %f after", &before, &after); err != nil || after > before/6 {
		t.Errorf("it says %q (%v)", &out, err)
	}
}

// TestLanguageModelGoesOn stops in the middle of an epoch: with what the LSTM remembers
// the training goes on as if it had not been stopped.
func TestLanguageModelGoesOn(t *testing.T) {
	corpus, err := data.SyntheticLanguage(data.LanguageConfig{Train: 2000, Valid: 1000, Test: 1000})
	if err != nil {
		t.Fatal(err)
	}
	checkpoint := filepath.Join(t.TempDir(), "checkpoint")
	run := func(path string, stopAt int) *train.Loop {
		ctx, stop := context.WithCancel(t.Context())
		loop, err := train.NewLoop(newLanguage(corpus), train.Common{Checkpoint: path, OnStep: func(s train.Step) {
			if s.Step+1 == stopAt {
				stop()
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		if path != "" {
			if _, err := loop.Resume(); err != nil {
				t.Fatal(err)
			}
		}
		if err := loop.Run(ctx); err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		return loop
	}
	whole := run("", 0).Losses()
	if stopped := run(checkpoint, 8); stopped.Done() != 8 {
		t.Fatalf("%d steps before the stop", stopped.Done())
	}
	if again := run(checkpoint, 0).Losses(); !slices.Equal(again, whole) {
		t.Errorf("after a stop the losses are\n%v, without one\n%v", again, whole)
	}
}

func TestTagger(t *testing.T) {
	var out strings.Builder
	if err := tag(t.Context(), 150, &out); err != nil {
		t.Fatal(err)
	}
	var right float64
	if _, err := fmt.Sscanf(out.String(), "%f %%", &right); err != nil || right < 97 {
		t.Errorf("it says %q (%v)", &out, err)
	}
}
