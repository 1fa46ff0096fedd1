// Package train trains and evaluates networks: image classifiers with a
// [Trainer] or, where few labels are known, a [UDATrainer], language models with
// a [LanguageTrainer], and translators with a [TranslationTrainer].
//
// What they have in common is in [Loop]: forward and backward, clipping, an
// optimizer with a schedule, an optional average of the weights, checkpoints
// and a run log. Given equal seeds a training produces equal losses and weights
// bit for bit, on any number of cores, and also when it is stopped at any step
// and continued from its checkpoint.
package train
