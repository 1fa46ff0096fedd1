package fewlabels

import (
	"context"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"autodropout/benchmarks/internal/experiment"
	"autodropout/data"
)

// opened returns a subject on a set of 200 training images, 20 of each class.
func opened(t *testing.T, search bool, change func(c *Config)) (*subject, string, error) {
	t.Helper()
	benchmark := &Benchmark{Open: func(context.Context, *Config, io.Writer) (train, test data.Source, about string, err error) {
		fit, held, err := data.Synthetic(data.SyntheticConfig{Train: 200, Test: 100})
		return fit, held, "The images.", err
	}}
	s := &subject{benchmark: benchmark}
	s.Labels, s.Batch, s.Ratio = 40, 5, 2
	if change != nil {
		change(&s.Config)
	}
	about, err := s.open(t.Context(), search, io.Discard)
	return s, about, err
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
	s, about, err := opened(t, true, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := "The images. The labels of 40 training images, chosen by -seed 0, are used."; about != want {
		t.Errorf("it says %q, want %q", about, want)
	}
	perClass := make([]int, 10)
	for i := range s.labelled.Len() {
		perClass[s.labelled.Label(i)]++
	}
	if slices.Min(perClass) != 4 || slices.Max(perClass) != 4 {
		t.Errorf("the classes have %v labelled images", perClass)
	}
	labelled := pixels(t, s.labelled)
	rest := pixels(t, s.rest)
	if len(rest) != 160 || slices.ContainsFunc(rest, func(m string) bool { return slices.Contains(labelled, m) }) {
		t.Errorf("of %d other images some are labelled", len(rest))
	}
	again, _, err := opened(t, false, nil)
	if err != nil || !slices.Equal(labelled, pixels(t, again.labelled)) {
		t.Errorf("the same seed chooses others (%v)", err)
	}
	other, _, err := opened(t, false, func(c *Config) { c.Seed = 1 })
	if err != nil || slices.Equal(labelled, pixels(t, other.labelled)) {
		t.Errorf("another seed chooses the same (%v)", err)
	}
}

// TestSearchSeesLabelledImagesOnly demands that a search holds out a fifth of what is
// labelled, and that there is none of this without a search.
func TestSearchSeesLabelledImagesOnly(t *testing.T) {
	s, _, err := opened(t, true, nil)
	if err != nil {
		t.Fatal(err)
	}
	labelled, fit, valid := pixels(t, s.labelled), pixels(t, s.fit), pixels(t, s.valid)
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
	if s, _, err = opened(t, false, nil); err != nil || s.fit != nil {
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
		if _, _, err := opened(t, true, change); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// TestSizesAreAtMost: a preset's fit any data.
func TestSizesAreAtMost(t *testing.T) {
	s, _, err := opened(t, false, func(c *Config) { c.Labels, c.TrainSize, c.TestSize = 100_000, 105, 1_000_000 })
	if err != nil {
		t.Fatal(err)
	}
	if s.train.Len() != 100 || s.labelled.Len() != 50 || s.rest.Len() != 50 {
		t.Errorf("of %d images %d are labelled, and %d others are not", s.train.Len(), s.labelled.Len(), s.rest.Len())
	}
}

// TestATenthIsLabelled is what no number of labels stands for.
func TestATenthIsLabelled(t *testing.T) {
	s, about, err := opened(t, false, func(c *Config) { c.Labels, c.TrainSize, c.TestSize = 0, 100, 50 })
	if err != nil {
		t.Fatal(err)
	}
	if s.labelled.Len() != 10 || s.rest.Len() != 90 || s.test.Len() != 50 {
		t.Errorf("%d labelled, %d others, %d to test", s.labelled.Len(), s.rest.Len(), s.test.Len())
	}
	if !strings.Contains(about, "Of these, 100 training and 50 test images are used.") {
		t.Errorf("it says %q", about)
	}
}

// TestScoringCostsSteps demands that scoring takes the more steps the fewer images a
// step has: without unlabelled images these are few.
func TestScoringCostsSteps(t *testing.T) {
	s, _, err := opened(t, true, nil)
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range map[experiment.Network]float64{experiment.Final: 100. / 25 / 3, supervised: 100. / 5 / 3, experiment.Child: 10. / 25 / 3} {
		if got := s.TestSteps(n); math.Abs(got-want) > 1e-12 {
			t.Errorf("network %d: %v steps, want %v", n, got, want)
		}
	}
}
