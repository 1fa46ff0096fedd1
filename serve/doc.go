// Package serve answers requests with a trained network: a [Predictor] takes files of
// images from any number of goroutines, decodes and prepares them, and computes waiting
// images as one batch.
//
// Its memory is bounded: only so many images may wait, and only so many files are decoded
// at a time. The prediction for an image has the same bits alone and in any batch.
package serve
