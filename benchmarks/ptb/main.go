// Command ptb reproduces the Penn Treebank row of the AutoDropout paper (Pham
// and Le, arXiv 2101.01761) at a scale of one's choice: it searches a dropout
// pattern for a Transformer-XL with the controller and at random, trains the
// model with each and with hand-made dropout, and prints the perplexities beside
// the paper's. Run it with -h for the flags.
package main

import (
	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/language"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/data"
	"autodropout/dropout"
)

func main() { cli.Main(benchmark.Run) }

// The recipe is that of Transformer-XL's released script for this corpus (see
// doc/decisions.md for what it leaves open).
var benchmark = language.Benchmark{
	Name:  "ptb",
	Title: "the Penn Treebank",
	Open:  data.OpenPTB,
	Paper: &runfolder.Paper{Valid: 58.1, Value: 54.9, Setting: "Transformer-XL"},
	Recipe: language.Recipe{
		Layers: 16, Width: 380, Heads: 10, Inner: 900,
		Target: 70, Extended: 70, EvalTarget: 35, Jitter: true, Temperature: 1.08,
		Batch: 10, Shards: 2, Accumulate: 1, Epochs: 175, MeanEpochs: 50,
		Rate: 3e-4, LastRate: 1e-4, WordsRate: 2, WarmUp: 3000, WeightDecay: 1.2e-6, Clip: 0.25, Activation: 0.2, Temporal: 0.1,
		Dropout: 0.2,
		Rates:   dropout.SequenceRates{Words: 0.2, Input: 0.6, Attention: 0.2, Probability: 0.2, Inner: 0.2, Output: 0.2, Final: 0.5},
	},
}
