// Command wmt reproduces the WMT-14 English-French row of the AutoDropout paper (Pham
// and Le, arXiv 2101.01761) at a scale of one's choice: it trains a
// Transformer-Base with a dropout pattern that was learned for a language model,
// with patterns that it searches on a small budget, and with hand-made dropout, and
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

// The recipe is that of the base model (Vaswani et al., arXiv 1706.03762): 25,000
// tokens of each language in a batch, 100,000 steps, which are about two and a half
// epochs.
var benchmark = translation.Benchmark{
	Name:  "wmt",
	Title: "WMT-14 En-Fr",
	Open:  bitext.OpenWMT14,
	Paper: &runfolder.Paper{Value: 40.0, Setting: "Transformer-Base, pattern found on Penn Treebank"},
	Texts: bitext.TextsLikeWMT14(),
	Recipe: translation.Recipe{
		Layers: 6, Width: 512, Heads: 8, Inner: 2048,
		Tokens: 25000, Longest: 255, Shards: 2, Accumulate: 4, Epochs: 3,
		Rate: 7e-4, Schedule: "inverse-sqrt", WarmUp: 4000, Smoothing: 0.1,
		Beam: 4, Penalty: 0.6,
		Dropout: 0.1, Rates: dropout.SequenceRates{Input: 0.1, Projection: 0.1, Output: 0.1},
	},
}
