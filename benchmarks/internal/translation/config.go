package translation

import (
	_ "embed"
	"flag"
	"fmt"
	"slices"

	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/sheet"
	"autodropout/benchmarks/internal/usage"
	"autodropout/controller"
	"autodropout/data/text"
	"autodropout/data/text/bitext"
	"autodropout/dropout"
	"autodropout/models"
)

// config holds the settings of a run.
type config struct {
	experiment.Plan
	Recipe
	benchmark *Benchmark

	data                string
	trainSize, testSize int // pairs; 0: all

	// Of texts of one's own.
	from, to, testName string
	tokenized          bool
	merges             int

	searchLayers, searchWidth, searchInner int
	searchEpochs                           int

	prepare       bool
	sentence      string
	sentencesFile string
}

// translates reports whether the run is to translate, and not to train.
func (c *config) translates() bool { return c.sentence != "" || c.sentencesFile != "" }

func (b *Benchmark) command() *cli.Command[config] {
	return &cli.Command[config]{
		Name: b.Name,
		Summary: fmt.Sprintf(`
Trains a Transformer to translate %[1]s with a dropout pattern that was learned for a language model, with patterns that
it searches on a small budget, and with hand-made dropout. Prints BLEU beside the AutoDropout paper's.

  go run ./benchmarks/%[2]s
        the whole pipeline in minutes, on a built-in language pair if there is no corpus
  go run ./benchmarks/%[2]s -data %[2]s
        download and prepare %[1]s first
  go run ./benchmarks/%[2]s -data DIR
        train on texts of your own, DIR/{train,valid,test}.{%[3]s,%[4]s}; they are prepared first
  go run ./benchmarks/%[2]s -pattern best.json
        transfer the pattern of this file, such as one that benchmarks/ptb has learned, and search none
  go run ./benchmarks/%[2]s -resume -out runs/NAME
        continue a run that was stopped
  go run ./benchmarks/%[2]s -resume -out runs/NAME -translate "..."
        translate with the best model that the run has trained; -translate-file translates each line of a file

The table has corpus BLEU on tokens%[5]s, as multi-bleu computes it, and sacreBLEU on the text. A search scores
a pattern by exp(-loss) on the validation text, the mean probability of its words. A pattern of the paper's space acts
inside the layers, in all three attentions and in the feed-forward parts; word vectors and the last output then keep the
variational dropout of the flags. Without -pattern the transferred pattern is one that benchmarks/ptb has learned on a
tenth of the Penn Treebank.`, b.Title, b.Name, b.Texts.Source, b.Texts.Target, b.lowercased()),
		Presets: []cli.Preset[config]{
			{Name: "quick", Help: "the full pipeline at toy scale, in minutes: a demonstration, not evidence", Config: b.quick()},
			{Name: "study", Help: "a model for some ten thousand sentence pairs, such as Multi30k's: a quarter of an hour a training", Config: b.study()},
			{Name: "paper", Help: "the paper's scale; prints how long that takes", Config: b.paper()},
		},
		Register: func(fs *flag.FlagSet, c *config) { c.register(fs) },
		Topics:   experiment.Topics,
		Free:     append([]string{"prepare", "translate", "translate-file"}, experiment.FreeFlags...),
		Before:   experiment.Before,
	}
}

func (b *Benchmark) lowercased() string {
	if b.Texts.Style.Lowercase {
		return " in lower case"
	}
	return ""
}

// paper is the recipe of the benchmark. There the paper searches nothing: the
// number of trials, the network that they train and for how long are choices of
// this program.
func (b *Benchmark) paper() config {
	c := config{benchmark: b, Recipe: b.Recipe, data: "auto", from: string(b.Texts.Source), to: string(b.Texts.Target), merges: b.Texts.Merges}
	c.Plan = experiment.Plan{Methods: methods, Seeds: 3, Trials: 40, InFlight: 8, Algorithm: string(experiment.Algorithm), StartShare: dropout.MildSequence}
	c.searchLayers, c.searchWidth, c.searchInner, c.searchEpochs = 2, 256, 512, 2
	return c
}

// study is for some ten thousand pairs of short sentences.
func (b *Benchmark) study() config {
	c := b.paper()
	c.Recipe = middle
	c.merges, c.Seeds, c.Trials, c.InFlight = 4000, 1, 12, 4
	c.searchLayers, c.searchWidth, c.searchInner, c.searchEpochs = 2, 64, 256, 2
	return c
}

