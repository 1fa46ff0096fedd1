package main

import (
	"time"

	"autodropout/autograd"
	"autodropout/dropout"
	"autodropout/internal/parallel"
	"autodropout/layers"
	"autodropout/ops"
	"autodropout/optim"
)

// mostShards is how many tapes share the examples of a step, as in the presets
// of the benchmarks for text.
const mostShards = 2

// A shard computes some of a step's examples.
type shard struct {
	ctx   layers.Ctx
	share float32 // of the examples
	loss  func(c *layers.Ctx) *autograd.Tensor
	grads []float32
}

// compute computes the shard's part of the loss and of the gradients.
func (s *shard) compute() {
	s.ctx.Tape.Reset()
	s.grads = s.ctx.Tape.Backward(ops.Scale(s.loss(&s.ctx), s.share))
	s.ctx.Tape.Commit()
	s.ctx.Stream.Step++
}

// sharded returns a training step that computes parts of a batch side by side,
// each on a core and a tape of its own, and its tapes. forward returns what
// computes the loss of the examples from lo to hi.
func sharded(model interface{ Params() *autograd.Params }, policy dropout.Policy, batch int, optimizer optim.Optimizer, rate float32,
	forward func(lo, hi int) func(c *layers.Ctx) *autograd.Tensor) (kernel, []*autograd.Tape) {
	n := min(mostShards, batch)
	shards, tapes := make([]shard, n), make([]*autograd.Tape, n)
	for i := range shards {
		lo, hi := i*batch/n, (i+1)*batch/n
		tapes[i] = autograd.NewTape(model.Params())
		shards[i] = shard{ctx: layers.Ctx{Tape: tapes[i], Policy: policy}, share: float32(hi-lo) / float32(batch), loss: forward(lo, hi)}
		shards[i].ctx.Stream.Example = uint64(lo)
	}
	return func() time.Duration {
		start := time.Now()
		parallel.For(n, func(i int) { shards[i].compute() })
		sum := shards[0].grads
		for _, s := range shards[1:] {
			optim.Accumulate(sum, s.grads)
		}
		optimizer.Step(rate, sum)
		return time.Since(start)
	}, tapes
}
