// Package translation is the benchmark of translators that IWSLT-14 and WMT-14
// share: a Transformer with patterns that were transferred from a language model,
// searched, found at random or made by hand, scored by BLEU, and translations by what
// was trained.
//
// A pattern for language models has a place for each kind of site in a layer with
// one attention. Here a layer of the encoder has one attention, and a layer of the
// decoder two, to its own words and to the source. The mapping is that of
// [models.Transformer.Sites]: the patterns of query, key, value, probability and
// projection act in all three attentions, those of inner and output in the
// feed-forward parts of both sides. Tokens are those of the sentence that the tensor
// belongs to: in the attention to the source, keys, values and probabilities run
// along the source, queries and projections along the target.
package translation

import (
	"context"
	"fmt"
	"io"

	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/progress"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/benchmarks/internal/words"
	"autodropout/data"
	"autodropout/data/text"
	"autodropout/data/text/bitext"
	"autodropout/dropout"
)

// Benchmark is what one of the benchmarks has of its own.
type Benchmark struct {
	Name  string // of the program and of the corpus after -data: "iwslt"
	Title string // "IWSLT-14 De-En"
	Open  func(ctx context.Context, name string, cfg bitext.OpenConfig) (c *bitext.Corpus, about string, err error)
	Paper *runfolder.Paper // of AutoDropout with a transferred pattern

	// Texts says how texts of one's own are prepared: as those of the benchmark.
	Texts bitext.TextsConfig
	// Recipe is the configuration at the paper's scale. A preset's search, and
	// its number of seeds, are the same for all benchmarks.
	Recipe Recipe
}

// Run is the program; it returns the exit code.
func (b *Benchmark) Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return experiment.Run(ctx, b.command(), func(c config) experiment.Benchmark[*dropout.SequencePattern] {
		return &subject{config: c, Sequences: experiment.Sequences{Outside: c.outside()}}
	}, args, stdout, stderr)
}

// Instead implements a method of [experiment.Benchmark]: it prepares the data, or
// translates.
func (s *subject) Instead(ctx context.Context, asked cli.Run, about string, stdout, stderr io.Writer) (done bool, err error) {
	switch {
	case s.prepare:
		_, err = fmt.Fprintln(stdout, about)
	case s.translates():
		err = s.translate(ctx, asked, stdout, stderr)
	default:
		return false, nil
	}
	return true, err
}

// Close implements a method of [experiment.Benchmark].
func (s *subject) Close(runfolder.Folder, io.Writer) error { return s.corpus.Close() }

// Open implements [experiment.Benchmark].
func (s *subject) Open(ctx context.Context, _ bool, stderr io.Writer) (about string, err error) {
	b := s.benchmark
	texts := b.Texts
	texts.Source, texts.Target = text.Language(s.from), text.Language(s.to)
	texts.Test, texts.Merges, texts.Style.Tokenized = s.testName, s.merges, s.tokenized
	s.corpus, about, err = b.Open(ctx, s.data, bitext.OpenConfig{
		Synthetic: bitext.SyntheticConfig{Train: s.trainSize, Valid: s.testSize, Test: s.testSize},
		Texts:     texts,
		Download:  data.DownloadConfig{Flag: "-data", Progress: progress.Download(stderr, b.Title)},
		Notice:    func(sentence string) { fmt.Fprintln(stderr, sentence) },
	})
	if err != nil {
		return "", err
	}
	if err := s.describes(&s.corpus.About); err != nil {
		return "", err
	}
	whole := s.corpus.Train
	if s.trainSize > 0 {
		s.corpus.Train = s.corpus.Train.First(s.trainSize)
	}
	tested := len(s.corpus.Test.Sources)
	if s.testSize > 0 {
		s.corpus.Valid, s.corpus.Test = s.corpus.Valid.First(s.testSize), s.corpus.Test.First(s.testSize)
	}
	if s.corpus.Train != whole || len(s.corpus.Test.Sources) != tested {
		about += fmt.Sprintf(" Of these, the first %d training, %d validation and %d test pairs are used.",
			s.corpus.Train.Len(), len(s.corpus.Valid.Sources), len(s.corpus.Test.Sources))
	}
	batches := bitext.NewBatches(s.corpus.Train.Len(), s.corpus.Train.Lengths, bitext.BatchConfig{Tokens: s.Tokens, Longest: s.longest()})
	if s.batches = batches.Len(); s.batches == 0 {
		return "", fmt.Errorf("none of the %d training pairs has 1 to %d words on both sides, as -longest and -tokens say", s.corpus.Train.Len(), s.longest())
	}
	if batches.Skipped > 0 {
		about += fmt.Sprintf(" Skipped: %s with no words or more than %d on a side (-longest, -tokens).",
			words.Count(batches.Skipped, "training pair", "training pairs"), s.longest())
	}
	return about, nil
}
