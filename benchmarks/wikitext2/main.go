// Command wikitext2 trains Transformer-XL on WikiText-2 as the AutoDropout paper
// (Pham and Le, arXiv 2101.01761) did, at a scale of one's choice: it searches a
// dropout pattern with the controller and at random, trains the model with each
// and with hand-made dropout, and prints the perplexities. The paper's number is
// not confirmed, so it is not printed. Run it with -h for the flags.
package main

import (
	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/language"
	"autodropout/data"
	"autodropout/dropout"
)

func main() { cli.Main(benchmark.Run) }

// The recipe is the one with which others reached a perplexity of 63.36: 125,000
// steps are 287 epochs.
var benchmark = language.Benchmark{
	Name:  "wikitext2",
	Title: "WikiText-2",
	Open:  data.OpenWikiText2,
	Recipe: language.Recipe{
		Layers: 16, Width: 400, Heads: 10, Inner: 900, Positions: true,
		Target: 150, Memory: 150, EvalTarget: 75, Temperature: 1,
		Batch: 32, Shards: 2, Accumulate: 4, Epochs: 287,
		Rate: 3.5e-4, WordsRate: 1, WarmUp: 3000, Clip: 0.25,
		Dropout: 0.2,
		Rates:   dropout.SequenceRates{Words: 0.3, Input: 0.7, Attention: 0.2, Probability: 0.2, Inner: 0.2, Output: 0.2, Final: 0.5},
	},
	// What is this corpus' own: a longer memory, encodings of distances that every layer
	// projects, and clusters of rare words.
	Quick: func(r *language.Recipe) {
		r.Memory, r.Positions, r.Cutoffs = 96, true, []int{50, 150}
	},
}
