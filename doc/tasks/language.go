package main

import (
	"context"
	"fmt"
	"io"
	"iter"
	"math"

	"autodropout/autograd"
	"autodropout/data"
	"autodropout/layers"
	"autodropout/ops"
	"autodropout/optim"
	"autodropout/train"
)

// language is a task: an LSTM that predicts the next word of some texts at once. The
// texts lie side by side and are cut into segments; the state goes on from one to the
// next.
type language struct {
	params    *autograd.Params
	embedding *layers.Embedding
	lstm      *layers.LSTM
	dropout   *layers.Dropout
	output    *layers.Linear
	vocab     int
	words     []int
	state     *layers.RecurrentState // behind the last segment; nil: zeros
}

const (
	languageTexts   = 16
	languageSegment = 20
	languageEpochs  = 4
)

func newLanguage(corpus *data.Corpus) *language {
	const width = 64
	s := layers.NewScope(1)
	t := &language{
		params: s.Params(), vocab: len(corpus.Words),
		embedding: layers.NewEmbedding(s.Sub("embedding"), layers.EmbeddingConfig{Count: len(corpus.Words), Dim: width, Weight: layers.Normal(0.1)}),
		lstm:      layers.NewLSTM(s.Sub("lstm"), layers.RecurrentConfig{In: width, Hidden: width, Layers: 2, Dropout: 0.1}),
		dropout:   layers.NewDropout("output", 0.1),
		output:    layers.NewLinear(s.Sub("output"), layers.LinearConfig{In: width, Out: len(corpus.Words)}),
	}
	for _, word := range corpus.Train {
		t.words = append(t.words, int(word))
	}
	return t
}

func (t *language) Params() *autograd.Params { return t.params }
func (t *language) Steps() int               { return languageEpochs * t.segments() }
func (t *language) Identity() any {
	return fmt.Sprintf("%d words in %d texts", len(t.words), languageTexts)
}

// segments is how many segments a text has, each with its next words.
func (t *language) segments() int { return (len(t.words)/languageTexts - 1) / languageSegment }

// segment returns the words of a segment of all texts, and those that follow each.
func (t *language) segment(index int) (inputs, targets []int) {
	length := len(t.words) / languageTexts
	for text := range languageTexts {
		at := text*length + index*languageSegment
		inputs = append(inputs, t.words[at:at+languageSegment]...)
		targets = append(targets, t.words[at+1:at+1+languageSegment]...)
	}
	return inputs, targets
}

// Batches yields segments; a text begins anew with every epoch.
func (t *language) Batches(ctx context.Context, from int) iter.Seq2[train.Batch, error] {
	return train.Epochs(ctx, from, t.segments(), func(epoch, index int) (train.Batch, error) {
		if index == 0 {
			t.state = nil
		}
		inputs, targets := t.segment(index)
		var end *layers.RecurrentState
		return train.Batch{
			Examples: languageTexts, Size: len(targets),
			Loss: func(c *layers.Ctx, p *train.Part) (*autograd.Tensor, error) {
				var loss *autograd.Tensor
				loss, end = t.loss(c, inputs, targets, languageTexts, t.state)
				end = end.Constant()
				return loss, nil
			},
			Done: func(*train.Step) { t.state = end },
		}, nil
	})
}

// loss is the mean of minus the logarithms of what the words that follow were given.
func (t *language) loss(c *layers.Ctx, inputs, targets []int, texts int, state *layers.RecurrentState) (*autograd.Tensor, *layers.RecurrentState) {
	x := t.embedding.Forward(c, inputs, texts, len(inputs)/texts)
	y, end := t.lstm.Run(c, x, state, nil)
	logits := t.output.Forward(c, t.dropout.Forward(c, y))
	return ops.CrossEntropy(ops.Reshape(logits, len(targets), t.vocab), targets, ops.CrossEntropySpec{}), end
}

// State and Restore make a checkpoint hold what the LSTM remembers.
func (t *language) State() []layers.Array {
	if t.state == nil {
		return nil
	}
	array := func(name string, x *autograd.Tensor) layers.Array {
		return layers.Array{Name: name, Shape: x.Shape(), Data: x.Data()}
	}
	return []layers.Array{array("hidden", t.state.Hidden), array("cell", t.state.Cell)}
}

func (t *language) Restore(state []layers.Array) error {
	if t.state = nil; len(state) == 0 {
		return nil
	}
	if len(state) != 2 {
		return fmt.Errorf("a checkpoint with %d arrays of state, not 2, is not of this network", len(state))
	}
	t.state = &layers.RecurrentState{Hidden: autograd.FromSlice(state[0].Data, state[0].Shape...), Cell: autograd.FromSlice(state[1].Data, state[1].Shape...)}
	return nil
}

// perplexity returns that of a text, read as one.
func (t *language) perplexity(words []int32) float64 {
	ids := make([]int, len(words))
	for i, word := range words {
		ids[i] = int(word)
	}
	loss, _ := t.loss(&layers.Ctx{Tape: autograd.NewInference()}, ids[:len(ids)-1], ids[1:], 1, nil)
	return math.Exp(float64(loss.Item()))
}

// model trains the language model on the built-in language.
func model(ctx context.Context, words int, w io.Writer) error {
	corpus, err := data.SyntheticLanguage(data.LanguageConfig{Train: words, Valid: 2000, Test: 2000})
	if err != nil {
		return err
	}
	task := newLanguage(corpus)
	loop, err := train.NewLoop(task, train.Common{ClipNorm: 1, Schedule: optim.Cosine(0.01, task.Steps())})
	if err != nil {
		return err
	}
	before := task.perplexity(corpus.Valid)
	if err := loop.Run(ctx); err != nil {
		return err
	}
	fmt.Fprintf(w, "perplexity %.0f before, %.1f after %d steps; who knows the rules has %.1f\n",
		before, task.perplexity(corpus.Valid), loop.Done(), math.Exp(corpus.ValidEntropy))
	return nil
}
