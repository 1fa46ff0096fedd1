package train

import (
	"context"
	"fmt"
	"math"

	"autodropout/autograd"
	"autodropout/layers"
	"autodropout/models"
)

// LanguageScore is how well a model predicts a text.
type LanguageScore struct {
	Words int     // that were predicted: all but the first
	Loss  float64 // mean negative log-probability of a word, in nats
}

// Perplexity returns exp(Loss).
func (s LanguageScore) Perplexity() float64 { return math.Exp(s.Loss) }

// LanguageEvaluation says how a text is read. Its zero value reads one row in
// segments of 70 words without any context before them.
type LanguageEvaluation struct {
	// Batch is the number of rows into which the text is cut, read side by side; 0 means 1.
	// The model does not know the words before a row.
	Batch int

	// Lengths are those of the segments; a Target of 0 means 70. A short target
	// behind a long extended context slides over the text: every word is
	// predicted from nearly as many words before it.
	Lengths models.Lengths

	// Temperature is that of the predictions, see
	// [models.TransformerXL.LogProbs]; 0 means 1.
	Temperature float32
}

// EvaluateLanguage scores a model on a text of word ids, of which it predicts
// every word but the first. When ctx is cancelled it returns the cause.
func EvaluateLanguage(ctx context.Context, model *models.TransformerXL, text []int32, config LanguageEvaluation) (LanguageScore, error) {
	if config.Batch == 0 {
		config.Batch = 1
	}
	if config.Lengths.Target == 0 {
		config.Lengths.Target = 70
	}
	if config.Temperature == 0 {
		config.Temperature = 1
	}
	words := len(text) - 1
	if words < config.Batch || config.Batch < 1 {
		return LanguageScore{}, fmt.Errorf("train: a text of %d words cannot be evaluated in %d rows: each needs two words or more", len(text), config.Batch)
	}
	e := evaluation{model: model, config: config, tape: takeTape()}
	defer giveTape(e.tape)
	row := words / config.Batch
	var memory *models.Memory
	for start := 0; start < row && ctx.Err() == nil; {
		lengths := config.Lengths
		lengths.Target = min(lengths.Target, row-start)
		memory = e.score(text, row, start, lengths, memory)
		start += lengths.Target
	}
	if rest := words - config.Batch*row; rest > 0 && ctx.Err() == nil {
		// The last words, too few for all rows, are read behind as many words.
		e.config.Batch = 1
		e.score(text, words, words-rest, models.Lengths{Target: rest, Extended: config.Lengths.Memory + config.Lengths.Extended}, nil)
	}
	if ctx.Err() != nil {
		return LanguageScore{}, context.Cause(ctx)
	}
	return LanguageScore{Words: e.words, Loss: e.loss / float64(e.words)}, nil
}

// evaluation sums up the losses of a text.
type evaluation struct {
	model  *models.TransformerXL
	config LanguageEvaluation
	tape   *autograd.Tape
	words  int
	loss   float64
}

// score predicts the words from start+1 on of all rows, whose first words are
// row apart, and returns the memory behind them.
func (e *evaluation) score(text []int32, row, start int, l models.Lengths, memory *models.Memory) *models.Memory {
	context := min(l.Extended, start)
	var inputs, targets []int
	for r := range e.config.Batch {
		at := r*row + start
		for _, id := range text[at-context : at+l.Target] {
			inputs = append(inputs, int(id))
		}
		for _, id := range text[at+1 : at+1+l.Target] {
			targets = append(targets, int(id))
		}
	}
	c := layers.Ctx{Tape: e.tape}
	out := e.model.Forward(&c, models.Segment{N: e.config.Batch, Inputs: inputs, Memory: memory}, l)
	for _, p := range e.model.LogProbs(&c, out.Dropped, targets, e.config.Temperature).Data() {
		e.loss -= float64(p)
	}
	e.words += len(targets)
	e.tape.Reset()
	return out.Memory
}
