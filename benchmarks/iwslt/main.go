// Command iwslt reproduces the IWSLT-14 German-English row of the AutoDropout paper
// (Pham and Le, arXiv 2101.01761) at a scale of one's choice: it trains a
// Transformer with a dropout pattern that was learned for a language model, with
// patterns that it searches on a small budget, and with hand-made dropout, and
// prints BLEU beside the paper's. Run it with -h for the flags.
package main

import (
	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/benchmarks/internal/translation"
	"autodropout/data/text/bitext"
	"autodropout/dropout"
)

func main() { cli.Main(benchmark.Run) }

// The recipe is fairseq's for its transformer_iwslt_de_en (see doc/decisions.md for
// what it leaves open).
var benchmark = translation.Benchmark{
	Name:  "iwslt",
	Title: "IWSLT-14 De-En",
	Open:  bitext.OpenIWSLT14,
	Paper: &runfolder.Paper{Value: 35.8, Setting: "Transformer-Base, pattern found on Penn Treebank"},
	Texts: bitext.TextsLikeIWSLT14(),
	Recipe: translation.Recipe{
		Layers: 6, Width: 512, Heads: 4, Inner: 1024,
		Tokens: 4096, Longest: 1023, Shards: 2, Accumulate: 1, Epochs: 50, MeanEpochs: 10,
		Rate: 5e-4, Schedule: "inverse-sqrt", WarmUp: 4000, WeightDecay: 1e-4, Smoothing: 0.1,
		Beam: 5, Penalty: 1,
		Dropout: 0.3, Rates: dropout.SequenceRates{Input: 0.3, Projection: 0.3, Output: 0.3},
	},
}