// quick learns a few sentences by heart where nothing is dropped. The search begins with
// the hand-made rows and trains what the table has. So small a network
// learns too little with a pattern of a language model: that row is for those who ask for it.
func (b *Benchmark) quick() config {
	c := b.study()
	c.Recipe = small
	c.Methods = []string{"none", "dropout", "variational", "autodropout"}
	c.Algorithm, c.Space, c.Start, c.TrialSeeds = string(controller.Evolution), experiment.Wide, experiment.ByBest, 1
	c.trainSize, c.testSize = 1000, 200
	c.Seeds, c.Trials, c.InFlight = 2, 6, 2
	c.searchLayers, c.searchWidth, c.searchInner, c.searchEpochs = small.Layers, small.Width, small.Inner, small.Epochs
	return c
}

// middle is a recipe for study.
var middle = Recipe{
	Layers: 3, Width: 128, Heads: 4, Inner: 512, PreNorm: true,
	Tokens: 1024, Longest: 100, Shards: 2, Accumulate: 1, Epochs: 8,
	Rate: 2e-3, LastRate: 1e-5, Schedule: cosine, WarmUp: 400, Clip: 1, Smoothing: 0.1,
	Beam: 5, Penalty: 1,
	Dropout: 0.1, Rates: dropout.SequenceRates{Input: 0.1, Projection: 0.1, Output: 0.1},
}

// small is a recipe for the built-in language pair.
var small = Recipe{
	Layers: 2, Width: 64, Heads: 4, Inner: 128, PreNorm: true,
	Tokens: 512, Longest: 60, Shards: 2, Accumulate: 1, Epochs: 30,
	Rate: 3e-3, LastRate: 1e-5, Schedule: cosine, WarmUp: 100, Clip: 1, Smoothing: 0.1,
	Beam: 4, Penalty: 1,
	Dropout: 0.1, Rates: dropout.SequenceRates{Input: 0.1, Projection: 0.1, Output: 0.1},
}

func (c *config) register(fs *flag.FlagSet) {
	b := c.benchmark
	languages := []string{string(text.German), string(text.English), string(text.French)}
	c.Plan.Register(fs, c.Table())
	c.Recipe.register(fs)
	fs.StringVar(&c.data, "data", c.data, fmt.Sprintf("auto (%s if it is in the cache, else the built-in language pair), synthetic (the built-in language pair), %s (downloads and prepares it if need be), or a `path` to a folder of prepared texts, of the original archives, or of train, valid and test texts of your own", b.Title, b.Name))
	cli.Whole(fs, &c.trainSize, "train-size", 0, "the `number` of training pairs to use; 0 is all")
	cli.Whole(fs, &c.testSize, "test-size", 0, "the `number` of validation, and of test, pairs to use; 0 is all")
	cli.Choice(fs, &c.from, "from", languages, "the `language` that your own texts are translated from")
	cli.Choice(fs, &c.to, "to", languages, "the `language` that your own texts are translated to")
	fs.StringVar(&c.testName, "test", c.testName, "the `name` of the test text among your own texts, such as test_2016_flickr; default: the only text whose name begins with test")
	fs.BoolVar(&c.tokenized, "tokenized", c.tokenized, "your own texts are already tokens, separated by spaces")
	cli.Whole(fs, &c.merges, "merges", 0, "learn this `number` of byte-pair merges, which cut words into parts, for your own texts")
	cli.Whole(fs, &c.searchLayers, "search-layers", 1, "the `number` of layers of the models of trials")
	cli.Whole(fs, &c.searchWidth, "search-width", 1, "the width of the models of trials: a `number`, even and a multiple of -heads")
	cli.Whole(fs, &c.searchInner, "search-inner", 1, "the `number` of hidden units of the feed-forward parts of the models of trials")
	cli.Whole(fs, &c.searchEpochs, "search-epochs", 1, "the `number` of epochs of a trial")
	fs.BoolVar(&c.prepare, "prepare", c.prepare, "get the data ready, print where it is, and end")
	cli.Text(fs, &c.sentence, "translate", "instead of training, translate this `sentence` with the best model of a run: give -resume and -out with it")
	cli.Text(fs, &c.sentencesFile, "translate-file", "translate each line of this `file` as -translate does; - is standard input")
}

