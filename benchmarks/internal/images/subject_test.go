package images

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"testing"

	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/data"
)

// half is a benchmark that has labels for half of its images.
type half struct {
	Settings
	Benchmark // what is not tested here
}

func (h *half) Shared() *Settings { return &h.Settings }

func (*half) About() experiment.About { return experiment.About{Task: "telling", Split: "validation"} }

func (h *half) Open(context.Context, io.Writer) (Images, error) {
	fit, score, err := data.Synthetic(data.SyntheticConfig{Train: 200, Test: 100})
	bad := func() []*data.BadImageError {
		return []*data.BadImageError{{Path: "a.png", Err: errors.New("no picture")}}
	}
	return Images{Train: fit, Test: score, About: "The images.", Bad: bad}, err
}

func (h *half) Divide(train, _, test data.Source, search bool) (final, child Sets, err error) {
	final = Sets{Unlabelled: train, Score: test}
	final.Fit, child.Unlabelled, err = data.HoldOut(train, 0, 0.5)
	if err == nil && search {
		child.Fit, child.Score, err = data.HoldOut(final.Fit, 0, 0.2)
	}
	return final, child, err
}

func (h *half) Length(experiment.Network) Length { return Length{Steps: 9, Images: 25} }

func opened(t *testing.T, search bool, h *half) (s *subject, about string) {
	t.Helper()
	s = &subject{Settings: &h.Settings, Benchmark: h}
	about, err := s.Open(t.Context(), search, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return s, about
}

func TestSaysWhichImages(t *testing.T) {
	s, about := opened(t, false, &half{})
	if want := "The images. The labels of 100 training images, chosen by -seed 0, are used."; about != want {
		t.Errorf("it says %q, want %q", about, want)
	}
	if a := s.About(); a.Task != "telling with 100 labels" || a.Dataset != "synthetic" || a.Metric != "error" || a.Side != 32 || a.Trial.Network != "" || a.Data != nil {
		t.Errorf("it is about %+v", a)
	}
	h := &half{}
	h.TrainSize, h.TestSize, h.Seed = 105, 50, 3
	s, about = opened(t, true, h)
	if want := "The images. Of these, 100 training and 50 validation images are used. The labels of 50 training images, chosen by -seed 3, are used."; about != want {
		t.Errorf("it says %q, want %q", about, want)
	}
	if trial := s.About().Trial; trial.Train != 40 || trial.Unlabelled != 50 || trial.Valid != 10 || trial.Steps != 9 {
		t.Errorf("a trial is %+v", trial)
	}
}

// watching trains on all images of half but a number, which give validation curves.
type watching struct {
	*half
	rest, test data.Source // that Divide saw
}

func (w *watching) Open(ctx context.Context, stderr io.Writer) (Images, error) {
	found, err := w.half.Open(ctx, stderr)
	if err == nil {
		found.Spare, err = spare(found.Train.(*data.Set), data.SyntheticConfig{})
	}
	return found, err
}

func (w *watching) Divide(train, rest, test data.Source, search bool) (final, child Sets, err error) {
	w.rest, w.test = rest, test
	return Sets{Fit: train, Score: test, Valid: rest}, child, nil
}

// TestValidation holds which images give validation curves: those that -train-size leaves,
// or else others of the built-in set, and as many as an epoch has time for.
func TestValidation(t *testing.T) {
	for _, c := range []struct{ trainSize, batch, rest, valid int }{
		{100, 10, 100, 100},
		{0, 10, 300, 100}, // at least
		{0, 1, 300, 300},
		{0, 4, 300, 180}, // 50 steps of 25 images: a twentieth of 3750 forward passes
	} {
		w := &watching{half: &half{}}
		w.TrainSize, w.Batch = c.trainSize, c.batch
		s := &subject{Settings: &w.Settings, Benchmark: w}
		if _, err := s.Open(t.Context(), false, io.Discard); err != nil {
			t.Fatal(err)
		}
		valid := s.sets[experiment.Final].Valid
		if w.rest.Len() != c.rest || valid.Len() != c.valid {
			t.Errorf("-train-size %d -batch %d: %d of %d images are scored after an epoch, want %d of %d", c.trainSize, c.batch, valid.Len(), w.rest.Len(), c.valid, c.rest)
		}
		if w.rest.Checksum() == w.test.Checksum() {
			t.Error("the images that score the rows are scored after every epoch")
		}
		if about := s.About().Curves; about.On != fmt.Sprintf("%d images that no network is trained on", c.valid) || about.Metric != "error" || about.Unit != "%" {
			t.Errorf("the curves are described as %+v", about)
		}
	}
	s, _ := opened(t, false, &half{})
	if about := s.About().Curves; about.On != "" || about.Why == "" {
		t.Errorf("without such images the curves are described as %+v", about)
	}
}

// TestScoringCostsSteps demands that scoring takes the more steps the fewer images a
// step has.
func TestScoringCostsSteps(t *testing.T) {
	s, _ := opened(t, true, &half{})
	for n, want := range map[experiment.Network]float64{experiment.Final: 100. / 25 / 3, experiment.Varied: 100. / 25 / 3, experiment.Child: 20. / 25 / 3} {
		if got := s.TestSteps(n); math.Abs(got-want) > 1e-12 {
			t.Errorf("network %d: %v steps, want %v", n, got, want)
		}
	}
}

func TestListsBadImages(t *testing.T) {
	s, _ := opened(t, false, &half{})
	var stdout bytes.Buffer
	folder := runfolder.Folder(t.TempDir())
	if err := s.Close(folder, &stdout); err != nil {
		t.Fatal(err)
	}
	list, err := os.ReadFile(folder.Path(runfolder.BadImages))
	if err != nil || !strings.Contains(string(list), "a.png") || !strings.HasPrefix(stdout.String(), "1 image could not be used") {
		t.Errorf("it says %q and lists %q, error %v", stdout.String(), list, err)
	}
	if err := s.Close("", io.Discard); err != nil {
		t.Errorf("without a folder: %v", err)
	}
}

// TestAtMost takes as many of every class.
func TestAtMost(t *testing.T) {
	set, _, err := data.Synthetic(data.SyntheticConfig{Train: 40, Test: 10})
	if err != nil {
		t.Fatal(err)
	}
	for size, want := range map[int]int{0: 40, 40: 40, 50: 40, 20: 20, 29: 20} {
		part, rest, err := AtMost(set, size, "-n")
		if err != nil || part.Len() != want || (rest == nil) != (want == 40) {
			t.Errorf("%d of 40 images: got %d, error %v", size, part.Len(), err)
			continue
		}
		var classes [10]int
		for i := range part.Len() {
			classes[part.Label(i)]++
		}
		if classes[0] != want/10 || classes[9] != want/10 {
			t.Errorf("%d of 40 images: the classes have %v", size, classes)
		}
	}
	if _, _, err := AtMost(set, 9, "-n"); err == nil || cli.ExitCode(err, "images", io.Discard) != 2 {
		t.Errorf("9 images of 10 classes: got error %v", err)
	}
}
