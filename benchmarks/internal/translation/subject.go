package translation

import (
	"context"
	"fmt"
	"math"

	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/benchmarks/internal/sheet"
	"autodropout/controller"
	"autodropout/data/text/bitext"
	"autodropout/data/text/metric"
	"autodropout/dropout"
	"autodropout/models"
	"autodropout/optim"
	"autodropout/train"
)

// subject is what the experiment is about: a Transformer on sentence pairs.
type subject struct {
	config
	experiment.Sequences
	corpus  *bitext.Corpus
	batches int // in an epoch
}

// Decode implements [experiment.Subject]. The wide space has a place for whole words,
// which these networks have not: nothing is dropped there.
func (s *subject) Decode(space dropout.Space, tokens []int, origin dropout.Origin) (*dropout.SequencePattern, error) {
	pattern, err := s.Sequences.Decode(space, tokens, origin)
	if err == nil {
		const words = 7 // of the places
		pattern.Places[words].Drop = 0
	}
	return pattern, err
}

// About implements [experiment.Subject].
func (s *subject) About() experiment.About {
	final, child := s.network(experiment.Final, 0), s.network(experiment.Child, 0)
	tokens, text := s.metrics()
	about := experiment.About{
		Name: s.benchmark.Name, Task: "translation", Dataset: s.corpus.Name,
		Split: "test", Metric: "BLEU", Higher: true, Item: "words",
		Model: describe(final), Child: describe(child),
		Also: []string{"valid BLEU", "test sacreBLEU"},
		Notes: []string{
			fmt.Sprintf("BLEU is on tokens, as multi-bleu computes it (%s); sacreBLEU is on text (%s).", tokens.Signature(1), text.Signature(1)),
		},
	}
	if s.transfers() {
		if pattern, err := learned(); err == nil {
			about.Notes = append(about.Notes, fmt.Sprintf("The transferred pattern is the built-in one, found on the %s with %s (%s); -pattern takes another.",
				pattern.Origin.Task, pattern.Origin.Model, pattern.Origin.Search))
		}
	}
	about.Curves = experiment.Curves{On: "the validation text", Metric: "perplexity"}
	if watched, all := s.watched().Len(), s.corpus.Valid.Pairs.Len(); watched < all {
		about.Curves.On = fmt.Sprintf("the first %d of the %d pairs of the validation text", watched, all)
	}
	about.Trial = controller.Task{Network: about.Child, Data: about.Dataset, Unit: "pairs", Train: s.corpus.Train.Len(),
		Epochs: s.searchEpochs, Reward: "exp(-loss)", Split: "validation", Valid: s.corpus.Valid.Pairs.Len()}
	about.Data = func() string {
		return fmt.Sprintf("%s-%08x-%08x", vocabulary(s.corpus), s.corpus.Train.Checksum(), s.corpus.Valid.Pairs.Checksum())
	}
	about.Reads = func() string {
		return fmt.Sprintf("%s-%08x-%08x-%08x", vocabulary(s.corpus), s.corpus.Train.Checksum(), s.corpus.Valid.Checksum(), s.corpus.Test.Checksum())
	}
	about.Reward = sheet.Reward{
		Where: "validation text", Shown: "valid perplexity",
		Show:  func(reward float64) string { return fmt.Sprintf("%.2f", 1/reward) },
		Scale: func(reward float64) float64 { return 1 / reward },
	}
	return about
}

// vocabulary returns a checksum of the words of both languages.
func vocabulary(c *bitext.Corpus) string {
	return fmt.Sprintf("%08x-%08x", c.Source.Checksum(), c.Target.Checksum())
}

func describe(c models.TransformerConfig) string {
	return fmt.Sprintf("Transformer-%d-%d", c.Layers, c.Width)
}

// metrics returns BLEU for tokens and for text.
func (s *subject) metrics() (tokens, text metric.BLEU) {
	lower := s.corpus.Style.Lowercase
	return metric.BLEU{Tokenized: true, Lowercase: lower}, metric.BLEU{Lowercase: lower}
}

// network returns the configuration of a network.
func (s *subject) network(n experiment.Network, seed uint64) models.TransformerConfig {
	c := models.TransformerConfig{SourceVocab: s.corpus.Source.Len(), TargetVocab: s.corpus.Target.Len(),
		Layers: s.Layers, Width: s.Width, Heads: s.Heads, Inner: s.Inner, PreNorm: s.PreNorm,
		SharedOutput: true, SharedVocab: s.corpus.Joint, Begin: bitext.Begin, End: bitext.End, Seed: seed}
	if n == experiment.Child {
		c.Layers, c.Width, c.Inner = s.searchLayers, s.searchWidth, s.searchInner
	}
	return c
}

func (s *subject) epochsOf(n experiment.Network) int {
	if n == experiment.Child {
		return s.searchEpochs
	}
	return s.Epochs
}

// Steps implements [experiment.Subject].
func (s *subject) Steps(n experiment.Network) int { return s.epochsOf(n) * s.batches }

// TestSteps implements [experiment.Subject]. Translations are computed a word at a time,
// which was measured to take translatedWord of what their places take in training.
func (s *subject) TestSteps(n experiment.Network) float64 {
	const translatedWord = 0.5
	valid, test := targetWords(s.corpus.Valid.Pairs), targetWords(s.corpus.Test.Pairs)
	if n == experiment.Child {
		return s.scoring(valid)
	}
	return s.scoring(test) + float64(s.Epochs)*s.scoring(targetWords(s.watched())) + translatedWord*float64(s.Beam)*(valid+test)/float64(s.Tokens)
}

