package language

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"strings"

	"autodropout/autograd"
	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/benchmarks/internal/sheet"
	"autodropout/controller"
	"autodropout/data"
	"autodropout/dropout"
	"autodropout/models"
	"autodropout/optim"
	"autodropout/train"
)

// subject is what the experiment is about: a Transformer-XL on a corpus.
type subject struct {
	config
	experiment.Sequences
	corpus *data.Corpus
}

// rewardScale makes a reward of a perplexity, as in NAS and ENAS.
const rewardScale = 80

// About implements [experiment.Subject].
func (s *subject) About() experiment.About {
	final, child := s.network(experiment.Final, 0), s.network(experiment.Child, 0)
	about := experiment.About{
		Name: s.benchmark.Name, Task: "language modelling", Dataset: s.corpus.Name,
		Split: "test", Metric: "perplexity", Item: "words",
		Model: describe(final), Child: describe(child),
	}
	if s.corpus.Entropy > 0 {
		about.Floor = math.Exp(s.corpus.Entropy)
	}
	about.Curves = experiment.Curves{On: "the validation text", Metric: about.Metric}
	if watched := s.watched(); len(watched) < len(s.corpus.Valid) {
		about.Curves.On = fmt.Sprintf("the first %d of the %d words of the validation text", len(watched), len(s.corpus.Valid))
	}
	about.Trial = controller.Task{Network: about.Child, Data: about.Dataset, Unit: "words", Train: len(s.corpus.Train),
		Epochs: s.searchEpochs, Reward: fmt.Sprintf("%d/perplexity", rewardScale), Split: "validation", Valid: len(s.corpus.Valid)}
	about.Data = func() string { return s.checksum(s.corpus.Train, s.corpus.Valid) }
	about.Reads = func() string { return s.checksum(s.corpus.Train, s.corpus.Valid, s.corpus.Test) }
	about.Reward = sheet.Reward{
		Where: "validation text", Shown: "valid perplexity",
		Show:  func(reward float64) string { return fmt.Sprintf("%.2f", rewardScale/reward) },
		Scale: func(reward float64) float64 { return rewardScale / reward },
	}
	return about
}

// checksum returns a checksum of the vocabulary and of texts. Words have no line
// breaks.
func (s *subject) checksum(texts ...[]int32) string {
	h := crc32.NewIEEE()
	io.WriteString(h, strings.Join(s.corpus.Words, "\n"))
	for _, text := range texts {
		binary.Write(h, binary.LittleEndian, int64(len(text)))
		binary.Write(h, binary.LittleEndian, text)
	}
	return fmt.Sprintf("%08x", h.Sum32())
}

func describe(c models.TransformerXLConfig) string {
	return fmt.Sprintf("Transformer-XL-%d-%d", c.Layers, c.Width)
}

// network returns the configuration of a network.
func (s *subject) network(n experiment.Network, seed uint64) models.TransformerXLConfig {
	c := models.TransformerXLConfig{Vocab: len(s.corpus.Words), Layers: s.Layers, Width: s.Width, Heads: s.Heads,
		Inner: s.Inner, PositionProjection: s.Positions, Seed: seed}
	for _, cutoff := range s.Cutoffs {
		if cutoff < c.Vocab {
			c.Cutoffs = append(c.Cutoffs, cutoff)
		}
	}
	if n == experiment.Child {
		c.Layers, c.Width, c.Inner = s.searchLayers, s.searchWidth, s.searchInner
	}
	c.HeadWidth = c.Width / c.Heads
	return c
}

func (s *subject) epochsOf(n experiment.Network) int {
	if n == experiment.Child {
		return s.searchEpochs
	}
	return s.Epochs
}

// Steps implements [experiment.Subject]. Segments of random lengths make a few more
// of them in an epoch.
func (s *subject) Steps(n experiment.Network) int {
	predicted := len(s.corpus.Train)/s.Batch - 1
	return s.epochsOf(n) * ((predicted + s.Target - 1) / s.Target)
}

// TestSteps implements [experiment.Subject].
func (s *subject) TestSteps(n experiment.Network) float64 {
	steps := s.scoring(n, len(s.corpus.Valid))
	if n == experiment.Final {
		steps += s.scoring(n, len(s.corpus.Test)) + float64(s.Epochs)*s.scoring(n, len(s.watched()))
	}
	return steps
}

