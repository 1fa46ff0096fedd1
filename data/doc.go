// Package data provides labelled image sets and feeds them to a trainer.
//
// A [Set] holds 8-bit RGB images with their labels. It comes from the CIFAR-10
// binary files ([LoadCIFAR10]), or is drawn from a seed with no file at all
// ([Synthetic]); [Open] chooses between them by name and downloads only when
// told to. A [Loader] shuffles, augments and normalises a training set ahead of
// the trainer; [Set.Batches] walks through a set for evaluation.
//
// Everything random depends on seeds and positions alone, never on the number
// of cores, so a run can be repeated and resumed bit for bit.
package data
