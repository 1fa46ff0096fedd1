// Package data provides labelled images and texts, and feeds them to a trainer.
//
// A [Source] holds labelled images. A [Set] has 8-bit RGB images in memory; it
// comes from CIFAR-10 or another published set ([LoadImages]), or is drawn from a seed
// with no file at all ([Synthetic]). [Photos] are files in ImageNet's layout,
// which are decoded when they are needed. [Take], [HoldOut] and [Resized] make
// views of them. A [Loader] shuffles, augments and normalises images ahead of the
// trainer, or walks through them for evaluation ([NewOrdered]).
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
