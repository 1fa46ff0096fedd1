package experiment

import (
	"errors"
	"image"
	"maps"
	"math"
	"os"
	"slices"
	"strings"

	"autodropout/benchmarks/internal/runfolder"
	"autodropout/benchmarks/internal/tensorboard"
	"autodropout/controller"
	"autodropout/train"
)

// eventPoints is how many points of a training TensorBoard gets at most.
const eventPoints = 2000

// trainingEvents tells TensorBoard about a training. The first error ends it and
// is kept for close.
type trainingEvents struct {
	file *tensorboard.File
	err  error

	every   int     // steps for a point, which are averaged
	last    int     // the step that was told last, counted from 1
	steps   int     // since the last point
	loss    float64 // their sum
	items   int
	seconds float64
}

// newTrainingEvents begins or continues the events of a training in a folder.
func newTrainingEvents(folder string, training *Training) (*trainingEvents, error) {
	file, err := tensorboard.Create(folder, training.Done()+1)
	if err != nil {
		return nil, err
	}
	return &trainingEvents{file: file, every: max(1, (training.Total()+eventPoints-1)/eventPoints), last: training.Done()}, nil
}

// step takes in a step.
func (t *trainingEvents) step(s train.Step) {
	t.steps++
	t.loss += float64(s.Loss)
	t.items += s.Size
	t.seconds += s.Seconds
	t.last = s.Step + 1
	if t.last%t.every != 0 {
		return
	}
	t.scalar("train/loss", t.loss/float64(t.steps))
	t.scalar("train/rate", float64(s.Rate))
	t.scalar("train/norm", s.Norm)
	t.scalar("train/speed", float64(t.items)/t.seconds)
	t.steps, t.loss, t.items, t.seconds = 0, 0, 0, 0
}

// validation takes in what the training was scored after an epoch.
func (t *trainingEvents) validation(about *About, v train.Validation) {
	for _, value := range []struct {
		tag string
		of  float64
	}{{"train/epoch_loss", v.Train}, {"valid/loss", v.Loss}, {"valid/" + strings.ReplaceAll(about.Curves.Metric, " ", "_"), v.Score}} {
		if !about.Outside || !math.IsNaN(value.of) { // which a program need not tell
			t.scalar(value.tag, value.of)
		}
	}
}

// score takes in what the training reached.
func (t *trainingEvents) score(about *About, s runfolder.Score) {
	metric := strings.ReplaceAll(about.Metric, " ", "_")
	t.scalar(about.Split+"/"+metric, s.Value)
	for _, name := range slices.Sorted(maps.Keys(s.Values)) {
		t.scalar(about.Split+"/"+strings.ReplaceAll(name, " ", "_"), s.Values[name])
	}
	if !about.Outside {
		t.scalar(about.Split+"/loss", s.Loss)
	}
	if s.Valid != 0 {
		t.scalar("final_valid/"+metric, s.Valid)
	}
}

func (t *trainingEvents) scalar(tag string, value float64) {
	if t.err == nil {
		t.err = t.file.Scalar(t.last, tag, float32(value))
	}
}

func (t *trainingEvents) close() error { return errors.Join(t.err, t.file.Close()) }

// searchEvents tells TensorBoard about a search. Its steps are the trials in the
// order they finished.
type searchEvents struct {
	file *tensorboard.File
	err  error
}

// newSearchEvents begins or continues the events of a search, of which some trials have
// finished, in a folder.
func newSearchEvents(folder string, finished int) (*searchEvents, error) {
	file, err := tensorboard.Create(folder, finished+1)
	return &searchEvents{file: file}, err
}

// trial takes in a trial that has finished.
func (s *searchEvents) trial(event controller.Event) {
	scalar := func(tag string, value float64) {
		if s.err == nil {
			s.err = s.file.Scalar(event.Status.Finished, tag, float32(value))
		}
	}
	scalar("search/entropy", event.Trial.Entropy)
	if !event.Result.Failed() {
		scalar("search/reward", event.Result.Reward)
	}
	if event.Status.Best != nil {
		scalar("search/best", event.Status.Best.Reward)
	}
}

// patternEvents shows TensorBoard the masks of the pattern, in a folder.
func patternEvents(folder string, masks image.Image) error {
	if err := os.RemoveAll(folder); err != nil { // of an earlier session that ended
		return err
	}
	file, err := tensorboard.Create(folder, 0)
	if err != nil {
		return err
	}
	return errors.Join(file.Image(0, "masks", masks), file.Close())
}
