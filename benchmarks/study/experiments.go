package main

import (
	"fmt"
	"math"

	"autodropout/benchmarks/internal/flops"
	"autodropout/models"
)

// experiment is a run that the study knows, by its folder.
type experiment struct {
	folder  string
	title   string
	kind    kind
	dataset string
	named   bool // the logs call the data set so too
	words   int  // of the vocabulary of a language model
	metric  string
	unit    string // of the metric
	points  string // of its differences
	higher  bool   // the higher the metric, the better
	source  string // the folder whose searches chose its pattern; "": its own
}

// kind is what an experiment trains.
type kind int

const (
	images kind = iota
	language
	translation
)

var experiments = []experiment{
	{folder: "cifar", title: "CIFAR-10", kind: images, dataset: "CIFAR-10", named: true, metric: "error", unit: "%", points: "points"},
	{folder: "cifar-wider", title: "CIFAR-10, a wider and deeper network", kind: images, dataset: "CIFAR-10", named: true, metric: "error", unit: "%", points: "points", source: "cifar"},
	{folder: "ptb", title: "Penn Treebank", kind: language, dataset: "Penn Treebank", named: true, words: 10_000, metric: "perplexity"},
	{folder: "multi30k", title: "Multi30k", kind: translation, dataset: "Multi30k", metric: "BLEU", points: "BLEU", higher: true, source: "ptb"},
}

// role is what a row of a table stands for. From random on, its pattern is
// searched, if it is not given.
type role int

const (
	plain role = iota
	handMade
	random
	learned
	ablation // learned in a smaller space
)

// rowKind is a row that a run can have.
type rowKind struct {
	key, title string
	role       role
	rate       string // the setting with its rate; "": there is none
}

// rowKinds are in the order of the tables.
var rowKinds = []rowKind{
	{"none", "none", plain, ""},
	{"dropout", "Dropout", handMade, "dropout"},
	{"spatialdropout", "SpatialDropout", handMade, "spatial-dropout"},
	{"dropblock", "DropBlock", handMade, "dropblock"},
	{"stochasticdepth", "stochastic depth", handMade, "stochastic-depth"},
	{"variational", "variational dropout", handMade, ""},
	{"random", "random search", random, ""},
	{"autodropout", "AutoDropout", learned, ""},
	{"ppo", "AutoDropout with PPO", learned, ""},
	{"pattern", "AutoDropout, transferred", learned, ""},
	{"transferred", "AutoDropout, transferred", learned, ""},
	{"near", "AutoDropout near the hand-made", learned, ""},
	{"no-geometry", "without rotation and shear", ablation, ""},
	{"no-share-c", "without sharing over channels", ablation, ""},
	{"no-residual", "without the shortcut", ablation, ""},
}

// model names the network of the final trainings.
func (r *run) model() string {
	switch r.kind {
	case images:
		return fmt.Sprintf("WRN-%d-%d", r.Depth, r.Width)
	case language:
		return fmt.Sprintf("Transformer-XL-%d-%d", r.Layers, r.Width)
	}
	return fmt.Sprintf("Transformer-%d-%d", r.Layers, r.Width)
}

// length says how long the network is trained, and on what.
func (r *run) length() string {
	some := "all training data"
	switch {
	case r.TrainSize > 0 && r.kind == images:
		some = fmt.Sprintf("%d training images", r.TrainSize)
	case r.TrainSize > 0 && r.kind == language:
		some = fmt.Sprintf("%d training words", r.TrainSize)
	case r.TrainSize > 0:
		some = fmt.Sprintf("%d training pairs", r.TrainSize)
	}
	return fmt.Sprintf("%s for %d epochs on %s of %s", r.model(), r.Epochs, some, r.dataset)
}

// operations returns how many floating-point operations the training of a trial
// has; NaN: they are not counted.
func (r *run) operations(s *search) float64 {
	var size, width int
	switch {
	case r.kind == images:
		classes := 10
		if s.config.Task.Data == "CIFAR-100" {
			classes = 100
		}
		if _, err := fmt.Sscanf(s.config.Task.Network, "WRN-%d-%d", &size, &width); err == nil {
			return float64(s.config.Task.Train) * float64(s.config.Task.Epochs) * flops.WRN(size, width, mapSide, classes)
		}
	case r.kind == language && r.Batch > 0 && r.Bptt > 0 && r.Heads > 0:
		if _, err := fmt.Sscanf(s.config.Task.Network, "Transformer-XL-%d-%d", &size, &width); err == nil {
			network := models.TransformerXLConfig{Vocab: r.words, Layers: size, Width: width, Heads: r.Heads, HeadWidth: width / r.Heads, Inner: r.SearchInner, Cutoffs: r.Cutoffs}
			steps := float64(s.config.Task.Train) * float64(s.config.Task.Epochs) / float64(r.Batch*r.Bptt)
			return steps * flops.TransformerXL(network, models.Lengths{Target: r.Bptt, Memory: r.Memory, Extended: r.Extended}, r.Batch)
		}
	}
	return math.NaN()
}
