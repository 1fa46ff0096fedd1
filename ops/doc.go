// Package ops holds the differentiable operations: one file for each family,
// with forward and backward side by side.
//
// Every function takes tensors and returns a new one. On a recording tape the
// operation is recorded; on constants and on an inference tape it just runs.
// Operands that do not fit panic with [autograd.ShapeError]. NaN is carried on,
// never hidden, except where a dropout mask or a zero gradient stops it.
//
// Images are stored channels last: (N, H, W, C). Labels and ids are []int, and
// the caller leaves such slices alone until the tape's Backward has run, as it
// does with the data of an input.
//
// The work of an operation is cut into pieces by its shape alone, so results
// do not depend on the number of cores.
//
// # How an operation is written
//
// An operation is one literal of [autograd.Op] whose Forward and Backward are closures over
// what they share. Instead, it is a struct whose methods are its [autograd.Passes] if its
// passes are several loops over the same state, or if models run it many times in a step:
// each closure would be an object. Operations on every element take unary and binary, which
// have the loops. Code that operations share is in share.go (work and sums) and check.go
// (operands).
package ops
