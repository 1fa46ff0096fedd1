// Package serve answers requests with a trained network: a [Predictor] takes files of images from any
// number of goroutines, decodes and prepares them, and computes what waits together as a batch.
//
// What it takes is bounded, whatever comes: so many images may wait, and so many files are decoded at
// a time. An image's prediction has the same bits alone and in any company.
package serve