// scoring returns how many steps scoring a number of words takes as long as. A forward
// pass is about a third of a step; a context that is read again costs as much as targets do.
func (s *subject) scoring(n experiment.Network, words int) float64 {
	l := s.evaluation(n).Lengths
	again := float64(l.Extended+l.Target) / float64(l.Target)
	trained := float64(s.Extended+s.Target) / float64(s.Target)
	return float64(words) * again / trained / float64(s.Batch*s.Target) / 3
}

// watched returns the part of the validation text that gives validation curves.
func (s *subject) watched() []int32 {
	const least = 1000
	all := len(s.corpus.Valid)
	return s.corpus.Valid[:experiment.PerEpoch(all, least, s.scoring(experiment.Final, all), float64(s.Steps(experiment.Final))/float64(s.Epochs))]
}

// Prepare implements [experiment.Subject].
func (s *subject) Prepare(o *experiment.Order[*dropout.SequencePattern]) (*experiment.Training, error) {
	n, common := o.Network, o.Common
	model, err := models.NewTransformerXL(s.network(n, o.ModelSeed))
	if err != nil {
		return nil, err
	}
	if common.Policy, err = o.Policy(model.Sites(), s.Apply); err != nil {
		return nil, err
	}
	if n == experiment.Final {
		common.Validate = func(ctx context.Context) (train.Validation, error) {
			score, err := train.EvaluateLanguage(ctx, model, s.watched(), s.evaluation(n))
			return train.Validation{Loss: score.Loss, Score: score.Perplexity()}, err
		}
	}
	trainer, err := train.NewLanguage(model, s.corpus.Train, s.recipe(n, model, common))
	if err != nil {
		return nil, err
	}
	return &experiment.Training{Runner: trainer.Loop, Score: func(ctx context.Context) (runfolder.Score, error) {
		valid, err := trainer.Evaluate(ctx, s.corpus.Valid, s.evaluation(n))
		if n == experiment.Child || err != nil {
			return runfolder.Score{Value: rewardScale / valid.Perplexity(), Valid: valid.Perplexity(), Loss: valid.Loss}, err
		}
		test, err := trainer.Evaluate(ctx, s.corpus.Test, s.evaluation(n))
		return runfolder.Score{Value: test.Perplexity(), Valid: valid.Perplexity(), Loss: test.Loss}, err
	}}, nil
}

// recipe returns how a network is trained. The networks of a search have neither
// random lengths nor an average: they are trained for too few steps.
func (s *subject) recipe(n experiment.Network, model *models.TransformerXL, common train.Common) train.LanguageConfig {
	common.Optimizer = optim.NewAdam(model.Params(), optim.AdamConfig{
		WeightDecay: float32(s.WeightDecay),
		Factor: func(p *autograd.Param) float32 {
			if p.Name == "embedding.weight" {
				return float32(s.WordsRate)
			}
			return 1
		},
	})
	common.ClipNorm, common.Shards, common.Accumulate = float32(s.Clip), s.Shards, s.Accumulate
	c := train.LanguageConfig{
		Epochs: s.epochsOf(n), Batch: s.Batch,
		Lengths:    models.Lengths{Target: s.Target, Memory: s.Memory, Extended: s.Extended},
		Activation: float32(s.Activation), Temporal: float32(s.Temporal),
		Rate: float32(s.Rate), LastRate: float32(s.LastRate), WarmUp: s.WarmUp,
		Common: common,
	}
	if n == experiment.Final {
		c.Jitter, c.MeanEpochs = s.Jitter, s.MeanEpochs
	}
	return c
}

// evaluationRows is in how many rows texts are cut for an evaluation.
const evaluationRows = 10

// evaluation returns how a network is scored: the words that a segment has less
// than in training stand in front of it, as memory where there is one. A child,
// which is scored once and compared with others, is read as it was trained.
func (s *subject) evaluation(n experiment.Network) train.LanguageEvaluation {
	e := train.LanguageEvaluation{Batch: evaluationRows, Lengths: models.Lengths{Target: s.Target, Memory: s.Memory, Extended: s.Extended}}
	if n == experiment.Child {
		return e
	}
	e.Temperature = float32(s.Temperature)
	e.Lengths.Target = s.EvalTarget
	if s.Memory > 0 {
		e.Lengths.Memory += s.Target - s.EvalTarget
	} else {
		e.Lengths.Extended += s.Target - s.EvalTarget
	}
	return e
}
