// Package language is the benchmark of language models that Penn Treebank and
// WikiText-2 share: Transformer-XL with patterns that were searched, found at
// random or made by hand, and text written by what was trained.
package language

import (
	"context"
	"fmt"
	"io"

	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/progress"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/benchmarks/internal/usage"
	"autodropout/data"
	"autodropout/dropout"
	"autodropout/models"
)

// Benchmark is what one of the benchmarks has of its own.
type Benchmark struct {
	Name  string // of the program and of the corpus after -data: "ptb"
	Title string // "the Penn Treebank"
	Open  func(ctx context.Context, name string, cfg data.OpenConfig) (c *data.Corpus, about string, err error)
	Paper *runfolder.Paper // of AutoDropout; nil: no number is confirmed

	// Recipe is the configuration at the paper's scale. A preset's search, and
	// its number of seeds, are the same for all benchmarks.
	Recipe Recipe
	// Quick changes what the preset quick has for all benchmarks; nil: nothing.
	Quick func(r *Recipe)
}

// Run is the program; it returns the exit code.
func (b *Benchmark) Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return experiment.Run(ctx, b.command(), func(c config) experiment.Benchmark[*dropout.SequencePattern] {
		return &subject{config: c, Sequences: experiment.Sequences{Outside: c.outside()}}
	}, args, stdout, stderr)
}

// Instead implements a method of [experiment.Benchmark]: it writes text.
func (s *subject) Instead(_ context.Context, asked cli.Run, _ string, stdout, stderr io.Writer) (done bool, err error) {
	if s.generate == 0 {
		return false, nil
	}
	return true, s.write(asked, stdout, stderr)
}

// Open implements [experiment.Benchmark].
func (s *subject) Open(ctx context.Context, _ bool, stderr io.Writer) (about string, err error) {
	b := s.benchmark
	s.corpus, about, err = b.Open(ctx, s.data, data.OpenConfig{
		Language: data.LanguageConfig{Train: s.trainSize, Valid: s.testSize, Test: s.testSize},
		Download: data.DownloadConfig{Flag: "-data", Progress: progress.Download(stderr, b.Title)},
	})
	if err != nil {
		return "", err
	}
	cut := false
	for _, part := range []struct {
		words *[]int32
		size  int
	}{{&s.corpus.Train, s.trainSize}, {&s.corpus.Valid, s.testSize}, {&s.corpus.Test, s.testSize}} {
		if part.size > 0 && part.size < len(*part.words) {
			*part.words = (*part.words)[:part.size]
			cut = true
		}
	}
	if cut {
		about += fmt.Sprintf(" Of these, the first %d training, %d validation and %d test words are used.",
			len(s.corpus.Train), len(s.corpus.Valid), len(s.corpus.Test))
	}
	return about, s.fits()
}

// fits returns an error when the settings do not fit the corpus.
func (s *subject) fits() error {
	shallow := s.network(experiment.Final, 0)
	shallow.Layers = 1
	if _, err := models.NewTransformerXL(shallow); err != nil {
		return usage.Errorf("%v", err)
	}
	if _, err := data.NewSegments(s.corpus.Train, s.Batch); err != nil {
		return fmt.Errorf("the training text does not fit -batch %d: %w", s.Batch, err)
	}
	for _, part := range [][]int32{s.corpus.Valid, s.corpus.Test} {
		if len(part) <= evaluationRows {
			return fmt.Errorf("the validation and test texts need more than %d words, one has %d", evaluationRows, len(part))
		}
	}
	return nil
}
