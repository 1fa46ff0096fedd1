package language

import (
	"flag"
	"fmt"
	"slices"

	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/sheet"
	"autodropout/benchmarks/internal/usage"
	"autodropout/controller"
	"autodropout/dropout"
	"autodropout/models"
)

// config holds the settings of a run.
type config struct {
	experiment.Plan
	Recipe
	benchmark *Benchmark

	data                string
	trainSize, testSize int // words; 0: all

	searchLayers, searchWidth, searchInner int
	searchEpochs                           int

	generate int // words
	prompt   string
}

func (b *Benchmark) command() *cli.Command[config] {
	return &cli.Command[config]{
		Name: b.Name,
		Summary: fmt.Sprintf(`
Searches dropout patterns for a Transformer-XL on %s. Trains the model with the best patterns and with hand-made
dropout. Prints perplexities beside the AutoDropout paper's, where one is confirmed.

  go run ./benchmarks/%[2]s
        the whole pipeline in minutes, on a built-in language if there is no corpus
  go run ./benchmarks/%[2]s -data %[2]s
        download %[1]s first
  go run ./benchmarks/%[2]s -pattern best.json
        train with a pattern that was learned before
  go run ./benchmarks/%[2]s -resume -out runs/NAME
        continue a run that was stopped
  go run ./benchmarks/%[2]s -resume -out runs/NAME -generate 100 -prompt "the market"
        write text with the best model that the run has trained

A search scores a pattern by 80/perplexity on the validation text. A pattern of the paper's space acts inside the layers;
words, word vectors and the last output then keep the variational dropout of the flags.`, b.Title, b.Name),
		Presets: []cli.Preset[config]{
			{Name: "quick", Help: "the full pipeline at toy scale, in minutes: a demonstration, not evidence", Config: b.quick()},
			{Name: "built-in", Help: "a model that comes near the least perplexity of the built-in language, in an hour or two", Config: b.builtIn()},
			{Name: "study", Help: "100,000 words, where regularisation matters, a small model, tuned baselines: hours on a small machine", Config: b.study()},
			{Name: "paper", Help: "the paper's scale; prints how long that takes", Config: b.paper()},
		},
		Register: func(fs *flag.FlagSet, c *config) { c.register(fs) },
		Topics:   experiment.Topics,
		Free:     append([]string{"generate", "prompt"}, experiment.FreeFlags...),
		Before:   experiment.Before,
	}
}

// paper is the recipe of the benchmark. The number of trials, the network that
// they train and for how long were not published: they are choices of this
// program.
func (b *Benchmark) paper() config {
	c := config{benchmark: b, Recipe: b.Recipe, data: "auto"}
	c.Plan = experiment.Plan{Methods: []string{"none", "dropout", "variational", "random", "autodropout"}, Seeds: 3, Trials: 500, InFlight: 8, Algorithm: string(experiment.Algorithm), StartShare: dropout.MildSequence}
	c.searchLayers, c.searchWidth, c.searchInner, c.searchEpochs = 4, 20*c.Heads, 400, 10
	return c
}

// builtIn is for the built-in language, of whose five hundred words a small model
// can learn nearly all there is, given enough text.
func (b *Benchmark) builtIn() config {
	c := b.paper()
	c.Recipe = small
	c.trainSize, c.testSize = 2_000_000, 50_000
	c.Layers, c.Width, c.Inner, c.Epochs, c.Seeds = 4, 128, 384, 2, 2
	c.Rate, c.WarmUp = 2e-3, 200
	c.searchLayers, c.searchWidth, c.searchInner, c.searchEpochs, c.Trials = small.Layers, small.Width, small.Inner, 1, 40
	return c
}

// study needs no stand-in for its network, which learns a tenth of the Penn Treebank
// by heart where nothing is dropped.
func (b *Benchmark) study() config {
	c := b.paper()
	c.Recipe = small
	c.Methods = experiment.Keys(c.Table())
	c.trainSize, c.Tune, c.Finalists, c.Trials, c.InFlight, c.Seeds = 100_000, true, 4, 80, 2, 5
	c.Batch, c.Epochs, c.Rate, c.WarmUp, c.Inner, c.Cutoffs = 10, 8, 3e-3, 100, 128, []int{1000, 4000}
	c.Dropout, c.Rates = 0.2, dropout.SequenceRates{Words: 0.1, Input: 0.2, Attention: 0.1, Inner: 0.1, Output: 0.1, Final: 0.2}
	c.searchLayers, c.searchWidth, c.searchInner, c.searchEpochs = c.Layers, c.Width, c.Inner, c.Epochs
	return c
}

// quick learns a short text by heart where nothing is dropped. The search begins with the
// hand-made rows and trains what the table has.
func (b *Benchmark) quick() config {
	c := b.paper()
	c.Recipe = short
	if b.Quick != nil {
		b.Quick(&c.Recipe)
	}
	c.Methods = []string{"none", "dropout", "variational", "fresh", "autodropout"}
	c.Algorithm, c.Space, c.Start, c.TrialSeeds = string(controller.Evolution), experiment.Wide, experiment.ByBest, 1
	c.trainSize, c.testSize, c.Seeds = 5_000, 5_000, 5
	c.Trials, c.Finalists, c.InFlight = 20, 2, 2
	c.searchLayers, c.searchWidth, c.searchInner, c.searchEpochs = c.Layers, c.Width, c.Inner, c.Epochs
	return c
}

