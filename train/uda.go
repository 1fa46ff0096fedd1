package train

import (
	"context"
	"fmt"
	"iter"
	"time"

	"autodropout/autograd"
	"autodropout/data"
	"autodropout/internal/seed"
	"autodropout/layers"
	"autodropout/optim"
)

// UDAConfig says how a [UDATrainer] trains. Its zero value is a step on 64
// labelled images, with SGD (Nesterov momentum 0.9, weight decay 5e-4) and a
// learning rate that falls from 0.03 along 7/16 of a cosine.
type UDAConfig struct {
	Steps int // 0 means 1
	Batch int // labelled images in a step; 0 means 64
	Ratio int // unlabelled images for each of them; 0 is supervised training

	Smoothing float32   // label smoothing, 0 to 1
	Annealing Annealing // leaves out labelled images that are known too well

	Weight      float32 // of the unlabelled images in the loss; 0 means 1
	Threshold   float32 // an image teaches when one class has more probability than this
	Temperature float32 // divides the logits of what it teaches; 0 means 1

	Augment data.Augment // how labelled and original images are varied
	Strong  data.Augment // how augmented images are varied

	Common
}

// withDefaults returns c with its zeros replaced, and an error when it is out of
// range.
func (c UDAConfig) withDefaults() (UDAConfig, error) {
	for _, number := range []struct {
		name     string
		value    *int
		standard int
	}{{"steps", &c.Steps, 1}, {"labelled images", &c.Batch, 64}, {"parts of a batch", &c.Accumulate, 1}, {"shards", &c.Shards, 1}} {
		if *number.value == 0 {
			*number.value = number.standard
		}
		if *number.value < 1 {
			return c, fmt.Errorf("train: the number of %s must be at least 1, not %d", number.name, *number.value)
		}
	}
	if c.Weight == 0 {
		c.Weight = 1
	}
	if c.Temperature == 0 {
		c.Temperature = 1
	}
	switch {
	case c.Ratio < 0:
		return c, fmt.Errorf("train: %d unlabelled images for each labelled one are not possible: at least 1 is needed", c.Ratio)
	case c.Batch%c.Accumulate != 0:
		return c, fmt.Errorf("train: %d labelled images cannot be divided into %d equal parts", c.Batch, c.Accumulate)
	case !(c.Smoothing >= 0 && c.Smoothing <= 1):
		return c, fmt.Errorf("train: label smoothing must be from 0 to 1, not %v", c.Smoothing)
	case !(c.Threshold >= 0 && c.Threshold < 1):
		return c, fmt.Errorf("train: the threshold of confidence must be at least 0 and below 1, not %v", c.Threshold)
	case !(c.Weight > 0 && c.Temperature > 0):
		return c, fmt.Errorf("train: weight and temperature of unlabelled images must be above 0, not %v and %v", c.Weight, c.Temperature)
	}
	if err := c.checkTogether(); err != nil {
		return c, err
	}
	return c, c.Annealing.check()
}

// UDATrainer trains one image classifier on a few labelled and many unlabelled
// images by unsupervised data augmentation (Xie et al., arXiv 1904.12848). The
// network learns the labels. For an augmented image it also learns to predict what it
// predicts for the original:
//
//	CE(labelled) + Weight * mean[1{max p(original) > Threshold} * KL(p(original/Temperature) || p(augmented))]
//
// No gradient goes through the prediction for the original. As in the authors'
// code labelled, original and augmented images are one batch in one pass: batch
// statistics are those of all of them, and so dropout acts on all of them.
type UDATrainer struct {
	*Loop
	model                layers.Model
	labelled, unlabelled data.Source
	config               UDAConfig
	loaders              []*data.Loader // of labelled, original and augmented images, in parts
	images               []float32      // of a part: labelled, original, augmented
}

// NewUDA returns a trainer for model, which must be complete, on labelled and unlabelled
// images. The unlabelled images may include the labelled ones; their labels are not used.
// It is an error when the configuration does not fit.
func NewUDA(model layers.Model, labelled, unlabelled data.Source, config UDAConfig) (*UDATrainer, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	if config.Optimizer == nil {
		config.Optimizer = optim.NewSGD(model.Params(), optim.SGDConfig{Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4})
	}
	if config.Schedule == nil {
		config.Schedule = optim.PartialCosine(0.03, config.Steps)
	}
	t := &UDATrainer{model: model, labelled: labelled, unlabelled: unlabelled, config: config}
	if err := t.load(); err != nil {
		return nil, err
	}
	if t.Loop, err = newLoop((*udaTask)(t), &t.config.Common); err != nil {
		return nil, err
	}
	return t, nil
}

