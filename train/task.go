package train

import (
	"context"
	"iter"

	"autodropout/autograd"
	"autodropout/layers"
)

// Task is what a [Loop] trains: parameters, the data of every step, and the loss
// that falls. The trainers of this package are loops with tasks of their own.
type Task interface {
	// Params returns the parameters and buffers that are trained, saved and averaged.
	Params() *autograd.Params

	// Steps returns the number of steps of the whole training.
	Steps() int

	// Batches yields the batches of the steps from number from on. The batch of a step
	// depends only on its number, so that a training continues as if it had never stopped.
	// It may end early when ctx is cancelled; an error ends the training. [Epochs] makes
	// such a sequence.
	Batches(ctx context.Context, from int) iter.Seq2[Batch, error]

	// Identity returns whatever two trainings must have in common, besides [Common] and the
	// shapes of parameters, for a checkpoint of one to continue the other: settings, and
	// what distinguishes the data. It has a JSON form; if that is an object, its fields are
	// compared one by one. A field with the name of one of [Common] and another value is
	// called "Seed of the task", for example.
	Identity() any
}

// Stateful is a [Task] with more state between steps than parameters and buffers,
// such as the memory of a language model.
type Stateful interface {
	Task

	// State returns the state for a checkpoint. Restore takes it back, or returns an error
	// if it is not of this task.
	State() []layers.Array
	Restore(state []layers.Array) error
}

// Batch is what one step learns from.
type Batch struct {
	Epoch    int
	Last     bool    // it is the last one of its epoch: validation follows
	Examples int     // of which the loss is the mean, at least 1
	Size     int     // what the log counts, such as predicted words; 0: Examples
	Scale    float32 // of the learning rate; 0: 1

	// Loss runs the network forward on a part of the examples, which is all of them
	// unless Accumulate or Shards says otherwise, and returns their mean loss. An error, such as
	// one of reading data, ends the training. Parts of several shards are computed
	// at the same time.
	Loss func(c *layers.Ctx, p *Part) (*autograd.Tensor, error)

	// Done, if set, is called once the step has been taken. It may add to the entry of the
	// log.
	Done func(s *Step)
}

// Part is a part of a batch: its examples from Lo to Hi-1.
type Part struct {
	Lo, Hi int
	Index  int // of the part, from 0

	// Share is the part's share of the batch's loss and gradient. It is the share of the
	// examples, and a task may change it, for example to the share of the words.
	Share float32

	reported *float64
}

// Report sets what the part adds to the logged loss, if that is not its share of the
// minimised loss.
func (p *Part) Report(loss float64) { p.reported = &loss }

// Epochs yields the batches of the steps from a given one on, for [Task].Batches: all
// epochs have the same number of them, and batch returns one by its epoch and index.
func Epochs(ctx context.Context, from, batches int, batch func(epoch, index int) (Batch, error)) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		for step := from; ctx.Err() == nil; step++ {
			b, err := batch(step/batches, step%batches)
			b.Epoch, b.Last = step/batches, step%batches == batches-1
			if !yield(b, err) || err != nil {
				return
			}
		}
	}
}