// short is a recipe for a few thousand words.
var short = Recipe{
	Layers: 2, Width: 64, Heads: 4, Inner: 192,
	Target: 32, Memory: 32, EvalTarget: 32, Temperature: 1,
	Batch: 4, Shards: 2, Accumulate: 1, Epochs: 30,
	Rate: 3e-3, LastRate: 1e-5, WordsRate: 1, WarmUp: 50, Clip: 0.5,
	Dropout: 0.2, Rates: dropout.SequenceRates{Words: 0.1, Input: 0.2, Attention: 0.1, Inner: 0.1, Output: 0.1, Final: 0.2},
}

// small is a recipe for the built-in language.
var small = Recipe{
	Layers: 2, Width: 64, Heads: 4, Inner: 192,
	Target: 64, Memory: 64, EvalTarget: 32, Temperature: 1,
	Batch: 16, Shards: 2, Accumulate: 1, Epochs: 6,
	Rate: 4e-3, LastRate: 1e-5, WordsRate: 1, WarmUp: 50, Clip: 0.5,
	Dropout: 0.05, Rates: dropout.SequenceRates{Words: 0.02, Input: 0.05, Attention: 0.05, Inner: 0.05, Output: 0.05, Final: 0.05},
}

func (c *config) register(fs *flag.FlagSet) {
	c.Plan.Register(fs, c.Table())
	c.Recipe.register(fs)
	fs.StringVar(&c.data, "data", c.data, fmt.Sprintf("auto (%s if it is in the cache, else the built-in language), synthetic (the built-in language), %s (downloads it if need be), or a `path` to its files or to train.txt, valid.txt and test.txt of your own", c.benchmark.Title, c.benchmark.Name))
	cli.Whole(fs, &c.trainSize, "train-size", 0, "the `number` of training words to use; 0 is all")
	cli.Whole(fs, &c.testSize, "test-size", 0, "the `number` of validation, and of test, words to use; 0 is all")
	cli.Whole(fs, &c.searchLayers, "search-layers", 1, "the `number` of layers of the models of trials")
	cli.Whole(fs, &c.searchWidth, "search-width", 1, "the width of the models of trials: a `number`, a multiple of -heads")
	cli.Whole(fs, &c.searchInner, "search-inner", 1, "the `number` of hidden units of the feed-forward parts of the models of trials")
	cli.Whole(fs, &c.searchEpochs, "search-epochs", 1, "the `number` of epochs of a trial")
	cli.Whole(fs, &c.generate, "generate", 1, "instead of training, write this `number` of words with the best model of a run: give -resume and -out with it")
	fs.StringVar(&c.prompt, "prompt", c.prompt, "the `text` to continue")
}

// Check implements [experiment.Benchmark].
func (c *config) Check(asked cli.Run) ([]dropout.Site, error) {
	if err := c.Recipe.check(); err != nil {
		return nil, err
	}
	switch {
	case c.searchWidth%c.Heads != 0:
		return nil, usage.Errorf("-search-width %d is not a multiple of -heads %d", c.searchWidth, c.Heads)
	case c.generate > 0 && !asked.Resume:
		return nil, usage.Errorf("-generate needs -resume and -out with the folder of a run that has trained a model")
	case c.prompt != "" && c.generate == 0:
		return nil, usage.Errorf("-prompt is what -generate continues: give the number of words with -generate")
	}
	least, err := models.NewTransformerXL(models.TransformerXLConfig{Vocab: 2, Layers: c.Layers, Width: 2, Heads: 1, HeadWidth: 2, Inner: 1})
	if err != nil {
		return nil, usage.Errorf("%v", err)
	}
	return least.Sites(), nil
}

// ChildSites returns the dropout sites of the network that a search trains.
func (c *config) ChildSites() []dropout.Site {
	least, err := models.NewTransformerXL(models.TransformerXLConfig{Vocab: 2, Layers: c.searchLayers, Width: 2, Heads: 1, HeadWidth: 2, Inner: 1})
	if err != nil {
		panic(err) // Check has looked at it
	}
	return least.Sites()
}

// outside returns the dropout where a pattern has no place: that of the row
// variational dropout.
func (c *config) outside() dropout.SequenceRates {
	return dropout.SequenceRates{Words: c.Rates.Words, Input: c.Rates.Input, Final: c.Rates.Final}
}

// Table implements [experiment.Benchmark].
func (c *config) Table() []experiment.Row {
	rows := experiment.HandMadeSequences(c.Dropout, func(p float64) dropout.SequenceRates {
		return dropout.SequenceRates{Input: p, Attention: p, Probability: p, Inner: p, Output: p, Final: p}
	}, c.Rates)
	rows = append(append([]experiment.Row{{Key: "none", Title: "none"}}, rows...),
		c.FreshPatterns(dropout.MildSequence, c.outside()), experiment.PerPlace("place"),
		experiment.Row{Key: "random", Title: "random-search pattern", Kind: sheet.Random},
		experiment.Row{Key: "autodropout", Title: "AutoDropout", Kind: sheet.Learned, Paper: c.benchmark.Paper},
	)
	rows = append(rows, experiment.Controls("", "places")...)
	return append(rows, experiment.Evolved(), experiment.Row{Key: "near", Title: "AutoDropout near variational dropout", Kind: sheet.Learned, Near: nearVariational})
}

// nearVariational returns the point of a space that is variational dropout, with
// probability 0.1, at every place but the attention probabilities.
func nearVariational(space dropout.Space) ([]int, error) {
	const probability = 3 // of the places
	longest := int(slices.Max(space.Choices[0].Values))
	p := &dropout.SequencePattern{}
	p.Outside = space.Groups == len(p.Places) // the wide space
	for i := range p.Places {
		p.Places[i] = dropout.TokenPattern{Size: longest, ShareT: true, Drop: 0.1}
	}
	p.Places[probability] = dropout.TokenPattern{Size: longest}
	return dropout.EncodeSequence(space, p)
}
