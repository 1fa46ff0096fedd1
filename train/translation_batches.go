package train

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"autodropout/autograd"
	"autodropout/layers"
	"autodropout/models"
)

// longest returns the length of the longer sentence, its end counted.
func (p *SentencePair) longest() int { return max(len(p.Source), len(p.Target)) + 1 }

// sentenceBatches divides pairs into batches of at most the given number of places,
// pairs of like length together. It returns their indices.
func sentenceBatches(pairs []SentencePair, places int) ([][]int, error) {
	order := make([]int, len(pairs))
	for i := range pairs {
		order[i] = i
		if n := pairs[i].longest(); n > places {
			return nil, fmt.Errorf("train: sentence pair %d has %d words, its end counted, more than the %d places of a batch: leave such pairs out or make batches larger", i, n, places)
		}
	}
	slices.SortStableFunc(order, func(i, j int) int {
		return cmp.Or(cmp.Compare(len(pairs[i].Target), len(pairs[j].Target)), cmp.Compare(len(pairs[i].Source), len(pairs[j].Source)))
	})
	var batches [][]int
	start, longest := 0, 0
	for at, i := range order {
		n := max(longest, pairs[i].longest())
		if (at-start+1)*n > places {
			batches = append(batches, order[start:at])
			start, n = at, pairs[i].longest()
		}
		longest = n
	}
	if start < len(order) {
		batches = append(batches, order[start:])
	}
	return batches, nil
}

// EvaluateTranslation scores a model on sentence pairs, in batches of at most the
// given number of places (see [TranslationConfig]). It predicts the words of the
// targets and their ends. When ctx is cancelled it returns the cause.
func EvaluateTranslation(ctx context.Context, model *models.Transformer, pairs []SentencePair, places int) (LanguageScore, error) {
	if len(pairs) == 0 {
		return LanguageScore{}, fmt.Errorf("train: there are no sentence pairs to evaluate")
	}
	batches, err := sentenceBatches(pairs, places)
	if err != nil {
		return LanguageScore{}, err
	}
	c := layers.Ctx{Tape: autograd.NewInference()}
	score := LanguageScore{}
	for _, batch := range batches {
		if ctx.Err() != nil {
			return LanguageScore{}, context.Cause(ctx)
		}
		sources, targets, words := side(pairs, batch)
		score.Loss += float64(words) * float64(model.Loss(&c, sources, targets, 0).Item())
		score.Words += words
		c.Tape.Reset()
	}
	score.Loss /= float64(score.Words)
	return score, nil
}

// Translate translates sentences, in batches that have at most the given number of
// places for all versions in a beam, or else one sentence. When ctx is cancelled
// it returns the cause.
func Translate(ctx context.Context, model *models.Transformer, sources [][]int32, search models.Search, places int) ([][]models.Translation, error) {
	if err := search.Check(); err != nil {
		return nil, err
	}
	places /= max(1, search.Beam)
	pairs := make([]SentencePair, len(sources))
	for i, s := range sources {
		pairs[i].Source = s
		places = max(places, pairs[i].longest())
	}
	batches, err := sentenceBatches(pairs, places)
	if err != nil {
		return nil, err
	}
	found := make([][]models.Translation, len(sources))
	for _, batch := range batches {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		batched, _, _ := side(pairs, batch)
		for i, translations := range model.Translate(batched, search) {
			found[batch[i]] = translations
		}
	}
	return found, nil
}