// load makes the loaders.
func (t *UDATrainer) load() error {
	c := &t.config
	add := func(images data.Source, config data.LoaderConfig) error {
		config.DropLast = true
		if _, err := data.NewLoader(images, config); err != nil {
			return err
		}
		// Not even the images of a whole batch may fit into memory.
		config.Batch /= c.Accumulate
		loader, err := data.NewLoader(images, config)
		t.loaders = append(t.loaders, loader)
		return err
	}
	err := add(t.labelled, data.LoaderConfig{Batch: c.Batch, Seed: c.Seed, Augment: c.Augment})
	if c.Ratio == 0 || err != nil {
		return err
	}
	if a, b := t.labelled.Header(), t.unlabelled.Header(); a.Height != b.Height || a.Width != b.Width {
		return fmt.Errorf("train: labelled images are %dx%d and unlabelled ones %dx%d pixels; they must have one size", a.Width, a.Height, b.Width, b.Height)
	}
	unlabelled := data.LoaderConfig{Batch: c.Batch * c.Ratio, Seed: seed.Derive(c.Seed, "unlabelled"), Augment: c.Augment}
	if err := add(t.unlabelled, unlabelled); err != nil {
		return err
	}
	unlabelled.Augment, unlabelled.Variation = c.Strong, 1
	return add(t.unlabelled, unlabelled)
}

// udaTask is the task of a [UDATrainer].
type udaTask UDATrainer

func (t *udaTask) Params() *autograd.Params { return t.model.Params() }

func (t *udaTask) Steps() int { return t.config.Steps }

func (t *udaTask) Identity() any {
	return struct {
		UDAConfig
		Labelled, Unlabelled []any
	}{t.config, identify(t.labelled), identify(t.unlabelled)}
}

// Batches yields batches whose images are loaded part by part.
func (t *udaTask) Batches(ctx context.Context, from int) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		var feeds []func() (*data.Batch, bool)
		for _, loader := range t.loaders {
			// A step is finished when ctx is cancelled.
			feed, stop := iter.Pull(endless(context.WithoutCancel(ctx), loader, t.config.Accumulate, from))
			defer stop()
			feeds = append(feeds, feed)
		}
		images := t.config.Batch * (1 + 2*t.config.Ratio)
		epoch := t.loaders[0].Batches() / t.config.Accumulate // steps
		for step := from; ctx.Err() == nil; step++ {
			confident := 0
			b := Batch{Epoch: step / epoch, Last: step%epoch == epoch-1, Examples: images}
			b.Loss = func(c *layers.Ctx, p *Part) (*autograd.Tensor, error) {
				parts, err := t.next(feeds)
				if err != nil {
					return nil, err
				}
				loss, n := t.loss(c, parts)
				confident += n
				return loss, nil
			}
			b.Done = func(s *Step) {
				if t.config.Ratio > 0 {
					s.Confident = float32(confident) / float32(t.config.Batch*t.config.Ratio)
				}
			}
			if !yield(b, nil) {
				return
			}
		}
	}
}

// next returns the next part of labelled, original and augmented images.
func (t *udaTask) next(feeds []func() (*data.Batch, bool)) ([]*data.Batch, error) {
	batches := make([]*data.Batch, len(feeds))
	for i, feed := range feeds {
		var ok bool
		if batches[i], ok = feed(); !ok {
			return nil, t.loaders[i].Err()
		}
	}
	return batches, nil
}

// endless yields the parts of the batches of all epochs, from those of a step on. An
// epoch has whole batches only.
func endless(ctx context.Context, loader *data.Loader, parts, step int) iter.Seq[*data.Batch] {
	return func(yield func(*data.Batch) bool) {
		steps := loader.Batches() / parts
		epoch, first := step/steps, step%steps
		for ; loader.Err() == nil; epoch, first = epoch+1, 0 {
			for part := range loader.Epoch(ctx, epoch, first*parts) {
				if part.Index == steps*parts {
					break
				}
				if !yield(part) {
					return
				}
			}
		}
	}
}

// loss runs the network on a part of a batch and returns its loss, and how many of
// its unlabelled images teach.
func (t *udaTask) loss(c *layers.Ctx, batches []*data.Batch) (loss *autograd.Tensor, confident int) {
	t.images = t.images[:0]
	images := 0
	for _, b := range batches {
		t.images = append(t.images, b.X...)
		images += len(b.Y)
	}
	shape := append([]int{images}, batches[0].Shape[1:]...)
	logits := t.model.Forward(c, c.Tape.Input(t.images, shape...))
	return t.config.loss(logits, batches[0].Y, c.Stream.Progress)
}

// Waited returns how long the training has waited for images so far.
func (t *UDATrainer) Waited() time.Duration {
	var waited time.Duration
	for _, loader := range t.loaders {
		waited += loader.Waited()
	}
	return waited
}

// Evaluate scores the model, with its averaged weights where there is an
// average, on images.
func (t *UDATrainer) Evaluate(ctx context.Context, images data.Source) (score Score, err error) {
	err = t.averaged(func() error {
		score, err = Evaluate(ctx, t.model, images)
		return err
	})
	return score, err
}
