package translation

import (
	"flag"

	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/usage"
	"autodropout/dropout"
	"autodropout/models"
)

// Recipe says how a network looks and is trained.
type Recipe struct {
	Layers, Width, Heads, Inner int
	PreNorm                     bool

	Tokens, Longest    int // of a batch, of a sentence; Longest 0: as a batch can hold
	Shards, Accumulate int
	Epochs, MeanEpochs int
	Rate, LastRate     float64
	Schedule           string // inverse-sqrt or cosine
	WarmUp             int
	WeightDecay, Clip  float64
	Smoothing          float64

	Beam    int // of the translations that are scored
	Penalty float64

	Dropout float64               // probability of the row Dropout
	Rates   dropout.SequenceRates // of the row variational dropout
}

// The schedules of the learning rate.
const (
	inverseSqrt = "inverse-sqrt"
	cosine      = "cosine"
)

func (r *Recipe) register(fs *flag.FlagSet) {
	cli.Whole(fs, &r.Layers, "layers", 1, "the `number` of layers of the encoder, and of the decoder")
	cli.Whole(fs, &r.Width, "width", 1, "the `number` of dimensions of word vectors and hidden states, even and a multiple of -heads")
	cli.Whole(fs, &r.Heads, "heads", 1, "the `number` of attention heads")
	cli.Whole(fs, &r.Inner, "inner", 1, "the `number` of dimensions in the middle of the feed-forward parts")
	fs.BoolVar(&r.PreNorm, "pre-norm", r.PreNorm, "normalise before each part of a layer, not after it")

	cli.Whole(fs, &r.Tokens, "tokens", 2, "the largest `size` of a batch: its number of sentence pairs times the words of its longest sentence")
	cli.Whole(fs, &r.Longest, "longest", 0, "the `number` of words, or parts of words, up to which sentences are trained on; 0 is as many as a batch can hold")
	cli.Whole(fs, &r.Shards, "shards", 1, "the `number` of parts of a batch to compute at the same time")
	cli.Whole(fs, &r.Accumulate, "accumulate", 1, "the `number` of pieces in which each of the -shards parts of a batch is computed, one after another, to save memory")
	cli.Whole(fs, &r.Epochs, "epochs", 1, "the `number` of passes over the training text")
	cli.Whole(fs, &r.MeanEpochs, "mean-epochs", 0, "score the mean of the weights at the ends of this `number` of last epochs; 0 is no mean")
	cli.Above0(fs, &r.Rate, "lr", "the highest learning `rate`")
	cli.NotNegative(fs, &r.LastRate, "last-lr", "the learning `rate` at the end of a cosine")
	cli.Choice(fs, &r.Schedule, "schedule", []string{inverseSqrt, cosine}, "how the learning rate falls: `inverse-sqrt or cosine`")
	cli.Whole(fs, &r.WarmUp, "warm-up", 0, "the `number` of steps in which the learning rate grows to its highest")
	cli.NotNegative(fs, &r.WeightDecay, "weight-decay", "the `factor` of weight decay, which acts on the weights and not on gradients")
	cli.NotNegative(fs, &r.Clip, "clip", "the global `norm` that gradients are clipped to; 0 is no clipping")
	cli.Share(fs, &r.Smoothing, "smoothing", "the `share` of a word's probability that is expected of all words alike")

	cli.Whole(fs, &r.Beam, "beam", 1, "the `number` of beginnings of a translation that the search for it extends")
	fs.Float64Var(&r.Penalty, "length-penalty", r.Penalty, "the `exponent` of the length by which log-probabilities of translations are divided")

	fs.Float64Var(&r.Dropout, "dropout", r.Dropout, "Dropout's `probability` of dropping an element, of word vectors and of the outputs of attentions and feed-forward parts")
	experiment.Rates(fs, &r.Rates, "input", "attention", "projection", "probability", "inner", "output", "final")
}

// longest returns the number of words of the longest sentences to train on.
func (r *Recipe) longest() int {
	if r.Longest == 0 {
		return r.Tokens - 1
	}
	return r.Longest
}

func (r *Recipe) search() models.Search { return models.Search{Beam: r.Beam, Penalty: r.Penalty} }

// check returns what is wrong with the settings beyond the single flag.
func (r *Recipe) check() error {
	switch {
	case r.Width%2 != 0 || r.Width%r.Heads != 0:
		return usage.Errorf("-width %d must be even and a multiple of -heads %d", r.Width, r.Heads)
	case r.Longest >= r.Tokens:
		return usage.Errorf("sentences of -longest %d words and their ends do not fit batches of -tokens %d", r.Longest, r.Tokens)
	case r.MeanEpochs > r.Epochs:
		return usage.Errorf("-mean-epochs %d is more than -epochs %d", r.MeanEpochs, r.Epochs)
	case r.search().Check() != nil:
		return usage.Errorf("%v", r.search().Check())
	}
	return nil
}
