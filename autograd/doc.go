// Package autograd records operations on float32 tensors and differentiates
// them in reverse.
//
// A [Tape] is one evaluation: it hands out the parameters ([Tape.Use]), runs
// operations ([Do]), and [Tape.Backward] returns the gradient of a scalar as
// one flat slice in parameter order. Gradients belong to the tape, not to the
// parameters, so several tapes can run over the same parameters without locks.
// The package knows no operation; those are in package ops.
//
// # Memory
//
// A tape owns the buffers of everything computed on it and takes them from
// free lists, so that in steady state a step allocates none. A tensor made
// inside [Tape.Block] ends with the block; one made outside ends with
// [Tape.Reset]. What a recorded operation needs for its gradient lives until
// that gradient has been computed. A tensor whose buffer was given back panics
// when it is read.
//
// A tape is not safe for concurrent use; the operations it runs are parallel
// inside.
package autograd
