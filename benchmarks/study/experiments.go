package main

import (
	"fmt"
	"slices"

	"autodropout/benchmarks/internal/sheet"
)

// experiment is a run that the study knows, by its folder.
type experiment struct {
	folder  string
	title   string
	trains  network
	dataset string
	named   bool // the logs call the data set so too
	metric  string
	unit    string // of the metric
	points  string // of its differences
	higher  bool   // the higher the metric, the better
	source  string // the folder whose searches chose its pattern; "": its own
}

// network is what an experiment trains.
type network int

const (
	images network = iota
	language
	translation
)

var experiments = []experiment{
	{folder: "cifar", title: "CIFAR-10", trains: images, dataset: "CIFAR-10", named: true, metric: "error", unit: "%", points: "points"},
	{folder: "cifar-wider", title: "CIFAR-10, a wider and deeper network", trains: images, dataset: "CIFAR-10", named: true, metric: "error", unit: "%", points: "points", source: "cifar"},
	{folder: "ptb", title: "Penn Treebank", trains: language, dataset: "Penn Treebank", named: true, metric: "perplexity"},
	{folder: "multi30k", title: "Multi30k", trains: translation, dataset: "Multi30k", metric: "BLEU", points: "BLEU", higher: true, source: "ptb"},
}

// rowKind is a row that a run can have.
type rowKind struct {
	key, title string
	kind       sheet.Kind
	rate       string // the setting with its rate; "": there is none
}

// rowKinds are in the order of the tables. Other rows are hand-made dropout, see
// [kindsOf].
var rowKinds = []rowKind{
	{"none", "none", sheet.Plain, ""},
	{"dropout", "Dropout", sheet.HandMade, "dropout"},
	{"spatialdropout", "SpatialDropout", sheet.HandMade, "spatial-dropout"},
	{"dropblock", "DropBlock", sheet.HandMade, "dropblock"},
	{"stochasticdepth", "stochastic depth", sheet.HandMade, "stochastic-depth"},
	{"variational", "variational dropout", sheet.HandMade, ""},
	{"fresh", "another random pattern each step", sheet.HandMade, ""},
	{"places", "hand-made, tuned per place", sheet.HandMade, ""},
	{"random", "random search", sheet.Random, ""},
	{"autodropout", "AutoDropout", sheet.Learned, ""},
	{"shuffled", "AutoDropout, shuffled", sheet.Shuffled, ""},
	{"reinforce", "the paper's controller", sheet.Learned, ""},
	{"ppo", "AutoDropout with PPO", sheet.Learned, ""},
	{"evolution", "AutoDropout with evolution", sheet.Learned, ""},
	{"pattern", "AutoDropout, transferred", sheet.Given, ""},
	{"transferred", "AutoDropout, transferred", sheet.Given, ""},
	{"near", "AutoDropout near the hand-made", sheet.Learned, ""},
	{"no-geometry", "without rotation and shear", sheet.Ablated, ""},
	{"no-share-c", "without sharing over channels", sheet.Ablated, ""},
	{"no-residual", "without the shortcut", sheet.Ablated, ""},
}

// kindsOf returns the rows that a run with these can have. Those that have no title here are
// hand-made dropout, as new baselines are: they stand before what was searched.
func kindsOf(rows []string) []rowKind {
	kinds := slices.Clone(rowKinds)
	for _, key := range rows {
		if !slices.ContainsFunc(kinds, func(k rowKind) bool { return k.key == key }) {
			random := slices.IndexFunc(kinds, func(k rowKind) bool { return k.kind == sheet.Random })
			kinds = slices.Insert(kinds, random, rowKind{key, key, sheet.HandMade, key})
		}
	}
	return kinds
}

// model names the network of the final trainings.
func (r *run) model() string {
	switch r.trains {
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
	case r.TrainSize > 0 && r.trains == images:
		some = fmt.Sprintf("%d training images", r.TrainSize)
	case r.TrainSize > 0 && r.trains == language:
		some = fmt.Sprintf("%d training words", r.TrainSize)
	case r.TrainSize > 0:
		some = fmt.Sprintf("%d training pairs", r.TrainSize)
	}
	return fmt.Sprintf("%s for %d epochs on %s of %s", r.model(), r.Epochs, some, r.dataset)
}

// operations returns how many floating-point operations the training of a trial
// has; NaN: they are not counted.
func (r *run) operations(s *search) float64 {
	task := s.config.Task
	return r.flops.Training(task.Network, task.Data, task.Train, task.Epochs)
}
