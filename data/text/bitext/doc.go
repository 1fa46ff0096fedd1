// Package bitext prepares and reads sentences with their translations.
//
// [Read] and [Filter] stream line-aligned texts of any size. [PrepareIWSLT14] and
// [PrepareWMT14] make the training, validation and test texts of two benchmarks
// from their original archives. A [Dataset] holds pairs as numbers, in a file if
// need be, and [Batches] puts those of similar lengths together. [Synthetic] is a
// language pair that needs no file at all.
package bitext
