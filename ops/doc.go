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
package ops
