// Package train trains and evaluates networks: image classifiers with a [Trainer] or, where
// few labels are known, a [UDATrainer], language models with a [LanguageTrainer],
// translators with a [TranslationTrainer], and any other [Task] with [NewLoop].
//
// All of them are a [Loop] with a task: forward and backward, in parts where
// memory is short, clipping, an optimizer with a schedule, an optional average of the
// weights, validation, checkpoints and a run log. Given equal seeds a training produces equal
// losses and weights bit for bit, on any number of cores, and also when it is
// stopped at any step and continued from its checkpoint.
package train
