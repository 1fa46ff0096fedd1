package train

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"time"

	"autodropout/data"
	"autodropout/dropout"
	"autodropout/optim"
)

// Common is the part of a configuration that all trainers share. What a zero
// Optimizer and Schedule stand for is up to the trainer.
type Common struct {
	Optimizer optim.Optimizer `json:"-"` // updates the model's parameters
	Schedule  optim.Schedule  `json:"-"` // gives the learning rate of a step

	ClipNorm float32 // gradients are scaled down to this global norm; 0 is no clipping
	EMA      float64 // decay of the moving average that is evaluated; 0 is none

	// Lookahead is an average from which the training continues; its zero value is none.
	Lookahead Lookahead `json:",omitzero"`

	// Accumulate is the number of parts of a batch, or of a shard of it, that are computed
	// one after another, to save memory; 0 means 1. Each part has its own batch statistics,
	// and the running statistics take in all of them, in order, as if batches were that
	// much smaller.
	Accumulate int

	// Shards is the number of parts of a batch that are computed at the same time,
	// each on a tape of its own; 0 means 1. It is for models without batch statistics. The
	// gradient is the same sum in the same order whatever the number of cores.
	Shards int

	// Identity identifies what else the training depends on, for example by a checksum of
	// the program. A checkpoint with another identity is refused, unless Earlier lists that
	// identity.
	Identity string   `json:"-"`
	Earlier  []string `json:"-"`

	Policy dropout.Policy `json:"-"` // nil is no dropout
	Seed   uint64         // gives the order of the data, its variation and all masks

	// Checkpoint is the file that Run saves to when it ends or is stopped, and
	// every CheckpointEvery (0 means a minute); "" is none. The last KeepCheckpoints
	// of them are kept (0 means 2), older ones as files with .1, .2 and so on behind
	// their names.
	Checkpoint      string        `json:"-"`
	CheckpointEvery time.Duration `json:"-"`
	KeepCheckpoints int           `json:"-"`

	// AcceptChanges lists settings, by their names in [ChangedError], that may differ from
	// those of the checkpoint to be continued. The training uses its own values, and Notify
	// is told.
	AcceptChanges []string `json:"-"`

	// Log is the file of the run log, a line of JSON for each [Step], and ValidationLog
	// that of a line for each [Validation]; "" is none.
	Log           string `json:"-"`
	ValidationLog string `json:"-"`

	// CheckFinite checks every number of a step as it is computed, so that a
	// [*DivergedError] tells where the first number that is not finite appeared. A training
	// ends there even if its loss is finite. The check takes time.
	CheckFinite bool `json:"-"`

	// Recompute saves memory: outputs that operations can compute again for the gradient
	// are not kept (see [autograd.Tape]). The bits are the same, and a step takes a little
	// longer.
	Recompute bool `json:"-"`

	// Validate scores the model after every epoch, with its averaged weights if there is an
	// average. It returns a [Validation] with a Score and, if known, a Loss. Nil is no
	// validation. Lower scores are better, unless Higher is set. If no score was better
	// than the best one for Patience epochs, the training ends; 0 means that it never ends
	// early. The weights with the best score are saved to the file BestWeights; "" is none.
	Validate    func(ctx context.Context) (Validation, error) `json:"-"`
	Higher      bool
	Patience    int
	BestWeights string `json:"-"`

	// OnPart is called after every part of a step that has several, one after
	// another, and OnValidation after every score.
	OnPart       func(part, parts int) `json:"-"`
	OnValidation func(Validation)      `json:"-"`

	// OnStep is called after every step. Notify is called with a sentence when something
	// could not be saved or used; the training continues without it. Both may be nil.
	OnStep func(Step)          `json:"-"`
	Notify func(notice string) `json:"-"`
}

// Lookahead applies an [optim.NewLookahead] after every Every steps. Its decay grows from 0
// to Decay with the third power of the share of steps done, so the average changes ever
// more slowly. Jordan (arXiv 2404.00498) takes 5 and 0.95**5.
type Lookahead struct {
	Every int // steps; 0: none
	Decay float64
}

// decay returns the decay of update t, counted from 0, in a training of so many steps.
func (l Lookahead) decay(t float64, steps int) float64 {
	return l.Decay * math.Pow((t+1)*float64(l.Every)/float64(steps), 3)
}

// setParts replaces numbers of parts that are 0.
func (c *Common) setParts() {
	c.Accumulate, c.Shards = cmp.Or(c.Accumulate, 1), cmp.Or(c.Shards, 1)
}

// checkTogether returns an error where a batch of images would be divided into
// shards, which batch statistics do not allow.
func (c *Common) checkTogether() error {
	if c.Shards > 1 {
		return fmt.Errorf("train: images are not trained in %d shards, since batch statistics are those of all: leave Shards 0, and take Accumulate to save memory", c.Shards)
	}
	return nil
}

func (c *Common) notify(format string, args ...any) {
	if c.Notify != nil {
		c.Notify(fmt.Sprintf(format, args...))
	}
}

// Config says how a [Trainer] trains. Its zero value is one epoch in batches of
// 128 with SGD (Nesterov momentum 0.9, weight decay 5e-4) and a learning rate
// that falls from 0.1 to 0 along a cosine.
type Config struct {
	Epochs    int          // 0 means 1
	Batch     int          // images in a batch; 0 means 128
	Smoothing float32      // label smoothing, 0 to 1
	Augment   data.Augment // how training images are varied

	// HardExamples leaves easy images out; its zero value keeps all.
	HardExamples HardExamples `json:",omitzero"`

	Common
}

// Step describes a step of training. It is also a line of the run log.
type Step struct {
	Step    int     `json:"step"` // counted from 0
	Epoch   int     `json:"epoch"`
	Size    int     `json:"size"`    // images, or words that were predicted
	Loss    float32 `json:"loss"`    // of the batch, before the update
	Rate    float32 `json:"rate"`    // learning rate
	Norm    float64 `json:"norm"`    // of the gradient, before clipping
	Seconds float64 `json:"seconds"` // since the step before ended, or the run began

	Confident float32 `json:"confident,omitempty"` // share of the unlabelled images that taught, where there are any
}

// DivergedError reports a loss or a gradient that is not a finite number. The
// model's parameters are as they were before the step, except where the first
// such number is one of them.
type DivergedError struct {
	Step  int // counted from 0
	Loss  float32
	Norm  float64         // of the gradient; 0 when the loss was not finite already
	First *NotFiniteError // where it began; nil without CheckFinite
}

// Unwrap returns where it began, nil if that is not known.
func (e *DivergedError) Unwrap() error {
	if e.First == nil {
		return nil
	}
	return e.First
}

// Error says at which step what became infinite or not a number.
func (e *DivergedError) Error() string {
	if e.First != nil {
		return fmt.Sprintf("training diverged at step %d: %v", e.Step, e.First)
	}
	return fmt.Sprintf("training diverged at step %d (loss %v, gradient norm %v): lower the learning rate or the dropout", e.Step, e.Loss, e.Norm)
}