// Check implements [experiment.Benchmark].
func (c *config) Check(asked cli.Run) ([]dropout.Site, error) {
	if err := c.Recipe.check(); err != nil {
		return nil, err
	}
	switch {
	case c.searchWidth%2 != 0 || c.searchWidth%c.Heads != 0:
		return nil, usage.Errorf("-search-width %d must be even and a multiple of -heads %d", c.searchWidth, c.Heads)
	case c.from == c.to:
		return nil, usage.Errorf("-from and -to are both %s: a translation is to another language", c.from)
	case (c.swaps() || c.testName != "" || c.tokenized) && slices.Contains([]string{"auto", "synthetic", c.benchmark.Name}, c.data):
		return nil, usage.Errorf("-from, -to, -test and -tokenized describe texts of your own, and -data %s has others: name the folder of your texts with -data, or leave these flags out", c.data)
	case c.sentence != "" && c.sentencesFile != "":
		return nil, usage.Errorf("-translate and -translate-file cannot be combined")
	case c.translates() && !asked.Resume:
		return nil, usage.Errorf("-translate and -translate-file need -resume and -out with the folder of a run that has trained a model")
	}
	least, err := models.NewTransformer(models.TransformerConfig{SourceVocab: 1, TargetVocab: 1, Layers: c.Layers, Width: 2, Heads: 1, Inner: 1})
	if err != nil {
		return nil, usage.Errorf("%v", err)
	}
	return least.Sites(), nil
}

// swaps reports whether languages are asked for that the benchmark has not.
func (c *config) swaps() bool {
	texts := &c.benchmark.Texts
	return c.from != string(texts.Source) || c.to != string(texts.Target)
}

// describes returns an error when flags for texts of one's own say something else than
// the texts in the folder, which were prepared before or are the original ones.
func (c *config) describes(about *bitext.About) error {
	switch {
	case c.swaps() && (c.from != string(about.Source) || c.to != string(about.Target)):
		return usage.Errorf("the texts in -data %s are prepared for translations from %s to %s, not for -from %s and -to %s: change these flags, or name the folder of the texts themselves", c.data, about.Source, about.Target, c.from, c.to)
	case c.tokenized && !about.Style.Tokenized:
		return usage.Errorf("the texts in -data %s were not tokens before they were prepared: leave -tokenized out, or name the folder of the texts themselves", c.data)
	}
	return nil
}

// ChildSites returns the dropout sites of the network that a search trains.
func (c *config) ChildSites() []dropout.Site {
	least, err := models.NewTransformer(models.TransformerConfig{SourceVocab: 1, TargetVocab: 1, Layers: c.searchLayers, Width: 2, Heads: 1, Inner: 1})
	if err != nil {
		panic(err) // Check has looked at the final one, which differs in size
	}
	return least.Sites()
}

// outside returns the dropout where a pattern has no place: that of the row
// variational dropout.
func (c *config) outside() dropout.SequenceRates {
	return dropout.SequenceRates{Input: c.Rates.Input, Final: c.Rates.Final}
}

// ptbPattern is the pattern of the row transferred when none is given. It is that of
// benchmarks/results/ptb-search.
//
//go:embed ptb-pattern.json
var ptbPattern []byte

func learned() (*dropout.SequencePattern, error) {
	var pattern dropout.SequencePattern
	return &pattern, pattern.UnmarshalJSON(ptbPattern)
}

// methods are the rows of a run unless others are asked for.
var methods = []string{"none", "dropout", "variational", "transferred", "random", "autodropout"}

// Table implements [experiment.Benchmark].
func (c *config) Table() []experiment.Row {
	rows := experiment.HandMadeSequences(c.Dropout, func(p float64) dropout.SequenceRates {
		return dropout.SequenceRates{Input: p, Projection: p, Output: p}
	}, c.Rates)
	transferred := experiment.Transferred("transferred", "AutoDropout (transferred)", func(strength float64, sites []dropout.Site) (dropout.Policy, error) {
		pattern, err := learned()
		if err != nil {
			return nil, err
		}
		return experiment.Sequences{Outside: c.outside()}.Apply(pattern.Times(strength).(*dropout.SequencePattern), sites)
	})
	transferred.Paper = c.benchmark.Paper
	rows = append(append([]experiment.Row{{Key: "none", Title: "none"}}, rows...), transferred,
		experiment.Row{Key: "random", Title: "random-search pattern", Kind: sheet.Random},
		experiment.Row{Key: "autodropout", Title: "AutoDropout (searched here)", Kind: sheet.Learned},
	)
	return append(rows, experiment.Controls("", "places")...)
}

// transfers reports whether the row of the built-in pattern is asked for.
func (c *config) transfers() bool {
	return c.Pattern == "" && slices.Contains(c.Methods, "transferred")
}