// scoring returns how many steps scoring a number of words takes as long as: a forward
// pass is about a third of a step.
func (s *subject) scoring(words float64) float64 { return words / 3 / float64(s.Tokens) }

// targetWords returns how many words are predicted.
func targetWords(d *bitext.Dataset) (words float64) {
	for i := range d.Len() {
		_, target := d.Lengths(i)
		words += float64(target + 1)
	}
	return words
}

// watched returns the part of the validation text that gives validation curves.
func (s *subject) watched() *bitext.Dataset {
	const least = 100
	all := s.corpus.Valid.Pairs
	return all.First(experiment.PerEpoch(all.Len(), least, s.scoring(targetWords(all)), float64(s.batches)))
}

// Prepare implements [experiment.Subject].
func (s *subject) Prepare(o *experiment.Order[*dropout.SequencePattern]) (*experiment.Training, error) {
	n, common := o.Network, o.Common
	model, err := models.NewTransformer(s.network(n, o.ModelSeed))
	if err != nil {
		return nil, err
	}
	if common.Policy, err = o.Policy(model.Sites(), s.Apply); err != nil {
		return nil, err
	}
	if n == experiment.Final {
		watched := s.watched()
		common.Validate = func(ctx context.Context) (train.Validation, error) {
			score, err := train.EvaluateTranslation(ctx, model, watched, s.Tokens)
			return train.Validation{Loss: score.Loss, Score: score.Perplexity()}, err
		}
	}
	trainer, err := train.NewTranslation(model, s.corpus.Train, s.recipe(n, model, common))
	if err != nil {
		return nil, err
	}
	score := func(ctx context.Context) (runfolder.Score, error) { return s.score(ctx, trainer) }
	if n == experiment.Child {
		score = func(ctx context.Context) (runfolder.Score, error) {
			valid, err := trainer.Evaluate(ctx, s.corpus.Valid.Pairs)
			return runfolder.Score{Value: math.Exp(-valid.Loss), Valid: math.Exp(valid.Loss), Loss: valid.Loss}, err
		}
	}
	return &experiment.Training{Runner: trainer.Loop, Score: score}, nil
}

// score translates the validation and the test text.
func (s *subject) score(ctx context.Context, trainer *train.TranslationTrainer) (runfolder.Score, error) {
	test, err := trainer.Evaluate(ctx, s.corpus.Test.Pairs)
	if err != nil {
		return runfolder.Score{}, err
	}
	valid, err := s.translations(ctx, trainer, s.corpus.Valid)
	if err != nil {
		return runfolder.Score{}, err
	}
	tested, err := s.translations(ctx, trainer, s.corpus.Test)
	if err != nil {
		return runfolder.Score{}, err
	}
	tokens, text := s.metrics()
	plain := make([]string, len(tested))
	for i, translation := range tested {
		plain[i] = s.corpus.Detokenize(translation)
	}
	var bleu [3]metric.BLEUScore
	for i, c := range []struct {
		metric             metric.BLEU
		found, translation []string
	}{{tokens, tested, s.corpus.Test.Tokens}, {tokens, valid, s.corpus.Valid.Tokens}, {text, plain, s.corpus.Test.Text}} {
		if bleu[i], err = c.metric.Score(c.found, c.translation); err != nil {
			return runfolder.Score{}, err
		}
	}
	return runfolder.Score{Value: bleu[0].Value, Loss: test.Loss, Also: []float64{bleu[1].Value, bleu[2].Value}}, nil
}

// better compares two scores by the validation text.
func better(a, b runfolder.Score) bool { return a.Also[0] > b.Also[0] }

// translations returns the tokens of a text's translations.
func (s *subject) translations(ctx context.Context, trainer *train.TranslationTrainer, part bitext.Part) ([]string, error) {
	found, err := trainer.Translate(ctx, part.Sources, s.search())
	if err != nil {
		return nil, err
	}
	return s.tokens(found), nil
}

// tokens returns the best translations as tokens.
func (s *subject) tokens(found [][]models.Translation) []string {
	tokens := make([]string, len(found))
	for i, translations := range found {
		tokens[i] = s.corpus.Decode(translations[0].Words)
	}
	return tokens
}

// recipe returns how a network is trained. The networks of a search have no average:
// they are trained for too few steps.
func (s *subject) recipe(n experiment.Network, model *models.Transformer, common train.Common) train.TranslationConfig {
	common.Optimizer = optim.NewAdam(model.Params(), optim.AdamConfig{Beta2: 0.98, WeightDecay: float32(s.WeightDecay), Decoupled: true})
	common.ClipNorm, common.Shards, common.Accumulate = float32(s.Clip), s.Shards, s.Accumulate
	if common.Schedule == nil && s.Schedule == cosine {
		common.Schedule = optim.WarmUp(s.WarmUp, optim.CosineTo(float32(s.Rate), float32(s.LastRate), s.Steps(n)))
	}
	c := train.TranslationConfig{
		Epochs: s.epochsOf(n), Tokens: s.Tokens, Longest: s.longest(),
		Smoothing: float32(s.Smoothing), Rate: float32(s.Rate), WarmUp: s.WarmUp, Common: common,
	}
	if n == experiment.Final {
		c.MeanEpochs = s.MeanEpochs
	}
	return c
}
