package fewlabels

import (
	"slices"
	"strings"
	"testing"

	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/images"
	"autodropout/data"
)

// divided returns what is made of a set of 200 training images, 20 of each class.
func divided(t *testing.T, search bool, change func(c *Config)) (final, child images.Sets, err error) {
	t.Helper()
	fit, test, err := data.Synthetic(data.SyntheticConfig{Train: 200, Test: 100})
	if err != nil {
		t.Fatal(err)
	}
	s := subject{}
	s.Labels, s.Batch, s.Ratio = 40, 5, 2
	if change != nil {
		change(&s.Config)
	}
	part, rest, err := images.AtMost(fit, s.TrainSize, "-train-size")
	if err != nil {
		return final, child, err
	}
	return s.Divide(part, rest, test, search)
}

// pixels returns the images of a source, as texts to compare.
func pixels(t *testing.T, images data.Source) []string {
	t.Helper()
	var all []string
	for i := range images.Len() {
		m, err := images.Load(i)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(m.Pix))
	}
	return all
}

// TestLabelledImages demands that labelled images are balanced, are not among the
// others, and are chosen by the seed.
func TestLabelledImages(t *testing.T) {
	final, child, err := divided(t, true, nil)
	if err != nil {
		t.Fatal(err)
	}
	perClass := make([]int, 10)
	for i := range final.Fit.Len() {
		perClass[final.Fit.Label(i)]++
	}
	if slices.Min(perClass) != 4 || slices.Max(perClass) != 4 {
		t.Errorf("the classes have %v labelled images", perClass)
	}
	labelled := pixels(t, final.Fit)
	rest := pixels(t, child.Unlabelled)
	if len(rest) != 160 || slices.ContainsFunc(rest, func(m string) bool { return slices.Contains(labelled, m) }) {
		t.Errorf("of %d other images some are labelled", len(rest))
	}
	again, _, err := divided(t, false, nil)
	if err != nil || !slices.Equal(labelled, pixels(t, again.Fit)) {
		t.Errorf("the same seed chooses others (%v)", err)
	}
	other, _, err := divided(t, false, func(c *Config) { c.Seed = 1 })
	if err != nil || slices.Equal(labelled, pixels(t, other.Fit)) {
		t.Errorf("another seed chooses the same (%v)", err)
	}
}

// TestSearchSeesLabelledImagesOnly demands that a search holds out a fifth of what is
// labelled, and that there is none of this without a search.
func TestSearchSeesLabelledImagesOnly(t *testing.T) {
	final, child, err := divided(t, true, nil)
	if err != nil {
		t.Fatal(err)
	}
	labelled, fit, valid := pixels(t, final.Fit), pixels(t, child.Fit), pixels(t, child.Score)
	if len(fit) != 30 || len(valid) != 10 {
		t.Errorf("%d and %d images, want three and one of four of each class", len(fit), len(valid))
	}
	for _, m := range slices.Concat(fit, valid) {
		if !slices.Contains(labelled, m) {
			t.Fatal("a search sees an image that is not labelled")
		}
	}
	if slices.ContainsFunc(valid, func(m string) bool { return slices.Contains(fit, m) }) {
		t.Error("a search is scored on what it trains on")
	}
	if _, child, err = divided(t, false, nil); err != nil || child.Fit != nil {
		t.Errorf("without a search images are held out (%v)", err)
	}
}

func TestTooFewImages(t *testing.T) {
	for want, change := range map[string]func(c *Config){
		"-labels 9: data: cannot take 9 images of ":          func(c *Config) { c.Labels = 9 },
		"-train-size 9: data: cannot take 9 images of ":      func(c *Config) { c.TrainSize = 9 },
		"a step takes 45 of 40 images":                       func(c *Config) { c.Batch = 45 },
		"-batch 5 and -ratio 33 are too large":               func(c *Config) { c.Ratio = 33 },
		"a step takes 35 of 30 images":                       func(c *Config) { c.Batch, c.Ratio = 35, 1 },
		"holding out a fraction of 0.2 of the 10 images of ": func(c *Config) { c.Labels = 10 },
	} {
		if _, _, err := divided(t, true, change); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// TestSizesAreAtMost: a preset's fit any data.
func TestSizesAreAtMost(t *testing.T) {
	final, child, err := divided(t, false, func(c *Config) { c.Labels, c.TrainSize = 100_000, 105 })
	if err != nil {
		t.Fatal(err)
	}
	if final.Unlabelled.Len() != 100 || final.Fit.Len() != 50 || child.Unlabelled.Len() != 50 {
		t.Errorf("of %d images %d are labelled, and %d others are not", final.Unlabelled.Len(), final.Fit.Len(), child.Unlabelled.Len())
	}
}

// TestATenthIsLabelled is what no number of labels stands for.
func TestATenthIsLabelled(t *testing.T) {
	final, child, err := divided(t, false, func(c *Config) { c.Labels, c.TrainSize = 0, 100 })
	if err != nil {
		t.Fatal(err)
	}
	if final.Fit.Len() != 10 || child.Unlabelled.Len() != 90 {
		t.Errorf("%d labelled, %d others", final.Fit.Len(), child.Unlabelled.Len())
	}
}

// TestImagesOfAStep demands that a step has few images where none are unlabelled.
func TestImagesOfAStep(t *testing.T) {
	s := subject{}
	s.Batch, s.Ratio, s.Steps, s.SearchSteps = 5, 2, 7, 3
	for n, want := range map[experiment.Network]images.Length{experiment.Final: {Steps: 7, Images: 25}, supervised: {Steps: 7, Images: 5}, experiment.Child: {Steps: 3, Images: 25}} {
		if got := s.Length(n); got != want {
			t.Errorf("network %d: %v, want %v", n, got, want)
		}
	}
}
