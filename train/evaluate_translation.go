package train

import (
	"context"
	"fmt"

	"autodropout/data/text/bitext"
	"autodropout/layers"
	"autodropout/models"
)

// EvaluateTranslation scores a model on all sentence pairs, in batches of at most
// the given number of places (see [TranslationConfig]) or one pair. It predicts the
// words of the targets and their ends. When ctx is cancelled it returns the cause.
func EvaluateTranslation(ctx context.Context, model *models.Transformer, pairs *bitext.Dataset, places int) (LanguageScore, error) {
	if pairs.Len() == 0 {
		return LanguageScore{}, fmt.Errorf("train: there are no sentence pairs to evaluate")
	}
	batches := bitext.NewBatches(pairs.Len(), pairs.Lengths, bitext.BatchConfig{Tokens: places})
	c := layers.Ctx{Tape: takeTape()}
	defer giveTape(c.Tape)
	score := LanguageScore{}
	for i := range batches.Len() {
		if ctx.Err() != nil {
			return LanguageScore{}, context.Cause(ctx)
		}
		sources, targets, err := pairs.Pairs(batches.Batch(i))
		if err != nil {
			return LanguageScore{}, err
		}
		words := predicted(targets)
		score.Loss += float64(words) * float64(model.Loss(&c, sources, targets, 0).Item())
		score.Words += words
		c.Tape.Reset()
	}
	score.Loss /= float64(score.Words)
	return score, nil
}

// Translate translates sentences in batches. A batch has at most the given number of
// places, all versions in a beam counted, or else a single sentence. When ctx is cancelled
// it returns the cause.
func Translate(ctx context.Context, model *models.Transformer, sources [][]int32, search models.Search, places int) ([][]models.Translation, error) {
	if err := search.Check(); err != nil {
		return nil, err
	}
	batches := bitext.NewBatches(len(sources), func(i int) (source, target int) { return len(sources[i]), 0 },
		bitext.BatchConfig{Tokens: places / max(1, search.Beam)})
	found := make([][]models.Translation, len(sources))
	for i := range batches.Len() {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		batch := batches.Batch(i)
		batched := make([][]int32, len(batch))
		for k, sentence := range batch {
			batched[k] = sources[sentence]
		}
		for k, translations := range model.Translate(batched, search) {
			found[batch[k]] = translations
		}
	}
	return found, nil
}
