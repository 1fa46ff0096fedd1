// Package bench holds what the benchmarks share: the command line with presets
// and a configuration file, the run folder with its finished units, progress,
// the report (table, result.json, curves, drawn patterns), and the [Experiment]
// that takes a [Subject] through searches and trainings to that report.
package bench
