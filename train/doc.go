// Package train trains and evaluates image classifiers.
//
// A [Trainer] runs the loop: batches from package data, forward and backward on
// one tape, clipping, an optimizer with a schedule, an optional moving average
// of the weights, checkpoints and a run log. Given equal seeds it produces
// equal losses and weights bit for bit, on any number of cores, and also when
// it is stopped at any step and continued from its checkpoint.
package train
