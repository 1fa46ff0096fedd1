package language

import (
	"flag"

	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/usage"
	"autodropout/dropout"
)

// Recipe says how a network looks and is trained.
type Recipe struct {
	Layers, Width, Heads, Inner int
	Positions                   bool  // every layer projects the encodings of distances
	Cutoffs                     []int // of the adaptive softmax

	Target, Memory, Extended int // lengths of training
	EvalTarget               int // of evaluation; what it is shorter is added to the context
	Jitter                   bool
	Temperature              float64 // of evaluation

	Batch, Shards, Accumulate int
	Epochs, MeanEpochs        int
	Rate, LastRate            float64
	WordsRate                 float64 // factor of the learning rate of word vectors
	WarmUp                    int
	WeightDecay, Clip         float64
	Activation, Temporal      float64

	Dropout float64               // probability of the row Dropout
	Rates   dropout.SequenceRates // of the row variational dropout
}

func (r *Recipe) register(fs *flag.FlagSet) {
	cli.Whole(fs, &r.Layers, "layers", 1, "the `number` of layers")
	cli.Whole(fs, &r.Width, "width", 1, "the width, that is, the `number` of dimensions of word vectors and hidden states: a multiple of -heads")
	cli.Whole(fs, &r.Heads, "heads", 1, "the `number` of attention heads")
	cli.Whole(fs, &r.Inner, "inner", 1, "the `number` of hidden units of the feed-forward parts")
	fs.BoolVar(&r.Positions, "positions", r.Positions, "let every layer project the encodings of distances, as in the Transformer-XL paper; its script for the Penn Treebank does not")
	cli.Wholes(fs, &r.Cutoffs, "cutoffs", 1, "the ranks of the `words`, separated by commas, at which the clusters of an adaptive softmax begin. Ranks beyond the vocabulary have no effect; no ranks: a plain softmax")

	cli.Whole(fs, &r.Target, "bptt", 1, "the `number` of words of a segment in training")
	cli.Whole(fs, &r.Memory, "memory", 0, "the `number` of hidden states that are remembered from before a segment")
	cli.Whole(fs, &r.Extended, "extended", 0, "the `number` of words before a segment that are read again together with it")
	cli.Whole(fs, &r.EvalTarget, "eval-bptt", 1, "the `number` of words of a segment in an evaluation, at most -bptt; the rest of -bptt lengthens the context")
	fs.BoolVar(&r.Jitter, "jitter", r.Jitter, "train on segments of random lengths, with the learning rate scaled by them")
	cli.Above0(fs, &r.Temperature, "temperature", "the `temperature` of the final predictions, and of written text")

	cli.Whole(fs, &r.Batch, "batch", 1, "the `number` of rows into which the training text is cut")
	cli.Whole(fs, &r.Shards, "shards", 1, "compute a batch in this `number` of parts at the same time")
	cli.Whole(fs, &r.Accumulate, "accumulate", 1, "to save memory, compute each of the -shards parts of a batch in this `number` of pieces, one after another")
	cli.Whole(fs, &r.Epochs, "epochs", 1, "the `number` of epochs of a final training")
	cli.Whole(fs, &r.MeanEpochs, "mean-epochs", 0, "average the weights over this `number` of final epochs, at the last learning rate")
	cli.Above0(fs, &r.Rate, "lr", "the highest learning `rate`")
	cli.NotNegative(fs, &r.LastRate, "last-lr", "the final learning `rate`, which is reached along a cosine")
	cli.Above0(fs, &r.WordsRate, "words-lr", "the `factor` of the learning rate of word vectors")
	cli.Whole(fs, &r.WarmUp, "warm-up", 0, "the `number` of steps of warm-up, in which the learning rate grows to -lr")
	cli.NotNegative(fs, &r.WeightDecay, "weight-decay", "the weight decay `factor`")
	cli.NotNegative(fs, &r.Clip, "clip", "clip gradients to this global `norm`; 0: no clipping")
	cli.NotNegative(fs, &r.Activation, "activation", "the `weight` of the penalty on large outputs")
	cli.NotNegative(fs, &r.Temporal, "temporal", "the `weight` of the penalty on outputs that change fast")

	fs.Float64Var(&r.Dropout, "dropout", r.Dropout, "Dropout's `probability` of dropping an element, at every place but the words")
	experiment.Rates(fs, &r.Rates, "words", "input", "attention", "probability", "inner", "output", "final")
}

// check returns what is wrong with the settings beyond the single flag.
func (r *Recipe) check() error {
	switch {
	case r.Width%r.Heads != 0:
		return usage.Errorf("-width %d is not a multiple of -heads %d", r.Width, r.Heads)
	case r.EvalTarget > r.Target:
		return usage.Errorf("-eval-bptt %d is longer than -bptt %d", r.EvalTarget, r.Target)
	case r.MeanEpochs > r.Epochs:
		return usage.Errorf("-mean-epochs %d is more than -epochs %d", r.MeanEpochs, r.Epochs)
	case r.MeanEpochs == r.Epochs && r.LastRate == 0:
		return usage.Errorf("with -mean-epochs %d of -epochs %d the learning rate is -last-lr all the time, and that is 0: set it, or average over fewer epochs", r.MeanEpochs, r.Epochs)
	case r.Shards*r.Accumulate > r.Batch:
		return usage.Errorf("-batch %d cannot be divided into -shards %d of -accumulate %d pieces", r.Batch, r.Shards, r.Accumulate)
	}
	return nil
}
