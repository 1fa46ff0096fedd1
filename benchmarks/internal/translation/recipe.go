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
	cli.Whole(fs, &r.Width, "width", 1, "the width, that is, the `number` of dimensions of word vectors and hidden states: even and a multiple of -heads")
	cli.Whole(fs, &r.Heads, "heads", 1, "the `number` of attention heads")
	cli.Whole(fs, &r.Inner, "inner", 1, "the `number` of hidden units of the feed-forward parts")
	fs.BoolVar(&r.PreNorm, "pre-norm", r.PreNorm, "normalise before each part of a layer, not after it")

	cli.Whole(fs, &r.Tokens, "tokens", 2, "the largest `size` of a batch, in tokens: its sentence pairs times the words of its longest sentence")
	cli.Whole(fs, &r.Longest, "longest", 0, "train on sentences of at most this `number` of words or parts of words; 0: as many as a batch can hold")
	cli.Whole(fs, &r.Shards, "shards", 1, "compute a batch in this `number` of parts at the same time")
	cli.Whole(fs, &r.Accumulate, "accumulate", 1, "to save memory, compute each of the -shards parts of a batch in this `number` of pieces, one after another")
	cli.Whole(fs, &r.Epochs, "epochs", 1, "the `number` of passes over the training text")
	cli.Whole(fs, &r.MeanEpochs, "mean-epochs", 0, "score the mean of the weights at the ends of the last epochs, this `number` of them; 0: no mean")
	cli.Above0(fs, &r.Rate, "lr", "the highest learning `rate`")
	cli.NotNegative(fs, &r.LastRate, "last-lr", "the final learning `rate` of the schedule cosine")
	cli.Choice(fs, &r.Schedule, "schedule", []string{inverseSqrt, cosine}, "how the learning rate falls: `inverse-sqrt or cosine`")
	cli.Whole(fs, &r.WarmUp, "warm-up", 0, "the `number` of steps of warm-up, in which the learning rate grows to -lr")
	cli.NotNegative(fs, &r.WeightDecay, "weight-decay", "the weight decay `factor`, decoupled from the gradients")
	cli.NotNegative(fs, &r.Clip, "clip", "clip gradients to this global `norm`; 0: no clipping")
	cli.Share(fs, &r.Smoothing, "smoothing", "label smoothing: the `share` of a word's probability that is spread evenly over all words")

	cli.Whole(fs, &r.Beam, "beam", 1, "the beam size: the `number` of partial translations that beam search extends")
	fs.Float64Var(&r.Penalty, "length-penalty", r.Penalty, "the length penalty: beam search divides log-probabilities by the length to this `exponent`")

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
