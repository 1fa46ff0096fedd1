// Package data provides labelled images and texts, and feeds them to a trainer.
//
// A [Set] holds 8-bit RGB images with their labels. It comes from the CIFAR-10
// binary files ([LoadCIFAR10]), or is drawn from a seed with no file at all
// ([Synthetic]). A [Loader] shuffles, augments and normalises a training set
// ahead of the trainer; [Set.Batches] walks through a set for evaluation.
//
// A [Corpus] holds a text for language models. It is the Penn Treebank
// ([LoadPTB]), WikiText-2 ([LoadWikiText2]) or a text of your own ([LoadText]),
// or is drawn from a grammar whose true entropy is known ([SyntheticLanguage]).
// [Segments] cut it for training.
//
// [Open], [OpenPTB] and [OpenWikiText2] choose between real and built-in data by
// name and download only when told to.
//
// Everything random depends on seeds and positions alone, never on the number
// of cores, so a run can be repeated and resumed bit for bit.
package data
